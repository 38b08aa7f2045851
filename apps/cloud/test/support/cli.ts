import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { runCli } from "../../src/cli.ts";

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process. */
export async function isthmusCloud(...args: readonly string[]): Promise<Outcome> {
  const said = { stdout: "", stderr: "" };
  const stream = (name: "stdout" | "stderr") =>
    new Writable({
      write(piece: Buffer, _, done) {
        said[name] += piece.toString();
        done();
      },
    });
  const code = await runCli(args, { stdout: stream("stdout"), stderr: stream("stderr"), once: () => undefined });
  return { code, ...said };
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
