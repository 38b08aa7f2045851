import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

export interface ServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** What it says on either of its streams when it serves. */
  readonly ready: RegExp;
  /** What it may end with because its killed predecessor has not quite gone; it is started again then. */
  readonly notYet?: RegExp;
  readonly owner?: Owner | undefined;
  readonly env?: Readonly<Record<string, string>>;
}

/** Another user than us, for servers that refuse to run as root. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const TRIES = 100;
const PAUSE_MS = 100;
/** So long one may take to serve. */
const PATIENCE_MS = 120_000;
/** From SIGTERM to SIGKILL. */
const FAREWELL_MS = 30_000;
/** Characters that are kept of what it said. */
const KEPT = 10_000;

const living = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of living) child.kill("SIGKILL");
});

/** A server in a child process of ours: started when it serves, killed as hard as one likes, started again. It dies with us. */
export class ServerProcess {
  readonly #command: ServerCommand;
  #child: ChildProcess | undefined;
  #said = "";
  #readyWith: RegExpExecArray | undefined;

  constructor(command: ServerCommand) {
    this.#command = command;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** What it said last. */
  get said(): string {
    return this.#said;
  }

  /** What it said of its serving, with the groups of the pattern. Of the last start. */
  get readyWith(): RegExpExecArray {
    return this.#readyWith!;
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
    const { program, args, ready, owner, env } = this.#command;
    const environment = { ...process.env, LC_ALL: "C", ...env };
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: environment, ...owner });
    living.add(child);
    this.#child = child;
    void once(child, "exit").then(
      () => this.#forget(child),
      () => this.#forget(child),
    );
    this.#said = "";
    const impatience = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    const isReady = new Promise<undefined>((resolve) => {
      const hear = (text: string): void => {
        this.#said = (this.#said + text).slice(-KEPT);
        const found = ready.exec(this.#said);
        if (!found) return;
        this.#readyWith ??= found;
        resolve(undefined);
      };
      this.#readyWith = undefined;
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", hear);
    });
    const ended = new Promise<string>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve(`${code === null ? signal : `code ${code}`}: ${this.#said}`));
    });
    try {
      return await Promise.race([isReady, ended]);
    } finally {
      clearTimeout(impatience);
    }
  }

  #forget(child: ChildProcess): void {
    if (this.#child !== child) return;
    living.delete(child);
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

  /** Asks it to go, and kills it when it does not in half a minute. Resolves to the code that it ended with; `null` where it was killed. */
  async stop(): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    const impatience = setTimeout(() => child.kill("SIGKILL"), FAREWELL_MS);
    await this.kill("SIGTERM");
    clearTimeout(impatience);
    return child.exitCode;
  }

  async restart(signal?: NodeJS.Signals): Promise<void> {
    await this.kill(signal);
    await this.start();
  }
}
