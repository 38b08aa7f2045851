import { connect, type Socket } from "node:net";

/** What a server answered, as far as load tells answers apart. */
export interface Answer {
  readonly status: number;
  readonly retryAfter: boolean;
}

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One kept-alive connection to loopback that asks one thing at a time: bytes of a request in, the status of the answer out. It does far less
 * than an HTTP client, so that who drives the load takes little of the machine.
 */
export class HttpConnection {
  readonly #socket: Socket;
  #held: Buffer = Buffer.alloc(0);
  #waiting: Waiting | undefined;

  constructor(port: number) {
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.on("data", (chunk: Buffer) => this.#hear(chunk));
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => this.#fail(new Error("the connection was closed")));
  }

  get open(): boolean {
    return !this.#socket.destroyed;
  }

  ask(request: Uint8Array): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      if (this.#socket.destroyed) this.#fail(new Error("the connection was closed"));
      else this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }

  #hear(chunk: Buffer): void {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const end = this.#held.indexOf("\r\n\r\n");
    if (end < 0) return;
    const head = this.#held.toString("latin1", 0, end).toLowerCase();
    const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1];
    if (length === undefined) {
      this.#fail(new Error(`expected an answer with Content-Length, got ${JSON.stringify(head.slice(0, 200))}`));
      return this.close();
    }
    if (this.#held.length < end + 4 + Number(length)) return;
    this.#held = Buffer.alloc(0);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (head.includes("\r\nconnection: close")) this.close();
    waiting?.resolve({ status: Number(head.slice(9, 12)), retryAfter: head.includes("\r\nretry-after: ") });
  }
}

/** The bytes of a POST request. */
export function postRequest(path: string, headers: Readonly<Record<string, string>>, body: Uint8Array): Buffer {
  const lines = Object.entries({ host: "127.0.0.1", ...headers, "content-length": String(body.length) });
  const head = [`POST ${path} HTTP/1.1`, ...lines.map(([name, value]) => `${name}: ${value}`), "", ""].join("\r\n");
  return Buffer.concat([Buffer.from(head, "latin1"), body]);
}
