import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { heard, type Outcome } from "../../../../packages/command-line/test/support/heard.ts";
import { runCli } from "../../src/cli.ts";

/** Runs a command line in this process. */
export async function isthmusCloud(...args: readonly string[]): Promise<Outcome> {
  return await heard(async (outputs) => await runCli(args, { ...outputs, once: () => undefined }));
}

export interface Served {
  readonly process: ChildProcess;
  readonly url: string;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** Starts `isthmus-cloud serve` from its sources on a free port, and waits for its address. */
export async function serve(...args: readonly string[]): Promise<Served> {
  const flags = ["--import", import.meta.resolve("tsx"), "--conditions=@isthmus/source"];
  const child = spawn(process.execPath, [...flags, MAIN, "serve", "--port", "0", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
  const ended = once(child, "exit").then(([code, signal]) => (code ?? signal) as number | string);
  const url = await Promise.race([
    once(child.stdout.setEncoding("utf8"), "data").then(([line]) => String(line).trim()),
    ended.then((code) => Promise.reject(new Error(`it ended with ${code}: ${complaints}`))),
  ]);
  return { process: child, url, ended };
}
