/** From what was received to messages. */
import { loadKernels, type Kernels } from "@isthmus/kernels";
import type { Received } from "./channels.ts";
import type { Codebook } from "./codebook.ts";
import { standardArray, type LinearCode } from "./linear-code.ts";
import { decideThroughTaps } from "./tapped-receivers.ts";
import { dimensions } from "./units.ts";

/** Decides batches: a network, a table, a formula. */
export interface Receiver {
  readonly name: string;
  /** Writes the message of each block. The received signal may be overwritten. */
  decide(received: Received, decisions: Uint32Array): void | Promise<void>;
}

/** Signs of a code's antipodal signals, then the nearest word by its standard array. */
export function hardDecision(code: LinearCode): Receiver {
  const table = standardArray(code);
  return {
    name: `hard decision of ${code.name}`,
    decide({ signal }, decisions) {
      for (let [block, at] = [0, 0]; block < decisions.length; block++) {
        let word = 0;
        for (let i = 0; i < code.n; i++, at++) if (signal[at]! < 0) word |= 1 << i;
        decisions[block] = table[word]!;
      }
    },
  };
}

/**
 * The most likely message under Gaussian noise: the nearest point, or where the channel's gains or taps are known the nearest of what they make of
 * the points.
 * Scores are products of matrices in float32 by the SIMD kernels, so that points whose distances agree to some 1e-6 may be mistaken for each other.
 */
export async function maximumLikelihood(book: Codebook): Promise<Receiver> {
  const kernels = await loadKernels({ build: "simd128" });
  const [plain, faded] = [new Scores(kernels, book, false), new Scores(kernels, book, true)];
  return {
    name: "maximum likelihood",
    decide(received, decisions) {
      if (received.taps) decideThroughTaps(book, received.signal, received.taps, decisions);
      else (received.gains === undefined ? plain : faded).decide(received, decisions);
    },
  };
}

/** Scores of one call are few enough to stay in the cache. */
const MOST_SCORES = 2 ** 16;
const PAGE = 65536;
const ALIGNED = 64;

/**
 * -|y - x|^2 / 2 less what all points share, y x - |x|^2 / 2: a product [rows, columns] [columns, M] and a bias. With gains g it is
 * (g y) x - g^2 x^2 / 2, a product of twice as many columns.
 */
class Scores {
  readonly #kernels: Kernels;
  readonly #size: number;
  readonly #columns: number;
  readonly #rows: number;
  readonly #faded: boolean;
  readonly #at: Readonly<Record<"left" | "right" | "bias" | "scores" | "greatest" | "scratch" | "end", number>>;
  readonly #weights: Float32Array;
  readonly #bias: Float32Array;

  constructor(kernels: Kernels, book: Codebook, faded: boolean) {
    const columns = dimensions(book);
    const inner = faded ? 2 * columns : columns;
    const rows = Math.max(1, Math.floor(MOST_SCORES / book.size));
    [this.#kernels, this.#size, this.#columns, this.#rows, this.#faded] = [kernels, book.size, columns, rows, faded];
    this.#weights = weights(book, faded);
    this.#bias = Float32Array.from({ length: book.size }, (_, m) => (faded ? 0 : -halfEnergy(book, m)));
    this.#at = layout({
      left: 4 * rows * inner,
      right: 4 * inner * book.size,
      bias: 4 * book.size,
      scores: 4 * rows * book.size,
      greatest: 4 * rows,
      scratch: kernels.exports.gemmScratch(0, 0, rows, book.size, inner),
    });
  }

  decide({ signal, gains }: Received, decisions: Uint32Array): void {
    this.#load();
    for (let from = 0; from < decisions.length; from += this.#rows) {
      const rows = Math.min(this.#rows, decisions.length - from);
      const [first, last] = [from * this.#columns, (from + rows) * this.#columns];
      this.#fill(signal.subarray(first, last), gains?.subarray(first, last));
      const { left, right, bias, scores, greatest, scratch } = this.#at;
      const inner = this.#faded ? 2 * this.#columns : this.#columns;
      this.#kernels.exports.gemm(0, 0, rows, this.#size, inner, left, right, scores, bias, 0, scratch);
      this.#kernels.exports.max(scores, greatest, rows, this.#size, 1);
      const found = decisions.subarray(from, from + rows);
      findGreatest(this.#view(scores, rows * this.#size), this.#view(greatest, rows), found);
    }
  }

  /** Both kinds of scores share the memory, and each batch begins by writing the points. */
  #load(): void {
    const missing = this.#at.end - this.#kernels.memory.buffer.byteLength;
    if (missing > 0) this.#kernels.memory.grow(Math.ceil(missing / PAGE));
    this.#view(this.#at.right, this.#weights.length).set(this.#weights);
    this.#view(this.#at.bias, this.#size).set(this.#bias);
  }

  #fill(signal: Float32Array, gains: Float32Array | undefined): void {
    if (!this.#faded || gains === undefined) return this.#view(this.#at.left, signal.length).set(signal);
    const left = this.#view(this.#at.left, 2 * signal.length);
    for (let i = 0; i < signal.length; i++) {
      const at = 2 * i;
      left[at] = signal[i]! * gains[i]!;
      left[at + 1] = gains[i]! * gains[i]!;
    }
  }

  #view(at: number, length: number): Float32Array {
    return new Float32Array(this.#kernels.memory.buffer, at, length);
  }
}

/** [columns, M], or with gains [2 columns, M]: each coordinate, and minus half its square. */
function weights({ points, size, ...link }: Codebook, faded: boolean): Float32Array {
  const columns = dimensions(link);
  const each = faded ? 2 : 1;
  const made = new Float32Array(columns * each * size);
  for (let m = 0; m < size; m++) {
    for (let c = 0; c < columns; c++) {
      const x = points[m * columns + c]!;
      made[c * each * size + m] = x;
      if (faded) made[(c * each + 1) * size + m] = -(x * x) / 2;
    }
  }
  return made;
}

function halfEnergy({ points, size }: Codebook, m: number): number {
  const columns = points.length / size;
  return points.subarray(m * columns, (m + 1) * columns).reduce((sum, x) => sum + x * x, 0) / 2;
}

/** Which of each row's scores is the greatest, the first of equals. */
export function greatest(scores: Float32Array, size: number, out: Uint32Array): void {
  for (let [row, at] = [0, 0]; row < out.length; row++) {
    let [best, most] = [0, scores[at]!];
    const end = at + size;
    for (let m = at + 1; m < end; m++) {
      const score = scores[m]!;
      if (score > most) {
        most = score;
        best = m - at;
      }
    }
    out[row] = best;
    at = end;
  }
}

/** Where in each row its greatest score stands, first; behind the row if it is NaN, which is no message. */
function findGreatest(scores: Float32Array, greatest: Float32Array, out: Uint32Array): void {
  const size = scores.length / out.length;
  for (let [row, from] = [0, 0]; row < out.length; row++, from += size) {
    const most = greatest[row]!;
    let at = from;
    for (const end = from + size; at < end && scores[at] !== most;) at++;
    out[row] = at - from;
  }
}

/** Addresses of regions one after the other, from their sizes in bytes; `end` is behind them all. */
function layout<Name extends string>(sizes: Readonly<Record<Name, number>>): Record<Name | "end", number> {
  let at = ALIGNED;
  const places = Object.entries<number>(sizes).map(([name, bytes]) => {
    const place = at;
    at = Math.ceil((at + bytes) / ALIGNED) * ALIGNED;
    return [name, place] as const;
  });
  return Object.fromEntries([...places, ["end", at]]) as Record<Name | "end", number>;
}
