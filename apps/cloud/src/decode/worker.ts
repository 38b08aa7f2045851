import { IsthmusError } from "@isthmus/math";
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Answer, Order } from "./decode-process.ts";
import type { Given, Made, TaskName } from "./task.ts";

/** The process's file beside this one, from the sources or built. */
const file = new URL(import.meta.url.endsWith(".ts") ? "./decode-process.ts" : "./decode-process.js", import.meta.url);

/** Models that a process has open at once. */
const MOST_OPEN = 8;

/** What a task is done with: a model's id and how to come by its file. */
export interface ModelSource {
  readonly id: string;
  file(): Promise<Uint8Array>;
}

/** A process that runs networks, and is started again when it dies or takes too long. It does one task at a time. */
export class Worker {
  private readonly execArgv: readonly string[] | undefined;
  private readonly patienceMs: number;
  private child: ChildProcess | undefined;
  private settle: ((answer: Answer) => void) | undefined;
  /** The models that the process has open; that used last is last. */
  private readonly open = new Set<string>();

  /** @param patienceMs how long a task may take */
  constructor(patienceMs: number, execArgv?: readonly string[]) {
    this.patienceMs = patienceMs;
    this.execArgv = execArgv;
  }

  has(id: string): boolean {
    return this.open.has(id);
  }

  /** @throws IsthmusError of the task's own; `DECODE_FAILED` where the process died of it or took too long */
  async do<N extends TaskName>(name: N, given: Given<N>, model?: ModelSource): Promise<Made<N>> {
    const answer = await this.ask(name, given, model);
    if ("made" in answer) return answer.made as Made<N>;
    throw new IsthmusError(answer.code, answer.message, answer.details);
  }

  private async ask<N extends TaskName>(name: N, given: Given<N>, model?: ModelSource): Promise<Answer> {
    const file = model && !this.open.has(model.id) ? await model.file() : undefined;
    const child = (this.child ??= this.start());
    return await new Promise((resolve) => {
      const late = setTimeout(() => this.fail(child, `it took more than ${this.patienceMs} ms`), this.patienceMs);
      this.settle = (answer) => {
        clearTimeout(late);
        this.settle = undefined;
        resolve(answer);
      };
      if (model) this.opened(model.id, file);
      this.send({ order: "do", name, id: model?.id ?? "", given });
    });
  }

  /** Tells the process of a model that it has not, and to close the one that was not used for longest. */
  private opened(id: string, file: Uint8Array | undefined): void {
    if (file) this.send({ order: "open", id, file });
    this.open.delete(id);
    this.open.add(id);
    if (this.open.size <= MOST_OPEN) return;
    const [oldest] = this.open as Iterable<string> as unknown as [string];
    this.open.delete(oldest);
    this.send({ order: "close", id: oldest });
  }

  private send(order: Order): void {
    // A failure to send is the end of the process, which is told of below.
    this.child?.send(order, () => undefined);
  }

  private start(): ChildProcess {
    const options = { serialization: "advanced", ...(this.execArgv && { execArgv: [...this.execArgv] }) } as const;
    const child = fork(fileURLToPath(file), options);
    child.on("message", (answer: Answer) => this.settle?.(answer));
    child.on("error", () => undefined); // an exit follows, or has been
    child.on("exit", () => this.fail(child, "its process ended"));
    return child;
  }

  private fail(child: ChildProcess, why: string): void {
    if (this.child !== child) return;
    this.child = undefined;
    this.open.clear();
    child.kill("SIGKILL");
    this.settle?.({ code: "DECODE_FAILED", message: `decoding failed: ${why}`, details: {} });
  }

  close(): void {
    const { child } = this;
    if (child) this.fail(child, "the service is closing");
  }
}
