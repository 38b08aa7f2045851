import { crc32c } from "@isthmus/codec";
import { constants } from "node:fs";
import { type Disk, replaceFile, writeAllAt } from "./disk.ts";

/** What became of frames that lie in segments, which are never changed themselves. */
export type Entry =
  /** The frames of a segment at the offsets from `from` up to and with `to` have left the queue. */
  | { readonly kind: "done"; readonly segment: number; readonly from: number; readonly to: number }
  /** The frame at this offset has another sequence than the one that is written in it. */
  | { readonly kind: "renumbered"; readonly segment: number; readonly from: number; readonly sequence: number };

/** Of an entry: u32 CRC32C of the rest, u32 kind, float64 segment, u32 from, u32 to, float64 sequence. */
const ENTRY_BYTES = 32;
const KINDS = ["done", "renumbered"] as const;

/** A file of entries, one behind the other. What a crash leaves at its end is passed over. */
export class Acknowledgements {
  readonly #disk: Disk;
  readonly #path: string;
  /** Below 0 while it is not open. */
  #file = -1;
  #length = 0;

  /** Goes on behind what the file has. */
  constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.#path = path;
    this.#length = ENTRY_BYTES * Math.floor(sizeOf(disk, path) / ENTRY_BYTES);
  }

  get bytes(): number {
    return this.#length;
  }

  /** @throws where it cannot be written; the next entry takes its place then */
  add(entry: Entry): void {
    if (this.#file < 0) this.#file = this.#disk.openSync(this.#path, constants.O_RDWR | constants.O_CREAT, 0o600);
    writeAllAt(this.#disk, this.#file, bytesOf(entry), this.#length);
    this.#length += ENTRY_BYTES;
  }

  sync(): void {
    this.#disk.fdatasyncSync(this.#file);
  }

  /** Puts these in the place of all. */
  rewrite(entries: Iterable<Entry>): void {
    const all = [...entries].map(bytesOf);
    const bytes = new Uint8Array(ENTRY_BYTES * all.length);
    all.forEach((entry, i) => bytes.set(entry, ENTRY_BYTES * i));
    replaceFile(this.#disk, this.#path, bytes);
    this.#length = bytes.length;
    this.close();
  }

  close(): void {
    const file = this.#file;
    this.#file = -1;
    if (file >= 0) this.#disk.closeSync(file);
  }
}

/** The entries of a file that is there, in order; those that are damaged are left out: their frames are sent again. */
export function readEntries(disk: Disk, path: string): Entry[] {
  let bytes: Uint8Array;
  try {
    bytes = disk.readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const entries: Entry[] = [];
  for (let at = 0; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
    const entry = entryOf(bytes.subarray(at, at + ENTRY_BYTES));
    if (entry) entries.push(entry);
  }
  return entries;
}

function sizeOf(disk: Disk, path: string): number {
  try {
    return disk.statSync(path).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}

function bytesOf(entry: Entry): Uint8Array {
  const view = new DataView(new ArrayBuffer(ENTRY_BYTES));
  view.setUint32(4, KINDS.indexOf(entry.kind), true);
  view.setFloat64(8, entry.segment, true);
  view.setUint32(16, entry.from, true);
  view.setUint32(20, entry.kind === "done" ? entry.to : entry.from, true);
  view.setFloat64(24, entry.kind === "renumbered" ? entry.sequence : 0, true);
  const bytes = new Uint8Array(view.buffer);
  view.setUint32(0, crc32c(bytes.subarray(4)), true);
  return bytes;
}

function entryOf(bytes: Uint8Array): Entry | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, ENTRY_BYTES);
  if (view.getUint32(0, true) !== crc32c(bytes.subarray(4))) return undefined;
  const kind = KINDS[view.getUint32(4, true)];
  const [segment, from, to] = [view.getFloat64(8, true), view.getUint32(16, true), view.getUint32(20, true)];
  if (kind === "done") return { kind, segment, from, to };
  return kind && { kind, segment, from, sequence: view.getFloat64(24, true) };
}
