import { root } from "../lib/paths.mjs";
import { expected, quietly, workspaceEnv } from "../lib/process.mjs";

const FOLDERS = { isthmus: "cli", "isthmus-cloud": "cloud", "isthmus-edge": "edge" } as const;
export type ProgramName = keyof typeof FOLDERS;

/** How one of our programs is started from its sources: program, then arguments. */
export function fromSources(name: ProgramName): [string, ...string[]] {
  const flags = ["--import", import.meta.resolve("tsx"), "--conditions=@isthmus/source"];
  return [process.execPath, ...flags, `${root}/apps/${FOLDERS[name]}/src/main.ts`];
}

/** The same as it is published, which starts in half the time: {@link buildPrograms} first. */
export function asBuilt(name: ProgramName): [string, ...string[]] {
  return [process.execPath, `${root}/apps/${FOLDERS[name]}/dist/main.js`];
}

/** Compiles them, where their sources changed. */
export async function buildPrograms(...names: readonly ProgramName[]): Promise<void> {
  const folders = names.map((name) => `apps/${FOLDERS[name]}`);
  const { code, output } = await quietly("tsc", ["-b", ...folders], { cwd: root, env: workspaceEnv });
  if (code !== 0) throw expected(`tsc -b ${folders.join(" ")} failed: ${output}`);
}

/**
 * Runs one `isthmus` command in silence; its JSON comes back.
 *
 * @throws an expected error with what it said, when it fails
 */
export async function isthmusQuietly(...words: readonly string[]): Promise<Record<string, unknown>> {
  const [program, ...args] = fromSources("isthmus");
  const { code, output, stdout } = await quietly(program, [...args, ...words, "--json"]);
  if (code !== 0) throw expected(`isthmus ${words.join(" ")} ended with exit code ${code}: ${output}`);
  return JSON.parse(stdout) as Record<string, unknown>;
}
