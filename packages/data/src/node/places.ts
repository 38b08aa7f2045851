import { access } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";

/** Where data sets are looked for. */
export interface Places {
  /** A folder that holds the files, or a folder with them in one named after the set; plain or `.gz`. Default: `ISTHMUS_DATA`. */
  readonly dataDir?: string;
  /** Where downloads are kept. Default: `$XDG_CACHE_HOME/isthmus`, else `~/.cache/isthmus`. */
  readonly cacheDir?: string;
  /** Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where the search for a data folder beside the checkout begins. Default: `process.cwd()`. */
  readonly cwd?: string;
}

/** The folder that the caller or the environment names; whoever names one means it. */
export function namedFolder({ dataDir, env = process.env }: Places): string | undefined {
  return dataDir ?? (env["ISTHMUS_DATA"] || undefined);
}

export function cacheFolder({ cacheDir, env = process.env }: Places): string {
  return resolve(cacheDir ?? join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "isthmus"));
}

/** `shared/data` beside the checkout that `cwd` is in: the folder with a `pnpm-workspace.yaml`. */
export async function folderBesideCheckout(cwd: string = process.cwd()): Promise<string | undefined> {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    if (await exists(join(folder, "pnpm-workspace.yaml"))) return join(folder, "../shared/data");
    if (folder === dirname(folder)) return undefined;
  }
}

/** `path` or `path.gz`, whichever is there. */
export async function firstExisting(path: string): Promise<string | undefined> {
  for (const candidate of [path, `${path}.gz`]) if (await exists(candidate)) return candidate;
  return undefined;
}

export async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
