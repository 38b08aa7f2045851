import { elementCount } from "@isthmus/graph";
import { roundHalfEven } from "@isthmus/math";
import { invalid } from "../invalid.ts";
import type { LazyBytes } from "../lazy-bytes.ts";
import type { WrittenTensor } from "../messages.ts";
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
  const runs = new Runs(weight.dims, axis);
  const scales = runs.largest(floatsOf(weight)).map((most, channel) => {
    if (Number.isFinite(most)) return Math.fround(most / largest) || 1;
    throw invalid(`weight "${weight.name}" holds ${most} at index ${channel} of axis ${axis}`, {
      initialiser: weight.name,
    });
  });
  const make = (): Uint8Array => asBytes(runs.rounded(floatsOf(weight), scales, largest));
  return { data: { length: elementCount(weight.dims), make }, scales };
}

/** The elements of a tensor as runs that lie together, each of one index on an axis. */
class Runs {
  private readonly channels: number;
  private readonly length: number;

  constructor(dims: readonly number[], axis: number) {
    this.channels = dims[axis]!;
    this.length = elementCount(dims.slice(axis + 1));
  }

  private channelOf(run: number): number {
    return run % this.channels;
  }

  /** The largest magnitude of each index; NaN where one of its numbers is. */
  largest(values: Float32Array): Float32Array {
    const most = new Float32Array(this.channels);
    for (let run = 0, at = 0; at < values.length; run++) {
      const channel = this.channelOf(run);
      let found = most[channel]!;
      for (const end = at + this.length; at < end; at++) found = Math.max(found, Math.abs(values[at]!));
      most[channel] = found;
    }
    return most;
  }

  rounded(values: Float32Array, scales: Float32Array, largest: number): Int8Array {
    const out = new Int8Array(values.length);
    for (let run = 0, at = 0; at < values.length; run++) {
      const scale = scales[this.channelOf(run)]!;
      for (const end = at + this.length; at < end; at++) {
        out[at] = Math.min(Math.max(roundHalfEven(values[at]! / scale), -largest), largest);
      }
    }
    return out;
  }
}
