import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { IsthmusError } from "@isthmus/math";

/** One array, or pieces in order. */
export type FileContent = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Writes a file so that readers see the old one or the whole new one, never a part: beside it, flushed, then renamed.
 * On failure the piece beside it is removed. A link stays a link: the file that it names is replaced. A device or pipe
 * (`/dev/stdout`) is written to directly.
 *
 * @throws IsthmusError `FILE_WRITE`, one line that names the path and the reason. Errors of `content` itself pass
 * through.
 */
export async function writeFileAtomic(path: string, content: FileContent): Promise<void> {
  if (await isSpecial(path)) return await writeTo(path, "w", content, path);
  const target = await realpath(path).catch(() => path);
  const beside = `${target}.${randomUUID()}.tmp`;
  try {
    await writeTo(beside, "wx", content, path);
    await renameTo(beside, target);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined);
    throw error;
  }
}

/**
 * All bytes of a file, of up to 4 GiB, which is what one array holds.
 *
 * @throws IsthmusError `FILE_READ`, one line that names the path and the reason
 */
export async function readFileBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return await fileCall("FILE_READ", path, async () => {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      return size > SHORT ? await readPieces(file, path, size) : new Uint8Array(await file.readFile());
    } finally {
      await file.close();
    }
  });
}

/** Up to here a file is read without asking how long it is: what the system makes as it is read says 0. */
const SHORT = 2 ** 20;
/** One system call reads and writes less than 2 GiB. */
const MOST_AT_ONCE = 2 ** 30;
const MOST_IN_AN_ARRAY = 2 ** 32;

async function readPieces(file: FileHandle, path: string, size: number): Promise<Uint8Array<ArrayBuffer>> {
  if (size > MOST_IN_AN_ARRAY) {
    const message = `cannot read ${path}: it has ${size} bytes, and one array holds 4 GiB`;
    throw new IsthmusError("FILE_READ", message, { path, reason: "EFBIG" });
  }
  const bytes = new Uint8Array(size);
  for (let done = 0; done < size;) {
    const { bytesRead } = await file.read(bytes, done, Math.min(MOST_AT_ONCE, size - done), done);
    if (bytesRead === 0) return bytes.subarray(0, done);
    done += bytesRead;
  }
  return bytes;
}

/** Makes a folder and those above it. @throws IsthmusError `FILE_WRITE`. */
export async function makeFolder(path: string): Promise<void> {
  await fileCall("FILE_WRITE", path, () => mkdir(path, { recursive: true }));
}

/** Renames a flushed file into place and flushes the folder where the system can. @throws IsthmusError `FILE_WRITE`. */
export async function renameTo(from: string, to: string): Promise<void> {
  await fileCall("FILE_WRITE", to, () => rename(from, to));
  await syncFolder(dirname(resolve(to)));
}

/** Runs a file operation; a system error becomes an `IsthmusError` with one line that names `path` and the reason. */
export async function fileCall<T>(code: "FILE_READ" | "FILE_WRITE", path: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    if (cause instanceof IsthmusError || !isSystemError(cause)) throw cause;
    const verb = code === "FILE_READ" ? "read" : "write";
    const reason = REASONS[cause.code] ?? cause.message;
    throw new IsthmusError(code, `cannot ${verb} ${path}: ${reason}`, { path, reason: cause.code }, { cause });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EDQUOT: "the disk quota is used up",
  EEXIST: "a file is in the way",
  EFBIG: "the file would be too large for this disk",
  EISDIR: "it is a folder",
  EMFILE: "too many open files",
  ENAMETOOLONG: "the name is too long",
  ENOENT: "no such file or folder",
  ENOSPC: "the disk is full",
  ENOTDIR: "part of the path is a file, not a folder",
  EPERM: "not permitted",
  EROFS: "the disk is read-only",
};

async function isSpecial(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) {
    throw new IsthmusError("FILE_WRITE", `cannot write ${path}: ${REASONS["EISDIR"]}`, { path, reason: "EISDIR" });
  }
  return found !== undefined && !found.isFile();
}

async function writeTo(target: string, flags: string, content: FileContent, path: string): Promise<void> {
  const file = await fileCall("FILE_WRITE", path, () => open(target, flags));
  try {
    for await (const piece of pieces(content)) await fileCall("FILE_WRITE", path, () => writeAll(file, piece));
    if (flags === "wx") await fileCall("FILE_WRITE", path, () => file.sync());
  } finally {
    await file.close();
  }
}

/** Writes every byte, at `position` or where the file stands; one system call may write less than it was given. */
export async function writeAll(file: FileHandle, bytes: Uint8Array, position?: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const at = position === undefined ? null : position + done;
    done += (await file.write(bytes, done, Math.min(MOST_AT_ONCE, bytes.length - done), at)).bytesWritten;
  }
}

function pieces(content: FileContent): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  return content instanceof Uint8Array ? [content] : content;
}

/** A rename is durable once its folder is flushed; systems that cannot open a folder lose nothing else by it. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException & { code: string } {
  const { code } = error as NodeJS.ErrnoException;
  return error instanceof Error && code !== undefined && ("errno" in error || Object.hasOwn(REASONS, code));
}
