import { IsthmusError } from "@isthmus/math";

/**
 * How often each symbol occurs, in integers, so that every machine derives the same bits from it.
 * Symbol `minimum + i` has frequency `frequencies[i]` out of 2^precision; the last entry is the escape, which stands
 * for every other int32. Made by `frequencyTable`, `fitFrequencyTable` or `unpackTables`, which check it.
 */
export interface FrequencyTable {
  /** 12 to 16: the frequencies sum to 2^precision. */
  readonly precision: number;
  /** The smallest symbol that has a frequency of its own, an int32. */
  readonly minimum: number;
  /** `[n + 1]`: n >= 1 symbols, then the escape; each >= 1. */
  readonly frequencies: Uint32Array;
  /** `[n + 2]`: running sums of `frequencies`, from 0 to 2^precision. */
  readonly cumulative: Uint32Array;
}

/** How many times each symbol was seen: symbol (int32) to count (integer >= 1). */
export type Histogram = ReadonlyMap<number, number>;

export interface FitOptions {
  /** 12 to 16; default 16. */
  readonly precision?: number;
  /** The most symbols that get a frequency of their own; others are escaped. Default 2048, below 2^precision. */
  readonly maxSymbols?: number;
}

const INT32_MAX = 2 ** 31 - 1;
const DEFAULT_PRECISION = 16;
const DEFAULT_MAX_SYMBOLS = 2048;

const LAYOUT_VERSION = 1;
const LAYOUT_HEADER = 2; // version, number of tables
const TABLE_HEADER = 3; // precision, minimum, n
const MAX_TABLES = 65536;

/**
 * A table from its parts, checked.
 *
 * @param frequencies `[n + 1]`, the escape last
 * @throws IsthmusError `TABLE_INVALID` when the precision is not 12 to 16, a frequency is not an integer >= 1, their
 *   sum is not 2^precision, there is no symbol beside the escape, or the symbols leave int32
 */
export function frequencyTable(precision: number, minimum: number, frequencies: ArrayLike<number>): FrequencyTable {
  const count = frequencies.length - 1;
  if (!isPrecision(precision))
    throw invalid(`precision: expected an integer 12 to 16, got ${precision}`, { precision });
  if (count < 1) throw invalid("frequencies: expected a symbol and the escape at least", { length: count + 1 });
  if (minimum !== (minimum | 0) || minimum + count - 1 > INT32_MAX) {
    throw invalid(`minimum: expected ${count} symbols within int32, got ${minimum}`, { minimum, count });
  }
  return {
    precision,
    minimum,
    frequencies: new Uint32Array(frequencies),
    cumulative: runningSums(precision, frequencies),
  };
}

function runningSums(precision: number, frequencies: ArrayLike<number>): Uint32Array {
  const total = 2 ** precision;
  const sums = new Uint32Array(frequencies.length + 1);
  let sum = 0;
  for (let index = 0; index < frequencies.length; index++) {
    const frequency = frequencies[index]!;
    if (!Number.isInteger(frequency) || frequency < 1 || frequency > total) {
      throw invalid(`frequencies[${index}]: expected an integer 1 to ${total}, got ${frequency}`, { index, frequency });
    }
    sum += frequency;
    sums[index + 1] = sum;
  }
  if (sum !== total) throw invalid(`frequencies: expected a sum of ${total}, got ${sum}`, { sum, total });
  return sums;
}

function isPrecision(precision: number): boolean {
  return Number.isInteger(precision) && precision >= 12 && precision <= 16;
}

function invalid(what: string, details: Readonly<Record<string, unknown>>): IsthmusError {
  return new IsthmusError("TABLE_INVALID", `frequency table: ${what}`, details);
}

/**
 * The symbol in the middle of what a table knows: half of the share of its own symbols, the escape left out, lies at or
 * below it. It stands in for symbols that are lost.
 */
export function medianSymbol({ minimum, frequencies, cumulative }: FrequencyTable): number {
  const half = Math.floor(cumulative.at(-2)! / 2);
  return minimum + cumulative.subarray(1, frequencies.length).findIndex((sum) => half < sum);
}

/** Counts every `stride`-th symbol from `start` on: dimension d of `[items, dims]` is `countSymbols(symbols, d, dims)`. */
export function countSymbols(symbols: Int32Array, start = 0, stride = 1): Map<number, number> {
  if (!Number.isInteger(stride) || stride < 1) throw new RangeError(`stride: expected an integer >= 1, got ${stride}`);
  const counts = new Map<number, number>();
  for (let i = start; i < symbols.length; i += stride) counts.set(symbols[i]!, (counts.get(symbols[i]!) ?? 0) + 1);
  return counts;
}

