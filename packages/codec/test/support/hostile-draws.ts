/** What hostile inputs are drawn by: damage from fixed seeds. */
import { hash32, IsthmusError } from "@isthmus/math";
import { uniforms } from "./index.ts";

/** Whole numbers below n, from one seed. */
export type Draw = (n: number) => number;

/** Each case has draws of its own, so that any can be had again alone. */
export function runCase({ seed, run }: HostileKind, index: number): string {
  const uniform = uniforms(hash32(`${seed} ${index}`));
  return run((n) => Math.floor(uniform() * n));
}

/** Called around every read of hostile bytes, and around nothing else: who measures puts something else here. */
export const probe = { around: <T>(read: () => T): T => read() };

/** One way of being hostile. `run` ends with what became of a case, and throws for what must never come of it. */
export interface HostileKind {
  readonly name: string;
  readonly seed: number;
  readonly run: (draw: Draw) => string;
  /** What must be among the outcomes of many cases, so that none of the reader's checks goes untried. */
  readonly outcomes: readonly string[];
  /** Of as many cases as the other kinds have, where cases take long. Default: 1. */
  readonly share?: number;
  /** What reading may take at the most, where it is not as little as with a stream of a few hundred bytes. */
  readonly most?: { readonly bytes: number; readonly milliseconds: number };
}

/** All there are, one after the other. */
export interface HostileSeries {
  readonly name: string;
  readonly cases: number;
  readonly run: (index: number) => string;
}

export const pick = <T>(draw: Draw, from: readonly T[]): T => from[draw(from.length)]!;

/** A byte as damage leaves it: one bit flipped, an extreme, a neighbour, or anything. */
function damaged(draw: Draw, byte: number): number {
  return pick(draw, [byte ^ (1 << draw(8)), 0, 255, byte + 1, byte - 1, draw(256)]) & 255;
}

export function withDamage(draw: Draw, bytes: Uint8Array, most: number, from = 0): Uint8Array {
  const copy = bytes.slice();
  for (let left = 1 + draw(most); left > 0; left--) {
    const at = from + draw(copy.length - from);
    copy[at] = damaged(draw, copy[at]!);
  }
  return copy;
}

export function withFlips(draw: Draw, bytes: Uint8Array, most: number): Uint8Array {
  const copy = bytes.slice();
  for (let left = 1 + draw(most); left > 0; left--) copy[draw(copy.length)]! ^= 1 << draw(8);
  return copy;
}

export function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + tail.length);
  bytes.set(head);
  bytes.set(tail, head.length);
  return bytes;
}

export function spliced(draw: Draw, streams: readonly Uint8Array[]): Uint8Array {
  const [head, tail] = [pick(draw, streams), pick(draw, streams)];
  return joined(head.subarray(0, draw(head.length + 1)), tail.subarray(draw(tail.length + 1)));
}

export const randomBytes = (draw: Draw): Uint8Array => Uint8Array.from({ length: draw(200) }, () => draw(256));

const INT32_MAX = 2 ** 31 - 1;

/** Another int32 for one of a table's, mostly close to what is allowed. */
function damagedNumber(draw: Draw, value: number): number {
  const anything = draw(2 ** 32) | 0;
  return (
    pick(draw, [0, -1, 1, value + 1, value - 1, -value, 12 + draw(5), 4096, 65536, INT32_MAX, ~INT32_MAX, anything]) | 0
  );
}

/** Moves a share from one number to another, so that a sum stays right and many such tables are good ones. */
function moveShare(draw: Draw, numbers: Int32Array): void {
  const [from, to] = [draw(numbers.length), draw(numbers.length)];
  const share = draw(Math.max(1, numbers[from]! + 1));
  numbers[from]! -= share;
  numbers[to]! += share;
}

export function damagedTables(draw: Draw, packed: Int32Array): Int32Array {
  const numbers = packed.slice(0, draw(8) ? packed.length : draw(packed.length));
  if (numbers.length === 0) return numbers;
  for (let left = 1 + draw(3); left > 0; left--) {
    const at = draw(numbers.length);
    if (draw(3)) moveShare(draw, numbers);
    else numbers[at] = damagedNumber(draw, numbers[at]!);
  }
  return numbers;
}

/** What a refused stream's error is called, without `BITSTREAM_`. Throws what is no such error, or has no place within the bytes. */
export function refusal(error: unknown, length: number): string {
  if (!(error instanceof IsthmusError && error.code.startsWith("BITSTREAM_"))) throw error;
  const offset = error.details["offset"] as number;
  if (!(offset >= 0 && offset <= length)) throw new Error(`${error.code} at ${offset} of ${length}`);
  return error.code.slice("BITSTREAM_".length);
}

/** The code of refused tables. Throws what is no such error. */
export function tablesRefusal(error: unknown): string {
  if (error instanceof IsthmusError && error.code.startsWith("TABLE_")) return error.code;
  throw error;
}

/** Streams cut at each byte, then with each of their bits flipped, and which must come of it. */
export function everyCutAndFlip(
  name: string,
  streams: readonly Uint8Array[],
  outcome: (bytes: Uint8Array, stream: number) => string,
): HostileSeries[] {
  const bytes = streams.reduce((sum, { length }) => sum + length, 0);
  const found = (index: number): readonly [stream: number, at: number] => {
    let [stream, at] = [0, index];
    while (at >= streams[stream]!.length) at -= streams[stream++]!.length;
    return [stream, at];
  };
  const cut = (index: number): string => {
    const [stream, at] = found(index);
    const result = outcome(streams[stream]!.subarray(0, at), stream);
    if (result === "TRUNCATED") return result;
    throw new Error(`stream ${stream} cut at ${at}: ${result}`);
  };
  const flipped = (index: number): string => {
    const [stream, at] = found(index >> 3);
    const other = streams[stream]!.slice();
    other[at]! ^= 1 << (index & 7);
    const result = outcome(other, stream);
    if (!result.startsWith("decoded")) return result;
    throw new Error(`stream ${stream} with bit ${index & 7} of byte ${at} flipped: ${result}`);
  };
  return [
    { name: `${name} cut at each byte`, cases: bytes, run: cut },
    { name: `${name} with each bit flipped`, cases: 8 * bytes, run: flipped },
  ];
}
