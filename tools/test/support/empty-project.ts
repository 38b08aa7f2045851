import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { npm, quietly } from "../../lib/process.mjs";
import { pack } from "../../lib/release.mjs";

/** A project outside the workspace that has installed some of our packages from their tarballs. */
export interface EmptyProject {
  readonly folder: string;
  /** Runs JavaScript as a module of the project; resolves to what it printed, rejects with it when it failed. */
  run(source: string): Promise<string>;
  dispose(): void;
}

/**
 * Packs every package and installs the named ones by npm, without install scripts.
 * @param others packages of other people, and their versions
 */
export async function emptyProject(
  names: readonly string[],
  others: Readonly<Record<string, string>> = {},
): Promise<EmptyProject> {
  const top = mkdtempSync(join(tmpdir(), "isthmus-release-test-"));
  const folder = join(top, "empty project");
  const dispose = (): void => rmSync(top, { recursive: true, force: true });
  try {
    await install(top, folder, names, others);
  } catch (error) {
    dispose();
    throw error;
  }
  return { folder, run: (source) => run(folder, source), dispose };
}

async function install(
  tarballs: string,
  folder: string,
  names: readonly string[],
  others: Readonly<Record<string, string>>,
): Promise<void> {
  const packed = Object.fromEntries((await pack(tarballs)).map(({ name, file }) => [name, pathToFileURL(file).href]));
  const dependencies = { ...others, ...Object.fromEntries(names.map((name) => [name, packed[name]])) };
  mkdirSync(folder);
  // Overrides stand for the registry, which does not have this version yet.
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", dependencies, overrides: packed }));
  const [program, ...args] = npm();
  const flags = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
  const { code, output } = await quietly(program, [...args, ...flags], { cwd: folder });
  if (code !== 0) throw new Error(output);
}

async function run(folder: string, source: string): Promise<string> {
  const file = join(folder, `run-${crypto.randomUUID()}.mjs`);
  writeFileSync(file, source);
  const { code, output } = await quietly(process.execPath, [file], { cwd: folder, env: { PATH: process.env["PATH"] } });
  if (code !== 0) throw new Error(output);
  return output;
}
