import { IsthmusError } from "@isthmus/math";

/** Runs a file operation; a system error becomes an `IsthmusError` of one line that names the file. */
export async function fileCall<T>(code: "FILE_READ" | "FILE_WRITE", path: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    const { code: reason } = cause as NodeJS.ErrnoException;
    if (reason === undefined) throw cause;
    const verb = code === "FILE_READ" ? "read" : "write";
    throw new IsthmusError(code, `cannot ${verb} ${path}: ${(cause as Error).message}`, { path, reason }, { cause });
  }
}
