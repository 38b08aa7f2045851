import { Agent } from "node:http";
import { Agent as EncryptedAgent } from "node:https";
import { type Answer, readAnswer } from "./answer.ts";
import { httpCall, serviceUrl } from "./http.ts";
import type { TlsOptions } from "./tls.ts";
import type { Transport } from "./transport.ts";

const MOST_BYTES = 2 ** 24;

export interface HttpTransportOptions {
  readonly url: string;
  readonly token: () => string | undefined;
  readonly tls: TlsOptions;
}

/** `POST /v1/frames`, one at a time, over a connection that is kept. */
export class HttpTransport implements Transport {
  readonly target: string;
  readonly #options: HttpTransportOptions;
  readonly #url: URL;
  readonly #agent: Agent;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
    this.#url = serviceUrl(options.url, "v1/frames");
    this.target = this.#url.href;
    const keep = { keepAlive: true, maxSockets: 1 };
    this.#agent = this.#url.protocol === "https:" ? new EncryptedAgent({ ...keep, ...options.tls }) : new Agent(keep);
  }

  async send(body: Uint8Array, patienceMs: number, signal: AbortSignal): Promise<Answer> {
    const token = this.#options.token();
    const headers = {
      "Content-Type": "application/vnd.isthmus.parcels",
      "Content-Length": String(body.length),
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    };
    const answer = await httpCall({
      ...{ url: this.#url, method: "POST", headers, body, tls: this.#options.tls, agent: this.#agent },
      ...{ patienceMs, signal, most: MOST_BYTES },
    });
    return readAnswer(answer.body, answer.status, answer.headers["retry-after"]);
  }

  async close(): Promise<void> {
    this.#agent.destroy();
  }
}
