/** The signals of a transmitter as a value: one point for each message. */
import { IsthmusError } from "@isthmus/math";
import { requireNumber, requireObject, requireWhole } from "./checks.ts";
import { extendedHammingCode, hammingCode, repetitionCode, uncodedBits, type LinearCode } from "./linear-code.ts";
import { dimensions, type Link } from "./units.ts";

/** M messages in n uses; `points` are [M, dimensions], of complex uses the real part before the imaginary one. */
export interface Codebook extends Link {
  readonly name: string;
  /** Messages, M; k is log2 M. */
  readonly size: number;
  readonly complex: boolean;
  readonly points: Float64Array;
  /** The bits that each message stands for, as a mask of ceil(k) bits. */
  readonly labels: Uint32Array;
}

export interface CodebookOptions {
  readonly name?: string;
  /** Uses are complex: two columns each. Default: false. */
  readonly complex?: boolean;
  /** Default: the message's own number. */
  readonly labels?: ArrayLike<number>;
  /** `average` scales all points together to unit mean power per use, `energy` each one, `none` takes them as they are. Default: `none`. */
  readonly normalize?: "average" | "energy" | "none";
}

/**
 * A codebook of given points, M rows of equal length. The rows are copied.
 *
 * @throws TypeError when they are no rows of numbers; RangeError when a number is not finite, rows differ in length, there are fewer than
 * two, or labels are not distinct; IsthmusError `CHANNEL_POWER` when points of no energy are to be normalised.
 */
export function codebook(rows: readonly ArrayLike<number>[], options: CodebookOptions = {}): Codebook {
  const { name = "codebook", complex = false, normalize = "none" } = options;
  const columns = requireRows(rows, complex);
  const size = rows.length;
  const k = Math.log2(size);
  const made: Codebook = {
    ...{ name, k, n: complex ? columns / 2 : columns, complex, size },
    points: Float64Array.from(rows.flatMap((row) => Array.from(row))),
    labels: requireLabels(options.labels ?? Uint32Array.from({ length: size }, (_, i) => i), size),
  };
  return normalize === "none" ? made : normalised(made, normalize);
}

function requireRows(rows: readonly ArrayLike<number>[], complex: boolean): number {
  if (!Array.isArray(rows)) throw new TypeError(`"rows" expected an array of rows, got ${typeof rows}`);
  if (rows.length < 2) throw new RangeError(`"rows" expected at least two messages, got ${rows.length}`);
  rows.forEach((row: ArrayLike<number>) => requireObject("rows", row));
  const columns = rows[0]!.length as number;
  if (columns < 1 || (complex && columns % 2 === 1)) {
    throw new RangeError(`"rows" expected ${complex ? "pairs of columns" : "columns"}, got ${columns}`);
  }
  for (const row of rows as readonly ArrayLike<number>[]) {
    if (row.length !== columns) throw new RangeError(`"rows" expected rows of ${columns}, got one of ${row.length}`);
    for (let i = 0; i < columns; i++) {
      requireNumber("rows", row[i]!);
      if (!Number.isFinite(row[i])) throw new RangeError(`"rows" expected finite numbers, got ${row[i]}`);
    }
  }
  return columns;
}

function requireLabels(labels: ArrayLike<number>, size: number): Uint32Array {
  requireObject("labels", labels);
  if (labels.length !== size) throw new RangeError(`"labels" expected ${size}, got ${labels.length}`);
  const most = 2 ** Math.ceil(Math.log2(size)) - 1;
  for (const label of Array.from(labels)) requireWhole("labels", label, 0, most);
  const made = Uint32Array.from(labels);
  if (new Set(made).size < size) throw new RangeError(`"labels" expected distinct ones`);
  return made;
}

/** The points of a codebook scaled to unit power per use: all by one factor, or each to ||x||^2 = n. */
export function normalised(book: Codebook, by: "average" | "energy"): Codebook {
  const energies = pointEnergies(book);
  const mean = energies.reduce((sum, energy) => sum + energy, 0) / book.size;
  const columns = dimensions(book);
  const factors = energies.map((energy) => Math.sqrt(book.n / (by === "energy" ? energy : mean)));
  if (!factors.every(Number.isFinite)) {
    throw new IsthmusError(
      "CHANNEL_POWER",
      `"${book.name}" has ${by === "energy" ? "a point" : "points"} of no energy`,
    );
  }
  return { ...book, points: book.points.map((x, at) => x * factors[Math.floor(at / columns)]!) };
}

/** ||x||^2 of each point. */
export function pointEnergies(book: Codebook): Float64Array {
  const columns = dimensions(book);
  return Float64Array.from({ length: book.size }, (_, m) =>
    book.points.subarray(m * columns, (m + 1) * columns).reduce((sum, x) => sum + x * x, 0),
  );
}

/** Bits 0 and 1 of a code's words sent as +1 and -1, one in each real use. */
export function antipodal(code: LinearCode): Codebook {
  const rows = Array.from(code.words, (word) => Array.from({ length: code.n }, (_, i) => 1 - 2 * ((word >> i) & 1)));
  return codebook(rows, { name: code.name });
}

/** k bits as k antipodal signals. */
export const uncodedCodebook = (k: number): Codebook => antipodal(uncodedBits(k));
/** One bit, n times. */
export const repetitionCodebook = (n: number): Codebook => antipodal(repetitionCode(n));
/** The 16 words of the (7,4) code. */
export const hammingCodebook = (): Codebook => antipodal(hammingCode());
/** The 16 words of the (8,4) code. */
export const extendedHammingCodebook = (): Codebook => antipodal(extendedHammingCode());
