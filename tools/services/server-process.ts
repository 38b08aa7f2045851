import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

export interface ServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** A line of this on its standard error says that it serves. */
  readonly ready: RegExp;
  /** What it may end with because its killed predecessor has not quite gone; it is started again then. */
  readonly notYet?: RegExp;
  readonly owner?: Owner | undefined;
}

/** Another user than us, for servers that refuse to run as root. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const TRIES = 100;
const PAUSE_MS = 100;

/** A server in a child process of ours: started when it serves, killed as hard as one likes, started again. It dies with us. */
export class ServerProcess {
  readonly #command: ServerCommand;
  #child: ChildProcess | undefined;
  readonly #killWithUs = (): void => void this.#child?.kill("SIGKILL");

  constructor(command: ServerCommand) {
    this.#command = command;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when it serves. */
  async start(): Promise<void> {
    if (this.#child !== undefined) throw new Error(`${this.#command.program} is running already`);
    for (let tries = 1; ; tries++) {
      const ending = await this.#startOnce();
      if (ending === undefined) return;
      const again = tries < TRIES && this.#command.notYet?.test(ending);
      if (!again) throw new Error(`${this.#command.program} ended instead of serving: ${ending}`);
      await sleep(PAUSE_MS);
    }
  }

  /** What it said when it ended; `undefined` when it serves. */
  async #startOnce(): Promise<string | undefined> {
    const { program, args, ready, owner } = this.#command;
    const environment = { ...process.env, LC_ALL: "C" };
    const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"], env: environment, ...owner });
    process.on("exit", this.#killWithUs);
    this.#child = child;
    void once(child, "exit").then(
      () => this.#forget(child),
      () => this.#forget(child),
    );
    let said = "";
    const isReady = new Promise<undefined>((resolve) => {
      child.stderr!.setEncoding("utf8").on("data", (text: string) => {
        said = (said + text).slice(-10_000);
        if (ready.test(said)) resolve(undefined);
      });
    });
    const ended = new Promise<string>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve(`code ${code}: ${said}`));
    });
    return Promise.race([isReady, ended]);
  }

  #forget(child: ChildProcess): void {
    if (this.#child !== child) return;
    process.off("exit", this.#killWithUs);
    this.#child = undefined;
  }

  /** Resolves when it is gone. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
    this.#forget(child);
  }

  async restart(signal?: NodeJS.Signals): Promise<void> {
    await this.kill(signal);
    await this.start();
  }
}
