import { spawn } from "node:child_process";
import { relative } from "node:path";

import { root } from "../lib/paths.mjs";
import { fromSources } from "../services/programs.ts";

/**
 * Runs one `isthmus` command as a user would, after printing it; its progress shows, its JSON comes back.
 *
 * @param words the command and its arguments
 * @param options names without dashes
 * @throws Error when the command fails; it has said why
 */
export async function isthmus(
  words: readonly string[],
  options: Readonly<Record<string, string | number>>,
): Promise<Record<string, unknown>> {
  const args = [...words, ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])];
  process.stdout.write(`\n$ isthmus ${args.map(relativeToRoot).join(" ")}\n`);
  const [program, ...flags] = fromSources("isthmus");
  const child = spawn(program, [...flags, ...args, "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  if (code !== 0) throw new Error(`isthmus ${words[0]} ended with exit code ${code}`);
  return JSON.parse(output) as Record<string, unknown>;
}

function relativeToRoot(arg: string): string {
  return arg.startsWith(root) ? relative(root, arg) : arg;
}
