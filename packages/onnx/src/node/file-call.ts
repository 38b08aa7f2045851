import { IsthmusError } from "@isthmus/math";

/** Runs a file operation; a system error becomes an `IsthmusError` with one line that names the file and the reason. */
export async function fileCall<T>(code: "FILE_READ" | "FILE_WRITE", path: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    const { code: reason } = cause as NodeJS.ErrnoException;
    if (reason === undefined) throw cause;
    const verb = code === "FILE_READ" ? "read" : "write";
    const why = REASONS[reason] ?? (cause as Error).message;
    throw new IsthmusError(code, `cannot ${verb} ${path}: ${why}`, { path, reason }, { cause });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file would be too large for this disk",
  EISDIR: "it is a folder",
  ENOENT: "no such file or folder",
  ENOSPC: "the disk is full",
  ENOTDIR: "part of the path is a file, not a folder",
  EPERM: "not permitted",
  EROFS: "the disk is read-only",
};
