import { UsageError } from "@isthmus/command-line/node";
import { writeFileAtomic } from "@isthmus/data/node";
import { IsthmusError } from "@isthmus/math";
import type { Stats } from "node:fs";
import { access, constants, realpath, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Console } from "./console.ts";

/**
 * Finds out before the work begins whether `path` can be written; one clear line otherwise.
 *
 * @param reading files the command reads, which the result must not replace
 */
export async function requireWritable(path: string, reading: readonly string[] = []): Promise<void> {
  if (isStdout(path)) return;
  const existing = await stat(path).catch(() => undefined);
  if (existing?.isDirectory()) throw cannotWrite(path, "it is a folder");
  if (existing && !existing.isFile()) return;
  await requireFolder(path);
  if (!existing) return;
  for (const input of reading) {
    if (isSame(existing, await stat(input).catch(() => undefined))) {
      throw new UsageError(`--out ${path} would replace a file that is being read; choose another name`);
    }
  }
  await access(path, constants.W_OK).catch(() => {
    throw cannotWrite(path, "it is write-protected");
  });
}

/** Tries the folder with an empty file beside `path`; what is wrong is said of `path`. */
async function requireFolder(path: string): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const probe = join(dirname(target), `.isthmus-probe-${process.pid}`);
  try {
    await writeFileAtomic(probe, new Uint8Array());
  } catch (error) {
    if (!(error instanceof IsthmusError)) throw error;
    throw new IsthmusError(
      error.code,
      error.message.replace(probe, path),
      { ...error.details, path },
      { cause: error },
    );
  }
  await rm(probe, { force: true });
}

function cannotWrite(path: string, reason: string): IsthmusError {
  return new IsthmusError("FILE_WRITE", `cannot write ${path}: ${reason}`, { path });
}

function isSame(one: Stats, other: Stats | undefined): boolean {
  return one.dev === other?.dev && one.ino === other.ino;
}

/** Refuses a device or a pipe, for what keeps other files beside its result. */
export async function requireOrdinaryFile(path: string): Promise<void> {
  if (!(await isOrdinary(path))) throw new UsageError(`--out expected the name of a file, got ${path}`);
}

/** Whether a result that goes there becomes a file, which other files can lie beside. */
export async function isOrdinary(path: string): Promise<boolean> {
  const existing = await stat(path).catch(() => undefined);
  return !isStdout(path) && (existing?.isFile() ?? true);
}

/** Writes a result whole or not at all; to the stream itself where it goes to stdout, whatever that is connected to. */
export async function writeResult({ stdout }: Console, path: string, bytes: Uint8Array): Promise<void> {
  if (!isStdout(path)) return await writeFileAtomic(path, bytes);
  const failure = await new Promise<Error | null | undefined>((resolve) => stdout.write(bytes, resolve));
  if (failure) throw cannotWrite(path, failure.message);
}

/** Whether a file of this name is what the command's results go to as well. */
export function isStdout(path: string): boolean {
  return ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].includes(path);
}
