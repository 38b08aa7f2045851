import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/** A script of ours in a process of its own that answers each line of JSON with one, after a first one that says it is ready. */
export class AskedProcess<Question extends object, Reply extends object> {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  static async start<Question extends object, Reply extends object>(
    script: URL,
    args: readonly string[] = [],
  ): Promise<AskedProcess<Question, Reply>> {
    const started = new AskedProcess<Question, Reply>(script, args);
    await started.#next();
    return started;
  }

  private constructor(script: URL, args: readonly string[]) {
    this.#child = spawn(process.execPath, [...process.execArgv, script.pathname, ...args], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#child.stdin.on("error", () => {});
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** @throws Error when it ended instead */
  async ask(question: Question): Promise<Reply> {
    this.#child.stdin.write(`${JSON.stringify(question)}\n`);
    return (await this.#next()) as Reply;
  }

  stop(): void {
    this.#child.kill();
  }

  async #next(): Promise<unknown> {
    const { done, value } = await this.#lines.next();
    if (done) throw new Error(`${this.#child.spawnargs.at(-1)} ended: what it said is above`);
    return JSON.parse(value);
  }
}
