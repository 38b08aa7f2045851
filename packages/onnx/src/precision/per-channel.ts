import { elementCount } from "@isthmus/graph";
import { invalid } from "../invalid.ts";
import type { LazyBytes } from "../lazy-bytes.ts";
import type { WrittenTensor } from "../messages.ts";
import { roundHalfEven } from "../round-half-even.ts";
import { asBytes, floatsOf } from "./floats.ts";

/** A weight whose elements of index `i` on an axis share the scale `scales[i]`. */
export interface QuantisedWeight {
  /** q in [-largest, largest] as int8, made when they are written: the weight is near scale q. */
  readonly data: LazyBytes;
  readonly scales: Float32Array;
}

/** Symmetric, so that no zero point is needed: the largest of 8 bits is 127, that of 7 is 63. */
export function largestOf(bits: 7 | 8): number {
  return 2 ** (bits - 1) - 1;
}

/**
 * Rounds a weight to bytes, each index of the axis with the scale that its largest number needs.
 *
 * @throws IsthmusError `ONNX_INVALID` a weight that is not finite
 */
export function quantisePerChannel(weight: WrittenTensor, axis: number, largest: number): QuantisedWeight {
  const channels = weight.dims[axis]!;
  const inner = elementCount(weight.dims.slice(axis + 1));
  const channelOf = (i: number) => Math.floor(i / inner) % channels;
  const most = new Float32Array(channels);
  floatsOf(weight).forEach((value, i) => {
    if (!Number.isFinite(value)) throw invalid(`weight "${weight.name}" holds ${value}`, { initialiser: weight.name });
    most[channelOf(i)] = Math.max(most[channelOf(i)]!, Math.abs(value));
  });
  const scales = most.map((value) => Math.fround(value / largest) || 1);
  const rounded = (value: number, i: number) => {
    const q = roundHalfEven(value / scales[channelOf(i)]!);
    return Math.min(Math.max(q, -largest), largest);
  };
  const make = (): Uint8Array => {
    const values = floatsOf(weight);
    const bytes = new Int8Array(values.length);
    for (let i = 0; i < values.length; i++) bytes[i] = rounded(values[i]!, i);
    return asBytes(bytes);
  };
  return { data: { length: elementCount(weight.dims), make }, scales };
}
