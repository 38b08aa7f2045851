import { freePort } from "./free-port.ts";
import { type ProgramName } from "./programs.ts";
import { ServerProcess } from "./server-process.ts";

export interface CloudServerOptions {
  /** `fromSources` or `asBuilt`. */
  readonly program: (name: ProgramName) => [string, ...string[]];
  /** Of `isthmus-cloud serve`, besides host and port. */
  readonly args: readonly string[];
}

/** A decoder service in a process of its own at a port of the loopback that stays the same when it is started again. */
export class CloudServer {
  readonly port: number;
  readonly #process: ServerProcess;

  /** It does not run yet. */
  static async make(options: CloudServerOptions): Promise<CloudServer> {
    return new CloudServer(options, await freePort());
  }

  private constructor({ program, args }: CloudServerOptions, port: number) {
    const [command, ...before] = program("isthmus-cloud");
    this.port = port;
    this.#process = new ServerProcess({
      program: command,
      args: [...before, "serve", "--host", "127.0.0.1", "--port", String(port), ...args],
      ready: new RegExp(`127\\.0\\.0\\.1:${port}`),
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get isRunning(): boolean {
    return this.#process.pid !== undefined;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get said(): string {
    return this.#process.said;
  }

  start(): Promise<void> {
    return this.#process.start();
  }

  kill(): Promise<void> {
    return this.#process.kill();
  }

  /** Resolves to its exit code. */
  stop(): Promise<number | null> {
    return this.#process.stop();
  }

  /** All that `/metrics` says: name and labels to value. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    return new Map(
      lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
    );
  }
}
