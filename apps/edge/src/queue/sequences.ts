import { type Disk, replaceFile } from "./disk.ts";

/** Sequences set aside by one write to the disk; so many are lost at the most when the process is killed. */
const BLOCK = 1024;

/**
 * Numbers that are never given twice, whenever the process or the machine stops: a block of them is noted on the disk, flushed, before the first of it is
 * given. Without that file numbers begin at the milliseconds since 1970.
 */
export class Sequences {
  readonly #disk: Disk;
  readonly #path: string;
  #next: number;
  #reserved: number;

  /** @param above a number that is above all that are known to have been given */
  constructor(disk: Disk, path: string, above: number) {
    this.#disk = disk;
    this.#path = path;
    this.#next = Math.max(above, noted(disk, path) ?? Date.now());
    this.#reserved = this.#next;
  }

  /** What the next one is at least. */
  get next(): number {
    return this.#next;
  }

  /** @throws where a block cannot be noted; nothing was given then */
  take(): number {
    if (this.#next >= this.#reserved) this.#reserve(this.#next + BLOCK);
    return this.#next++;
  }

  /** From here on only numbers from `from` on are given. */
  skipTo(from: number): void {
    this.#next = Math.max(this.#next, from);
  }

  /** Nothing more is given; the next process goes on without a gap. */
  close(): void {
    if (this.#reserved > this.#next) this.#reserve(this.#next);
  }

  #reserve(to: number): void {
    replaceFile(this.#disk, this.#path, new TextEncoder().encode(`${to}\n`));
    this.#reserved = to;
  }
}

function noted(disk: Disk, path: string): number | undefined {
  try {
    const text = disk.readFileSync(path, "utf8");
    return /^\d{1,16}\n$/.test(text) ? Number(text) : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
