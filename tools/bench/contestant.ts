import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { Counts } from "./counts.ts";
import {
  type ContestantFacts,
  parseReply,
  type Refusal,
  type Reply,
  type StepReply,
  type StepRequest,
} from "./protocol.ts";

/** How to start one of those who run beside each other. */
export interface ContestantSpec {
  /** `isthmus-simd128`: what the JSON calls it. */
  readonly id: string;
  /** What people read. */
  readonly label: string;
  /** A `limit` does only the part of the work that no one can leave out: the arithmetic, or the moving of bytes. */
  readonly side: "ours" | "peer" | "limit";
  readonly command: string;
  /** The folder with what all work on comes last, after these. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Facts that the bench knows about it and it does not, for the report. */
  readonly facts?: ContestantFacts;
  /** Those of ours, or limits, that it is compared with beside the peers. */
  readonly beside?: readonly string[];
  /** What of the work a limit does. */
  readonly bounds?: keyof Counts;
  /** The slow ones do these batch sizes only. Default: all. */
  readonly onlyBatches?: readonly number[];
}

/** A child process that works on request and tells how long it took. While others are measured it waits for a line. */
export class Contestant {
  readonly spec: ContestantSpec;
  facts: ContestantFacts = {};
  /** What it said that was not for us: warnings, the name of a library's core. */
  chatter = "";
  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  private readonly exited: Promise<never>;
  private answer: (reply: Reply) => void = () => undefined;
  private fail: (error: Error) => void = () => undefined;

  /** @throws Error with the last thing it said, when it does not get ready */
  static async start(spec: ContestantSpec, folder: string): Promise<Contestant> {
    const contestant = new Contestant(spec, folder);
    const reply = await contestant.next();
    if (!("ready" in reply)) throw new Error(`${spec.label} answered before it was asked`);
    contestant.facts = { ...reply.ready, ...spec.facts };
    return contestant;
  }

  private constructor(spec: ContestantSpec, folder: string) {
    this.spec = spec;
    const env = { ...process.env, ...spec.env };
    this.child = spawn(spec.command, [...spec.args, folder], { env, stdio: ["pipe", "pipe", "pipe"] });
    this.child.stdin.on("error", () => undefined); // Its end is reported by `exited`.
    this.child.stderr.setEncoding("utf8").on("data", (text: string) => (this.chatter += text));
    createInterface({ input: this.child.stdout }).on("line", (line) => this.hear(line));
    this.exited = new Promise((_, reject) => {
      this.child.on("error", reject);
      this.child.on("close", (code) => reject(new Error(`${spec.label} ended (${code}): ${lastLine(this.chatter)}`)));
    });
    this.exited.catch(() => undefined);
  }

  async measure(request: StepRequest): Promise<StepReply | Refusal> {
    this.child.stdin.write(`${JSON.stringify(request)}\n`);
    const reply = await this.next();
    if ("ready" in reply) throw new Error(`${this.spec.label} began anew`);
    return reply;
  }

  stop(): void {
    this.child.kill();
  }

  private next(): Promise<Reply> {
    const reply = new Promise<Reply>((resolve, reject) => {
      this.answer = resolve;
      this.fail = reject;
    });
    return Promise.race([reply, this.exited]);
  }

  private hear(line: string): void {
    try {
      const reply = parseReply(line);
      if (reply) this.answer(reply);
      else this.chatter += `${line}\n`;
    } catch (error) {
      this.fail(error as Error);
    }
  }
}

/** The last line that says anything: for Python and Node, that is near the error's message. */
function lastLine(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? "it said nothing";
}
