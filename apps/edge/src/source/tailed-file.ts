import { crc32c } from "@isthmus/codec";
import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Position } from "./source.ts";

const HEAD_BYTES = 256;
const CHUNK_BYTES = 2 ** 16;

/** Where somebody was in a file, and enough to know the file by: its inode, and what it begins with. */
export interface FilePosition {
  readonly inode: number;
  readonly offset: number;
  /** CRC32C of the first `min(offset, 256)` bytes. */
  readonly head: number;
}

/** A position that is made out only when it is written down. */
class Place {
  readonly #inode: number;
  readonly #head: Uint8Array;
  readonly #offset: number;

  constructor(inode: number, head: Uint8Array, offset: number) {
    this.#inode = inode;
    this.#head = head;
    this.#offset = offset;
  }

  toJSON(): FilePosition {
    const head = this.#head.subarray(0, Math.min(this.#offset, HEAD_BYTES));
    return { inode: this.#inode, offset: this.#offset, head: crc32c(head) };
  }
}

/** One file that is read from an offset on while others write to it or rename it. */
export class TailedFile {
  readonly inode: number;
  readonly #file: FileHandle;
  readonly #head: Uint8Array;
  #offset: number;

  private constructor(file: FileHandle, inode: number, offset: number, head: Uint8Array) {
    this.#file = file;
    this.inode = inode;
    this.#offset = offset;
    this.#head = head;
  }

  /** @throws what the system says */
  static async open(path: string, offset: number): Promise<TailedFile> {
    const file = await open(path);
    const { ino } = await file.stat();
    const head = new Uint8Array(HEAD_BYTES);
    const { bytesRead } = await file.read(head, 0, Math.min(HEAD_BYTES, offset), 0);
    return new TailedFile(file, ino, bytesRead < Math.min(HEAD_BYTES, offset) ? 0 : offset, head);
  }

  get offset(): number {
    return this.#offset;
  }

  /** The next bytes; none at the end. */
  async read(): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(CHUNK_BYTES);
    const { bytesRead } = await this.#file.read(bytes, 0, CHUNK_BYTES, this.#offset);
    if (this.#offset < HEAD_BYTES)
      this.#head.set(bytes.subarray(0, Math.min(bytesRead, HEAD_BYTES - this.#offset)), this.#offset);
    this.#offset += bytesRead;
    return bytes.subarray(0, bytesRead);
  }

  /** The first line, to learn the names of columns when reading goes on further behind. */
  async firstLine(): Promise<string | undefined> {
    const bytes = Buffer.alloc(CHUNK_BYTES);
    const { bytesRead } = await this.#file.read(bytes, 0, CHUNK_BYTES, 0);
    const end = bytes.subarray(0, bytesRead).indexOf(10);
    return end < 0 ? undefined : bytes.subarray(0, end).toString("utf8").replace(/\r$/, "");
  }

  /** Whether somebody took bytes away that were read already. */
  async isShorter(): Promise<boolean> {
    return (await this.#file.stat()).size < this.#offset;
  }

  position(offset: number): Position {
    return new Place(this.inode, this.#head, offset);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** Whether the file of this name is the one that the position is in. */
async function isAt(path: string, { inode, offset, head }: FilePosition): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile() || found.ino !== inode || found.size < offset) return false;
  const file = await open(path);
  try {
    const bytes = new Uint8Array(Math.min(offset, HEAD_BYTES));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    return bytesRead === bytes.length && crc32c(bytes) === head;
  } finally {
    await file.close();
  }
}

/** Where the file went that the position is in: `readings.csv` itself, or `readings.csv.1` or another that begins so. */
export async function findFile(path: string, position: FilePosition): Promise<string | undefined> {
  const folder = dirname(path);
  const names = await readdir(folder).catch(() => []);
  const stem = basename(path);
  const likely = [stem, ...names.filter((name) => name !== stem && name.startsWith(stem)).sort()];
  for (const name of likely) if (await isAt(join(folder, name), position)) return join(folder, name);
  return undefined;
}
