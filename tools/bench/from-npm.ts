import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { npm, quietly } from "../lib/process.mjs";

/** The first release whose engine compiles relaxed SIMD well without a flag. */
const MAJOR = 24;

/** A Node that runs the relaxed build: this one, or one from the npm registry, kept in a cache outside the repository. */
export async function newerNode(): Promise<string> {
  if (Number(process.versions.node.split(".")[0]) >= MAJOR) return process.execPath;
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(cacheFolder(), `node-${MAJOR}`);
  const program = join(folder, "node_modules", name, "bin", "node");
  if (!existsSync(program)) await install(`${name}@${MAJOR}`, folder);
  return program;
}

/** A package that no dependency of ours brings, fetched into the same cache; resolves to its folder. */
export async function fromNpm(name: string, version: string): Promise<string> {
  const folder = join(cacheFolder(), `${name.replaceAll("/", "-")}-${version}`);
  const found = join(folder, "node_modules", name);
  if (!existsSync(join(found, "package.json"))) await install(`${name}@${version}`, folder);
  return found;
}

async function install(what: string, folder: string): Promise<void> {
  process.stderr.write(`fetching ${what} from the npm registry ...\n`);
  await mkdir(folder, { recursive: true });
  const [program, ...before] = npm() as [string, ...string[]];
  const flags = ["--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const { code, output } = await quietly(program, [...before, "install", ...flags, what], { cwd: folder });
  if (code !== 0) throw new Error(`${what} cannot be had: ${output.trim().split("\n")[0]}`);
}

function cacheFolder(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "isthmus", "bench");
}