/**
 * One table per dimension, fitted on the symbols of many items.
 *
 * @param symbols `[items, dims]` int32, at least one item
 */
export function fitFrequencyTables(symbols: Int32Array, dims: number, options: FitOptions = {}): FrequencyTable[] {
  if (!Number.isInteger(dims) || dims < 1) throw new RangeError(`dims: expected an integer >= 1, got ${dims}`);
  if (symbols.length % dims !== 0)
    throw new RangeError(`symbols: expected a multiple of ${dims}, got ${symbols.length}`);
  return Array.from({ length: dims }, (_, d) => fitFrequencyTable(countSymbols(symbols, d, dims), options));
}

/**
 * The table whose frequencies follow the counts as closely as whole numbers >= 1 can, by integer arithmetic only.
 *
 * The symbols run from the smallest to the largest seen, or over the `maxSymbols` wide window that holds most of what
 * was seen (the lowest such window); the rest is escaped. Each symbol of the range, seen or not, gets a pseudo-count:
 * half an observation (Krichevsky and Trofimov 1981), but together no more than the square root of all observations,
 * so that one far outlier does not spend the probability of the others on the gap. The escape gets half an observation.
 *
 * @throws RangeError for an empty histogram, a symbol outside int32, a count that is not an integer >= 1, or options out of range
 */
export function fitFrequencyTable(counts: Histogram, options: FitOptions = {}): FrequencyTable {
  const { precision = DEFAULT_PRECISION, maxSymbols = DEFAULT_MAX_SYMBOLS } = options;
  if (!isPrecision(precision)) throw new RangeError(`precision: expected an integer 12 to 16, got ${precision}`);
  if (!Number.isInteger(maxSymbols) || maxSymbols < 1 || maxSymbols >= 2 ** precision) {
    throw new RangeError(`maxSymbols: expected an integer 1 to ${2 ** precision - 1}, got ${maxSymbols}`);
  }
  const { minimum, maximum } = fullestWindow(checkedEntries(counts), maxSymbols);
  const weights = smoothedWeights(counts, minimum, maximum);
  return frequencyTable(precision, minimum, apportion(weights, 2 ** precision));
}

function checkedEntries(counts: Histogram): [number, number][] {
  if (counts.size === 0) throw new RangeError("counts: expected at least one symbol, got none");
  for (const [symbol, count] of counts) {
    if (symbol !== (symbol | 0)) throw new RangeError(`counts: expected int32 symbols, got ${symbol}`);
    if (!Number.isSafeInteger(count) || count < 1) {
      throw new RangeError(`counts: expected an integer >= 1 for symbol ${symbol}, got ${count}`);
    }
  }
  return [...counts].sort(([a], [b]) => a - b);
}

/** The window of at most `width` symbols with the largest count; the lowest on a tie; trimmed to symbols that were seen. */
function fullestWindow(entries: [number, number][], width: number): { minimum: number; maximum: number } {
  let best = { minimum: 0, maximum: 0, count: -1 };
  let end = 0;
  let count = 0;
  for (const [minimum, first] of entries) {
    while (end < entries.length && entries[end]![0] - minimum < width) count += entries[end++]![1];
    if (count > best.count) best = { minimum, maximum: entries[end - 1]![0], count };
    count -= first;
  }
  return best;
}

