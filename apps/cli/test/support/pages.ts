import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { promisify } from "node:util";
import { expect } from "vitest";
import { isthmus } from "./cli.ts";
import { temporaryFolder } from "./folder.ts";

interface Block {
  readonly kind: string;
  /** Of a file that is to be written. */
  readonly name: string;
  readonly text: string;
}

function blocksOf(markdown: string): Block[] {
  const found = markdown.matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm);
  return Array.from(found, ([, kind, name, text]) => ({ kind: kind!, name: name ?? "", text: text! }));
}

/** Runs lines in a folder: those of `isthmus` in this process, others in a shell. Resolves to what they print on stdout. */
async function run(lines: string, folder: string): Promise<string> {
  let printed = "";
  for (const line of lines.trimEnd().split("\n")) {
    const [command, ...args] = line.split(" ");
    printed +=
      command === "isthmus"
        ? await ours(args, folder)
        : (await promisify(execFile)("sh", ["-c", line], { cwd: folder })).stdout;
  }
  return printed;
}

async function ours(args: readonly string[], folder: string): Promise<string> {
  const here = args.map((word) => (/\.[a-z]+$/.test(word) ? join(folder, word) : word));
  const { code, stdout, stderr } = await isthmus(here);
  expect(code, `${args.join(" ")}\n${stderr}`).toBe(0);
  return stdout.replaceAll(folder + sep, "");
}

/** With one space for any number: how far figures are set in is no promise. */
const narrow = (text: string): string => text.replaceAll(/ +/g, " ");

/** A text whose `…` stands for anything within a line, a line of it alone for any number of lines. */
function promised(text: string): RegExp {
  const line = (one: string) =>
    one
      .split("…")
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*");
  const lines = text.trimEnd().split("\n");
  return new RegExp(`^${lines.map((one) => (one === "…" ? "(?:.*\\n)*" : `${line(one)}\\n`)).join("")}$`);
}

/** Writes the scripts of a page, runs its commands one after the other in a folder of their own, and holds them to what the page says they print. */
export async function expectToDoWhatItSays(page: string): Promise<void> {
  const folder = await temporaryFolder();
  const blocks = blocksOf(await readFile(page, "utf8"));
  for (const { name, text } of blocks.filter(({ kind }) => kind === "js")) await writeFile(join(folder, name), text);
  let printed = "";
  for (const { kind, text } of blocks) {
    if (kind === "sh") printed = await run(text, folder);
    if (kind === "text") expect(narrow(printed)).toMatch(promised(narrow(text)));
  }
  expect(blocks.filter(({ kind }) => kind === "text").length).toBeGreaterThan(2);
}
