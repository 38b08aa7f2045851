import * as fs from "node:fs";
import { dirname } from "node:path";

/** The calls through which the queue reaches its files; a test puts faults between. */
export type Disk = Pick<
  typeof fs,
  | "closeSync"
  | "fdatasyncSync"
  | "ftruncateSync"
  | "mkdirSync"
  | "openSync"
  | "readdirSync"
  | "readFileSync"
  | "readSync"
  | "renameSync"
  | "statSync"
  | "unlinkSync"
  | "writeSync"
>;

export const realDisk: Disk = fs;

/** Writes all bytes from `position` on; one call may write less than it was given. */
export function writeAllAt(disk: Disk, file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) {
    done += disk.writeSync(file, bytes, done, bytes.length - done, position + done);
  }
}

/** A whole small file or the old one: written beside it, flushed and renamed. */
export function replaceFile(disk: Disk, path: string, bytes: Uint8Array): void {
  const beside = `${path}.tmp`;
  const file = disk.openSync(beside, "w", 0o600);
  try {
    writeAllAt(disk, file, bytes, 0);
    disk.fdatasyncSync(file);
  } finally {
    disk.closeSync(file);
  }
  disk.renameSync(beside, path);
  syncFolder(disk, dirname(path));
}

/** A new name is durable once its folder is flushed; systems that cannot open a folder lose nothing else by it. */
export function syncFolder(disk: Disk, folder: string): void {
  try {
    const file = disk.openSync(folder, "r");
    try {
      disk.fdatasyncSync(file);
    } finally {
      disk.closeSync(file);
    }
  } catch {
    // Not every system lets a folder be opened or flushed.
  }
}

/** What the system says is wrong, e.g. `ENOSPC`; anything else is a bug and is thrown on. */
export function systemCode(error: unknown): string {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof Error && code !== undefined && (syscall !== undefined || /^E[A-Z0-9]+$/.test(code))) return code;
  throw error;
}