/** Counts plus pseudo-counts, all times 2n to stay whole: `[n + 1]`, the escape last. */
function smoothedWeights(counts: Histogram, minimum: number, maximum: number): bigint[] {
  const n = maximum - minimum + 1;
  const total = [...counts.values()].reduce((sum, count) => sum + BigInt(count), 0n);
  const scale = BigInt(2 * n);
  const pseudo = smaller(BigInt(n), 2n * integerSquareRoot(total));
  const seen = Array.from({ length: n }, (_, i) => BigInt(counts.get(minimum + i) ?? 0));
  const outside = total - seen.reduce((sum, count) => sum + count, 0n);
  return [...seen.map((count) => scale * count + pseudo), scale * outside + BigInt(n)];
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** Newton's iteration on integers: the largest r with r * r <= value, for value >= 1. */
function integerSquareRoot(value: bigint): bigint {
  let root = value;
  for (let next = (root + 1n) / 2n; next < root; next = (root + value / root) / 2n) root = next;
  return root;
}

/**
 * `total` shared out in proportion to the weights, at least 1 to each. From the lightest on, whoever would get less
 * than 1 gets 1; the others share what is left by largest remainder, the lower index first on a tie.
 */
function apportion(weights: bigint[], total: number): number[] {
  const shares = new Array<number>(weights.length).fill(1);
  const byWeight = weights.map((_, i) => i).sort((a, b) => order(weights[a]!, weights[b]!) || a - b);
  let [left, weightLeft] = [BigInt(total), weights.reduce((sum, weight) => sum + weight, 0n)];
  let light = 0;
  for (; light < byWeight.length && weights[byWeight[light]!]! * left < weightLeft; light++) {
    weightLeft -= weights[byWeight[light]!]!;
    left -= 1n;
  }
  const heavy = byWeight.slice(light);
  for (const i of heavy) shares[i] = Number((weights[i]! * left) / weightLeft);
  const remainder = (i: number): bigint => (weights[i]! * left) % weightLeft;
  const spare = Number(left) - heavy.reduce((sum, i) => sum + shares[i]!, 0);
  heavy.sort((a, b) => order(remainder(b), remainder(a)) || a - b);
  for (const i of heavy.slice(0, spare)) shares[i]! += 1;
  return shares;
}

function order(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * A set of tables as one flat int32 array, to be stored with the model:
 * layout version 1, number of tables, then for each table precision, minimum, n and its n + 1 frequencies.
 */
export function packTables(tables: readonly FrequencyTable[]): Int32Array<ArrayBuffer> {
  if (tables.length < 1 || tables.length > MAX_TABLES) {
    throw new RangeError(`tables: expected 1 to ${MAX_TABLES}, got ${tables.length}`);
  }
  const length = tables.reduce((sum, table) => sum + TABLE_HEADER + table.frequencies.length, LAYOUT_HEADER);
  const packed = new Int32Array(length);
  packed.set([LAYOUT_VERSION, tables.length]);
  let at = LAYOUT_HEADER;
  for (const { precision, minimum, frequencies } of tables) {
    packed.set([precision, minimum, frequencies.length - 1], at);
    packed.set(frequencies, at + TABLE_HEADER);
    at += TABLE_HEADER + frequencies.length;
  }
  return packed;
}

/**
 * The tables that `packTables` packed, each checked as `frequencyTable` does.
 *
 * @throws IsthmusError `TABLE_VERSION` for a layout this version does not know; `TABLE_INVALID`, with the number of the
 *   table and the index in the array, for anything else that is wrong
 */
export function unpackTables(packed: Int32Array): FrequencyTable[] {
  const [version, count] = packed;
  if (version === undefined || count === undefined) throw invalid("packed: too short for its header", { index: 0 });
  if (version !== LAYOUT_VERSION) {
    throw new IsthmusError(
      "TABLE_VERSION",
      `frequency tables: layout ${version} is not known, only ${LAYOUT_VERSION} is`,
      { version },
    );
  }
  if (count < 1 || count > MAX_TABLES)
    throw invalid(`packed: expected 1 to ${MAX_TABLES} tables, got ${count}`, { count });
  const tables: FrequencyTable[] = [];
  let at = LAYOUT_HEADER;
  while (tables.length < count) {
    const table = unpackTable(packed, at, tables.length);
    at += TABLE_HEADER + table.frequencies.length;
    tables.push(table);
  }
  if (at !== packed.length)
    throw invalid(`packed: ${packed.length - at} numbers left over at index ${at}`, { index: at });
  return tables;
}

function unpackTable(packed: Int32Array, index: number, table: number): FrequencyTable {
  const [precision, minimum, count] = packed.subarray(index, index + TABLE_HEADER);
  const first = index + TABLE_HEADER;
  if (
    precision === undefined ||
    minimum === undefined ||
    count === undefined ||
    count < 1 ||
    count >= packed.length - first
  ) {
    throw invalid(`packed: table ${table} at index ${index} does not fit`, { table, index });
  }
  try {
    return frequencyTable(precision, minimum, packed.subarray(first, first + count + 1));
  } catch (cause) {
    const { message, details } = cause as IsthmusError;
    throw new IsthmusError("TABLE_INVALID", `table ${table}: ${message}`, { ...details, table, index }, { cause });
  }
}
