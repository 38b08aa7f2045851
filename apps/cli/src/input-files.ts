import { UsageError } from "@isthmus/command-line/node";
import { readdir, stat } from "node:fs/promises";
import { basename, extname, join } from "node:path";

/** A file that the user named, alone or in a folder. */
export interface InputFile {
  readonly path: string;
  /** Of what is made of it, without an ending: the file's, inside its folder where that was named. */
  readonly name: string;
}

/**
 * The files among what the user named: files themselves, and those that `inFolder` finds in a folder.
 *
 * @throws UsageError where there is no such file, or two would make one of the same name
 */
export async function inputFiles(
  named: readonly string[],
  inFolder: (folder: string) => Promise<readonly string[]>,
): Promise<InputFile[]> {
  const files: InputFile[] = [];
  for (const path of named) {
    const found = await stat(path).catch(() => undefined);
    if (!found) throw new UsageError(`there is no file or folder ${path}`);
    if (!found.isDirectory()) files.push({ path, name: withoutEnding(basename(path)) });
    else
      for (const inside of await inFolder(path)) files.push({ path: join(path, inside), name: withoutEnding(inside) });
  }
  return files;
}

/** Refuses files of which one would replace what is made of another. */
export function requireOwnNames(files: readonly InputFile[]): void {
  const first = new Map<string, string>();
  for (const { path, name } of files) {
    const other = first.get(name);
    if (other !== undefined) throw new UsageError(`${other} and ${path} would both become ${name}; take one at a time`);
    first.set(name, path);
  }
}

/** Streams in a folder and the folders in it. */
export async function streamFiles(folder: string): Promise<string[]> {
  const paths = (await readdir(folder, { recursive: true })).filter((path) => path.endsWith(".isth")).sort();
  if (paths.length === 0) throw new UsageError(`there is no .isth file in ${folder}`);
  return paths;
}

function withoutEnding(path: string): string {
  return path.slice(0, path.length - extname(path).length);
}
