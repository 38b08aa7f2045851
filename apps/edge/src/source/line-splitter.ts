/** A line without its end, and where it lay in the stream. */
export interface Line {
  /** `undefined` where it was too long to be kept. */
  readonly text: string | undefined;
  readonly start: number;
  /** Behind its end. */
  readonly end: number;
}

const LF = 10;
const CR = 13;
const MOST_BYTES = 2 ** 20;

/** Bytes to lines that end in LF or CR LF. What a line has beyond 1 MiB is not kept in memory. */
export class LineSplitter {
  #pieces: Buffer[] = [];
  #pending = 0;
  #start: number;
  #isTooLong = false;

  /** @param offset of the first byte in the stream */
  constructor(offset = 0) {
    this.#start = offset;
  }

  push(bytes: Buffer): Line[] {
    const lines: Line[] = [];
    let from = 0;
    for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, from)) {
      lines.push(
        this.#pending === 0 && at - from <= MOST_BYTES ? this.#whole(bytes, from, at) : this.#joined(bytes, from, at),
      );
      from = at + 1;
    }
    if (from < bytes.length) this.#keep(bytes.subarray(from));
    return lines;
  }

  /** What is left at the end of the stream. */
  end(): Line[] {
    return this.#pending === 0 ? [] : [this.#taken(0)];
  }

  /** A line of which nothing came before. */
  #whole(bytes: Buffer, from: number, to: number): Line {
    const start = this.#start;
    this.#start += to - from + 1;
    const isCrLf = to > from && bytes[to - 1] === CR;
    return { text: bytes.toString("utf8", from, isCrLf ? to - 1 : to), start, end: this.#start };
  }

  #joined(bytes: Buffer, from: number, to: number): Line {
    this.#keep(bytes.subarray(from, to));
    return this.#taken(1);
  }

  #keep(bytes: Buffer): void {
    this.#pending += bytes.length;
    this.#isTooLong ||= this.#pending > MOST_BYTES;
    if (this.#isTooLong) this.#pieces = [];
    else this.#pieces.push(Buffer.from(bytes));
  }

  #taken(ending: number): Line {
    const start = this.#start;
    const end = start + this.#pending + ending;
    const text = this.#isTooLong ? undefined : Buffer.concat(this.#pieces).toString("utf8").replace(/\r$/, "");
    [this.#pieces, this.#pending, this.#start, this.#isTooLong] = [[], 0, end, false];
    return { text, start, end };
  }
}
