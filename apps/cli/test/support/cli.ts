import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { heard, type Outcome } from "../../../../packages/command-line/test/support/heard.ts";
import { runCli } from "../../src/cli.ts";

export interface Surroundings {
  readonly signal?: AbortSignal;
  /** Makes stderr a terminal of so many columns. */
  readonly columns?: number;
  /** Told of everything on stderr as it comes. */
  readonly onStderr?: (text: string) => void;
}

/** Runs a command line in this process. */
export async function isthmus(
  args: readonly string[],
  { signal, columns, onStderr }: Surroundings = {},
): Promise<Outcome> {
  const terminal = columns === undefined ? {} : { isTTY: true, columns };
  return await heard(
    async ({ stdout, stderr }) =>
      await runCli(args, {
        console: { stdout, stderr: Object.assign(stderr, terminal) },
        stoppable: () => signal ?? new AbortController().signal,
      }),
    onStderr,
  );
}

/** Runs a command with `--json` and holds it to its promise: success, and exactly one JSON object on stdout. */
export async function report(...args: readonly string[]): Promise<any> {
  const { code, stdout, stderr } = await isthmus([...args, "--json"]);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/^\{.*\}\n$/);
  return JSON.parse(stdout);
}

/** Runs a command that the user must mend, and holds it to its promise: exit code 2, nothing but one line. */
export async function complaint(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await isthmus(args);
  expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: "" });
  const lines = stderr.split("\n");
  expect(lines.at(-1)).toBe("");
  const line = lines.at(-2) ?? "";
  expect(line).toMatch(/^isthmus: ./);
  expect(lines.filter((other) => other.startsWith("isthmus: ") || other.includes("    at "))).toEqual([line]);
  return line.slice("isthmus: ".length);
}

const TSX = import.meta.resolve("tsx");
const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** A command line in a process of its own. */
export interface Started extends Outcome {
  readonly process: ChildProcess;
  /** Settles when the process has ended; `code` is -1 where a signal ended it. */
  readonly ended: Promise<Outcome>;
}

/**
 * Starts the command line, from its sources.
 *
 * @param flags for Node
 * @param stdout how to read it, or a file to send it to
 */
export function start(
  args: readonly string[],
  flags: readonly string[] = [],
  stdout: "utf8" | "latin1" | number = "utf8",
): Started {
  const child = spawn(process.execPath, [...flags, "--import", TSX, "--conditions=@isthmus/source", MAIN, ...args], {
    stdio: ["pipe", typeof stdout === "number" ? stdout : "pipe", "pipe"],
  });
  const said = { process: child as ChildProcess, code: -1, stdout: "", stderr: "" };
  if (typeof stdout === "string") child.stdout!.setEncoding(stdout).on("data", (text: string) => (said.stdout += text));
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (said.stderr += text));
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.on("error", reject).on("close", (code) => {
      said.code = code ?? -1;
      resolve(said);
    });
  });
  return Object.assign(said, { ended });
}
