/** A frame as `GET /v1/devices/:id/items` gives it, as far as the demo looks at it. */
export interface ReadFrame {
  readonly sequence: number;
  readonly bytes: number;
  readonly rawBytes: number;
  readonly items: readonly { readonly values: readonly number[]; readonly code: readonly number[] }[];
}

export interface ReadDevice {
  readonly device: string;
  readonly frames: number;
  readonly items: number;
  readonly bytes: number;
  readonly rawBytes: number;
}

/** Asks the service as anyone with a reader's token may. */
export class CloudReader {
  readonly #base: string;
  readonly #token: string;

  constructor(base: string, token: string) {
    this.#base = base;
    this.#token = token;
  }

  async devices(): Promise<readonly ReadDevice[]> {
    return (await this.#get<{ readonly devices: readonly ReadDevice[] }>("/v1/devices")).devices;
  }

  /** The first frames of a device, decoded. */
  async frames(device: string, limit: number): Promise<readonly ReadFrame[]> {
    const path = `/v1/devices/${device}/items?limit=${limit}`;
    return (await this.#get<{ readonly frames: readonly ReadFrame[] }>(path)).frames;
  }

  async #get<T>(path: string): Promise<T> {
    const answer = await fetch(`${this.#base}${path}`, { headers: { authorization: `Bearer ${this.#token}` } });
    if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }
}
