import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, rename, rm, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileCall } from "./file-call.ts";

/** A file of a folder, and what it is to hold. */
interface NewFile {
  readonly name: string;
  readonly chunks: Iterable<Uint8Array>;
}

export interface WriteTogether {
  readonly folder: string;
  /** Files that belong together. Readers open the last, which speaks of the others. */
  readonly files: readonly NewFile[];
  /** Is given the folder where the files are under their own names before they are put in their place; throws if they must not be. */
  readonly check?: ((folder: string) => Promise<void>) | undefined;
}

/**
 * Writes files of one folder so that readers find the old ones or the new ones whole, never one of each: into a folder beside them,
 * flushed, then renamed, the one that readers open last. Where others than that one are replaced, there is none for a
 * moment. On failure the old files are back and nothing else is left.
 *
 * @throws IsthmusError `FILE_WRITE`; what `check` and the chunks themselves throw passes through
 */
export async function writeTogether({ folder, files, check }: WriteTogether): Promise<void> {
  const beside = join(folder, `.isthmus-${randomUUID()}.tmp`);
  const [fresh, old] = [join(beside, "new"), join(beside, "old")];
  const opened = join(folder, files.at(-1)!.name);
  try {
    for (const made of [beside, fresh, old]) await fileCall("FILE_WRITE", opened, () => mkdir(made));
    for (const { name, chunks } of files) await writeFlushed(join(fresh, name), chunks, join(folder, name));
    await check?.(fresh);
    await fileCall("FILE_WRITE", opened, () => exchange({ folder, fresh, old }, files));
    await rm(old, { recursive: true, force: true });
  } finally {
    await rm(fresh, { recursive: true, force: true }).catch(() => undefined);
    await rmdir(old).catch(() => undefined);
    await rmdir(beside).catch(() => undefined);
  }
}

/** Pieces of one write, so that whoever gives the chunks is asked often and no system call gets more than it takes. */
const PIECE = 2 ** 26;

/** A new file, on the disk when this is done; errors speak of the file that it will be. */
async function writeFlushed(path: string, chunks: Iterable<Uint8Array>, named: string): Promise<void> {
  const file = await fileCall("FILE_WRITE", named, () => open(path, "wx"));
  try {
    for (const chunk of chunks) await fileCall("FILE_WRITE", named, () => writeAll(file, chunk));
    await fileCall("FILE_WRITE", named, () => file.sync());
  } finally {
    await file.close();
  }
}

/** To a device or pipe. @throws IsthmusError `FILE_WRITE`. */
export async function writeDirectly(path: string, chunks: Iterable<Uint8Array>): Promise<void> {
  const file = await fileCall("FILE_WRITE", path, () => open(path, "w"));
  try {
    for (const chunk of chunks) await fileCall("FILE_WRITE", path, () => writeAll(file, chunk));
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, Math.min(PIECE, bytes.length - done))).bytesWritten;
  }
}

interface Places {
  readonly folder: string;
  readonly fresh: string;
  readonly old: string;
}

/**
 * Puts the new files in their place. The old one that readers open goes first, before others change under it, and the new one comes last;
 * where it is the only one that is replaced, one rename does both.
 */
async function exchange({ folder, fresh, old }: Places, files: readonly NewFile[]): Promise<void> {
  const names = files.map(({ name }) => name);
  const there = await Promise.all(names.map((name) => exists(join(folder, name))));
  const replaced = there.slice(0, -1).includes(true) ? names.filter((_, i) => there[i]).toReversed() : [];
  const undo: (() => Promise<void>)[] = [];
  const move = async (name: string, from: string, to: string): Promise<void> => {
    await rename(join(from, name), join(to, name));
    undo.push(() => rename(join(to, name), join(from, name)));
  };
  try {
    for (const name of replaced) await move(name, folder, old);
    for (const name of names) await move(name, fresh, folder);
  } catch (error) {
    for (const back of undo.toReversed()) await back();
    throw error;
  }
  await syncFolder(folder);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** Renames are durable once their folder is flushed; systems that cannot open a folder lose nothing else by it. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
