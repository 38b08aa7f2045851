import { elementCount } from "@isthmus/graph";
import { invalid } from "../invalid.ts";
import type { Tensor } from "../messages.ts";
import { roundHalfEven } from "../round-half-even.ts";
import { floatsOf } from "./floats.ts";

/** q in [-largest, largest], with `scales[i] q` for the elements of index `i` on the axis. */
export interface QuantisedWeight {
  readonly data: Int8Array;
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
export function quantisePerChannel(weight: Tensor, axis: number, largest: number): QuantisedWeight {
  const values = floatsOf(weight);
  const channels = weight.dims[axis]!;
  const inner = elementCount(weight.dims.slice(axis + 1));
  const channelOf = (i: number) => Math.floor(i / inner) % channels;
  const most = new Float32Array(channels);
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) throw invalid(`weight "${weight.name}" holds ${value}`, { initialiser: weight.name });
    most[channelOf(i)] = Math.max(most[channelOf(i)]!, Math.abs(value));
  });
  const scales = most.map((value) => Math.fround(value / largest) || 1);
  const data = Int8Array.from(values, (value, i) => {
    const q = roundHalfEven(value / scales[channelOf(i)]!);
    return Math.min(Math.max(q, -largest), largest);
  });
  return { data, scales };
}
