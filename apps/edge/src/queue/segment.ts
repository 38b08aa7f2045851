import { recordsIn, type QueueRecord } from "./record.ts";

/** A number of 16 digits: the sequence that was next when it was begun, so that no two ever had the same. */
const NAME = /^(\d{16})\.seg$/;

/** What is known in memory of one file of the queue: where each frame lies, and whether it is still to be sent; 13 bytes for each. */
export class Segment {
  readonly first: number;
  /** Of the file, with what is damaged in it. */
  bytes = 0;
  frames = 0;
  live = 0;
  liveBytes = 0;
  #offsets = new Uint32Array(64);
  #lengths = new Uint32Array(64);
  /** 0 once it has left the queue, else the mark that its owner gave it. */
  #marks = new Uint8Array(64);
  /** Seconds of a clock that only goes forward. */
  #since = new Uint32Array(64);
  /** Before this index no frame is live. */
  #from = 0;

  constructor(first: number) {
    this.first = first;
  }

  static nameOf(first: number): string {
    return `${String(first).padStart(16, "0")}.seg`;
  }

  /** `undefined` for a file that is no segment. */
  static firstOf(name: string): number | undefined {
    const digits = NAME.exec(name)?.[1];
    return digits === undefined ? undefined : Number(digits);
  }

  /** Takes up the whole records of a file. */
  load(bytes: Uint8Array, markOf: (record: QueueRecord) => number, since: number): QueueRecord | undefined {
    let last: QueueRecord | undefined;
    for (const record of recordsIn(bytes)) {
      this.add({ offset: record.offset, bytes: record.length, mark: markOf(record), since });
      last = record;
    }
    this.bytes = bytes.length;
    return last;
  }

  /** @param frame its mark is 1 to 255 */
  add({ offset, bytes, mark, since }: { offset: number; bytes: number; mark: number; since: number }): void {
    if (this.frames === this.#offsets.length) this.#grow();
    this.#offsets[this.frames] = offset;
    this.#lengths[this.frames] = bytes;
    this.#marks[this.frames] = mark;
    this.#since[this.frames] = since;
    this.frames++;
    this.live++;
    this.liveBytes += bytes;
    this.bytes = offset + bytes;
  }

  #grow(): void {
    const grown = <T extends Uint32Array | Uint8Array>(old: T, into: T): T => (into.set(old), into);
    const room = 2 * this.#offsets.length;
    this.#offsets = grown(this.#offsets, new Uint32Array(room));
    this.#lengths = grown(this.#lengths, new Uint32Array(room));
    this.#marks = grown(this.#marks, new Uint8Array(room));
    this.#since = grown(this.#since, new Uint32Array(room));
  }

  offset(index: number): number {
    return this.#offsets[index]!;
  }

  length(index: number): number {
    return this.#lengths[index]!;
  }

  mark(index: number): number {
    return this.#marks[index]!;
  }

  /** Indices of the frames that are still to be sent, the oldest first. */
  *liveFrames(): Generator<number> {
    while (this.#from < this.frames && this.#marks[this.#from] === 0) this.#from++;
    for (let index = this.#from; index < this.frames; index++) if (this.#marks[index] !== 0) yield index;
  }

  /** When the oldest of those was taken in. */
  oldest(): number | undefined {
    const [index] = this.liveFrames();
    return index === undefined ? undefined : this.#since[index];
  }

  /** Returns whether it was live. */
  finish(index: number): boolean {
    if (this.#marks[index] === 0) return false;
    this.#marks[index] = 0;
    this.live--;
    this.liveBytes -= this.#lengths[index]!;
    return true;
  }

  /** Those at the offsets from `from` up to and with `to`. */
  finishRange(from: number, to: number): void {
    for (let index = this.indexOf(from); index < this.frames && this.#offsets[index]! <= to; index++)
      this.finish(index);
  }

  /** The first frame at this offset or behind it. */
  indexOf(offset: number): number {
    let [low, high] = [0, this.frames];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#offsets[middle]! < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Runs of frames that have left, as offsets. */
  *finished(): Generator<{ readonly from: number; readonly to: number }> {
    for (let index = 0; index < this.frames; index++) {
      const begin = index;
      while (index < this.frames && this.#marks[index] === 0) index++;
      if (index > begin) yield { from: this.offset(begin), to: this.offset(index - 1) };
    }
  }
}
