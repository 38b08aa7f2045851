import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterEach } from "vitest";
import { heard, type Outcome } from "../../../../packages/command-line/test/support/heard.ts";
import { Agent } from "../../src/agent.ts";
import { runCli } from "../../src/cli.ts";
import { parseConfig } from "../../src/config/read-config.ts";
import { stringify } from "smol-toml";

export type Tables = Readonly<Record<string, unknown>>;

/** The text of a configuration that is quick to try again. */
function configText({ send = {}, ...tables }: Tables & { readonly send?: object }): string {
  return stringify({
    ...{ device: "pump-7", state: "state", frame: { items: 2, age: 0.05 } },
    ...tables,
    send: { retry_first: 0.01, retry_most: 0.1, ...send },
  });
}

/** Writes `edge.toml` into a folder. */
export function writeConfig(folder: string, tables: Tables): string {
  const path = join(folder, "edge.toml");
  writeFileSync(path, configText(tables));
  return path;
}

export interface RunningAgent {
  readonly agent: Promise<Agent>;
  readonly ended: Promise<void>;
  readonly log: string[];
  readonly stop: () => Promise<void>;
}

/** An agent in this process. */
export function startAgent(folder: string, tables: Tables, stdin: Readable = Readable.from([])): RunningAgent {
  mkdirSync(folder, { recursive: true });
  const config = parseConfig(join(folder, "edge.toml"), configText(tables));
  const stop = new AbortController();
  const log: string[] = [];
  let started: (agent: Agent) => void = () => undefined;
  const agent = new Promise<Agent>((resolve) => (started = resolve));
  const ended = Agent.run({ config, stdin, log: (line) => void log.push(line), stop: stop.signal }, started);
  const one: RunningAgent = {
    ...{ agent, ended, log },
    stop: async () => {
      stop.abort();
      await ended;
    },
  };
  agents.push(one);
  return one;
}

const agents: RunningAgent[] = [];

const TSX = import.meta.resolve("tsx");
const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** An agent as a process of its own. */
export function spawnAgent(
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): ChildProcess & { said: string } {
  const child = spawn(process.execPath, ["--import", TSX, "--conditions=@isthmus/source", MAIN, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    env,
  });
  const process_ = Object.assign(child, { said: "" });
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (process_.said += text));
  children.push(child);
  return process_;
}

/** Kills as a power cut would, and waits for it. */
export async function kill(child: ChildProcess, signal: NodeJS.Signals = "SIGKILL"): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, "close");
    child.kill(signal);
    await gone;
  }
  return child.exitCode;
}

const children: ChildProcess[] = [];

afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => kill(child)));
  await Promise.all(agents.splice(0).map((one) => one.stop().catch(() => undefined)));
});

/** Runs a command line in this process. */
export async function cli(...args: readonly string[]): Promise<Outcome> {
  const surroundings = { stoppable: () => new AbortController().signal, onReload: () => undefined };
  return await heard(async (outputs) => await runCli(args, { stdin: Readable.from([]), ...outputs, ...surroundings }));
}
