// Code in the READMEs is code: each block marked `ts` is type-checked and run from the sources, and what it prints is
// compared with its `// prints: ...` comments. `ts no-run` is type-checked only.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../lib/paths.mjs";
import { quietly, workspaceEnv } from "../lib/process.mjs";

export interface Snippet {
  /** Where it stands, e.g. `packages/math/README.md:12`. */
  readonly at: string;
  readonly code: string;
  readonly runs: boolean;
  /** The texts after `// prints: `, in order; `…` stands for anything within a line. */
  readonly prints: readonly string[];
}

/** The TypeScript blocks of a Markdown text, in order. */
export function snippetsOf(name: string, markdown: string): Snippet[] {
  return [...markdown.matchAll(/^```ts( no-run)?\n([\s\S]*?)^```$/gm)].map((match) => {
    const code = match[2]!;
    const line = markdown.slice(0, match.index).split("\n").length;
    const prints = [...code.matchAll(/\/\/ prints: (.*)$/gm)].map((one) => one[1]!.trim());
    return { at: `${name}:${line}`, code, runs: match[1] === undefined, prints };
  });
}

/** Snippets of the files that exist among these, paths relative to the root. */
export function readSnippets(files: readonly string[]): Snippet[] {
  return files.flatMap((file) => snippetsOf(file, readFileSync(join(root, file), "utf8")));
}

/** The printed lines, each that keeps its promise replaced by the promise: equal to `prints` when all do. */
export function asPromised(printed: string, prints: readonly string[]): string[] {
  const lines = printed.split("\n").map((line) => line.trim());
  const keeps = (line: string, promise: string): boolean => {
    const pieces = promise.split("…").map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return new RegExp(`^${pieces.join(".*")}$`).test(line);
  };
  return lines
    .filter((line) => line !== "")
    .map((line, i) => (prints[i] !== undefined && keeps(line, prints[i]) ? prints[i] : line));
}

/** Writes snippets where the workspace's packages resolve, for the duration of `use`. */
export async function withFiles<T>(snippets: readonly Snippet[], use: (files: string[]) => Promise<T>): Promise<T> {
  const out = join(root, "tools", "out");
  mkdirSync(out, { recursive: true });
  const folder = mkdtempSync(join(out, "snippets-"));
  try {
    writeFileSync(join(folder, "package.json"), `{ "type": "module" }`);
    const files = snippets.map((snippet, i) => {
      const file = join(folder, `${i}-${snippet.at.replace(/[^\w]+/g, "-")}.ts`);
      writeFileSync(file, `${snippet.code}\nexport {};\n`);
      return file;
    });
    return await use(files);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the compiler says against these files, empty when they are sound. */
export async function typeErrors(files: readonly string[]): Promise<string> {
  if (files.length === 0) return "";
  const project = join(files[0]!, "..", "tsconfig.json");
  const compilerOptions = {
    noEmit: true,
    composite: false,
    isolatedDeclarations: false,
    noUnusedLocals: false,
    types: ["node"],
    typeRoots: [join(root, "node_modules", "@types")],
  };
  writeFileSync(project, JSON.stringify({ extends: join(root, "tsconfig.base.json"), compilerOptions, files }));
  const { code, output } = await quietly("tsc", ["-p", project], { cwd: root, env: workspaceEnv });
  return code === 0 ? "" : output;
}

/** Runs a snippet in an empty folder; resolves to what it printed, rejects with it when it failed. */
export async function runFile(file: string): Promise<string> {
  const cwd = mkdtempSync(join(tmpdir(), "isthmus-snippet-"));
  try {
    const flags = ["--import", import.meta.resolve("tsx"), "--conditions=@isthmus/source"];
    const { code, output, stdout } = await quietly(process.execPath, [...flags, file], { cwd });
    if (code !== 0) throw new Error(output);
    return stdout;
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}
