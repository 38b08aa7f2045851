import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { pipeline, type Transform } from "node:stream";
import type { Draws } from "../draws.ts";
import { line, type LineFaults } from "./line.ts";

export interface TcpProxyOptions {
  /** The port on loopback that connections lead to; undefined while there is none. */
  readonly target: () => number | undefined;
  readonly faults: LineFaults;
  readonly draws: Draws;
  /** Rewrites what clients send; one for each connection. */
  readonly rewrite?: () => Transform;
}

/** A port on loopback that stays while what stands behind it comes and goes, and that a bad network lies behind. */
export class TcpProxy {
  readonly #options: TcpProxyOptions;
  readonly #server: Server;
  readonly #ends = new Set<Socket>();
  #cuts = 0;

  static async start(options: TcpProxyOptions): Promise<TcpProxy> {
    const proxy = new TcpProxy(options);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once("error", reject).listen(0, "127.0.0.1", resolve);
    });
    return proxy;
  }

  private constructor(options: TcpProxyOptions) {
    this.#options = options;
    this.#server = createServer((client) => this.#join(client));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that were cut so far. */
  get cuts(): number {
    return this.#cuts;
  }

  /** Cuts all that are open now. */
  cutAll(): void {
    this.#cuts += this.#ends.size / 2;
    for (const end of this.#ends) end.destroy();
  }

  async close(): Promise<void> {
    for (const end of this.#ends) end.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket): void {
    const { target, faults, draws, rewrite } = this.#options;
    const port = target();
    if (port === undefined) return void client.destroy();
    const server = connect(port, "127.0.0.1");
    const ends = [client, server];
    const destroy = (): void => {
      for (const end of ends) {
        end.destroy();
        this.#ends.delete(end);
      }
    };
    const cut = (): void => {
      this.#cuts++;
      destroy();
    };
    for (const end of ends) this.#ends.add(end.on("close", destroy));
    const up = [line(faults, draws, cut), ...(rewrite ? [rewrite()] : [])];
    // Whatever ended one way, the other way has nobody left to speak to: neither protocol speaks on half a connection.
    pipeline([client, ...up, server], destroy);
    pipeline([server, line(faults, draws, cut), client], destroy);
  }
}
