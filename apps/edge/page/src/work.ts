import type { Encoded, EncoderFacts } from "./encoder/protocol.ts";
import type { Subject } from "./inputs/subject.ts";
import { sizeOf } from "./shape.ts";

/** What is on the table: what was put in, what it became, and which of its items is looked at. */
export interface Work {
  readonly subject: Subject;
  readonly encoded: Encoded;
  readonly facts: EncoderFacts;
  readonly item: number;
}

/** The symbols of the item that is looked at. */
export function itemSymbols({ encoded: { symbols }, facts: { dims }, item }: Work): Int32Array {
  return symbols.slice(item * dims, (item + 1) * dims);
}

/** Samples of all items as they are shown: of pictures 0 to 255. */
export function shownSamples({ subject: { samples }, facts: { shape, hasUnits } }: Work): Uint8Array | Float64Array {
  if (shape.kind === "series" || samples instanceof Uint8Array) return samples;
  return Uint8Array.from(samples, (value) => Math.min(255, Math.max(0, Math.round(hasUnits ? value : 255 * value))));
}

/** Of the item that is looked at, out of numbers of all. */
export function itemOf<T extends Uint8Array | Float64Array | Float32Array>(
  values: T,
  { facts, item }: Pick<Work, "facts" | "item">,
): T {
  const size = sizeOf(facts.shape);
  return values.subarray(item * size, (item + 1) * size) as T;
}
