import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Harm } from "../harm.ts";

/** Hop by hop, or made anew by who sends. */
const OWN_HEADERS = ["connection", "keep-alive", "transfer-encoding", "content-length", "host"];

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

export interface HttpRelayOptions {
  /** The port on loopback of the service; undefined while there is none. */
  readonly target: () => number | undefined;
  readonly harm: Harm;
}

/**
 * Passes HTTP requests on with parcels in their bodies damaged, and some of them twice at once: who asked gets the later answer. Where the
 * service does not answer, the connection ends without one.
 */
export class HttpRelay {
  readonly #options: HttpRelayOptions;
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true });

  static async start(options: HttpRelayOptions): Promise<HttpRelay> {
    const relay = new HttpRelay(options);
    await new Promise<void>((resolve, reject) => {
      relay.#server.once("error", reject).listen(0, "127.0.0.1", resolve);
    });
    return relay;
  }

  private constructor(options: HttpRelayOptions) {
    this.#options = options;
    this.#server = createServer((asked, answer) => {
      this.#pass(asked, answer).catch(() => asked.socket.destroy());
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#agent.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #pass(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = await bytesOf(asked);
    const { harm } = this.#options;
    const sent = Buffer.from(harm.damage(body));
    const copies = harm.doubles(body) ? [sent, sent] : [sent];
    const answers: Answer[] = [];
    await Promise.all(copies.map(async (copy) => answers.push(await this.#ask(asked, copy))));
    const { status, headers, body: said } = answers.at(-1)!;
    answer.writeHead(status, { ...withoutOwn(headers), "content-length": said.length }).end(said);
  }

  #ask({ method, url, headers }: IncomingMessage, body: Buffer): Promise<Answer> {
    const port = this.#options.target();
    if (port === undefined) return Promise.reject(new Error("there is no service now"));
    const sent = { ...withoutOwn(headers), ...(body.length > 0 && { "content-length": body.length }) };
    return new Promise((resolve, reject) => {
      request(
        { host: "127.0.0.1", port, method, path: url, headers: sent, agent: this.#agent },
        (answer) => void answered(answer).then(resolve, reject),
      )
        .on("error", reject)
        .end(body);
    });
  }
}

async function answered(answer: IncomingMessage): Promise<Answer> {
  return { status: answer.statusCode!, headers: answer.headers, body: await bytesOf(answer) };
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function withoutOwn(headers: IncomingMessage["headers"]): IncomingMessage["headers"] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !OWN_HEADERS.includes(name)));
}
