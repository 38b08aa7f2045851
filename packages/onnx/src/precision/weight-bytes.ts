import { FLOAT, INT8 } from "../data-types.ts";
import { int } from "../graph-writer.ts";
import type { OnnxNode } from "../messages.ts";
import { asBytes } from "./floats.ts";
import type { GraphEdit } from "./graph-edit.ts";
import { largestOf, quantisePerChannel } from "./per-channel.ts";
import type { Product } from "./products.ts";

export interface WeightBytes {
  /** Makes the weight, under its own name, of its bytes. */
  readonly node: OnnxNode;
  readonly scales: Float32Array;
}

/** Writes a weight as bytes with a scale for each output; with zero points, which are 0, where integers are to be computed with. */
export function writeWeightBytes(
  edit: GraphEdit,
  { weight, axis }: Product,
  { bits, zeros }: { readonly bits: 7 | 8; readonly zeros: boolean },
): WeightBytes {
  const { data, scales } = quantisePerChannel(weight, axis, largestOf(bits));
  const { name, dims } = weight;
  const channels = [scales.length];
  const inputs = [
    edit.tensor(`${name}/int8`, { elementType: INT8, dims, data }),
    edit.tensor(`${name}/scale`, { elementType: FLOAT, dims: channels, data: asBytes(scales) }),
  ];
  if (zeros) {
    const none = new Uint8Array(scales.length);
    inputs.push(edit.tensor(`${name}/zero_point`, { elementType: INT8, dims: channels, data: none }));
  }
  edit.declare(name, FLOAT, dims);
  return { node: edit.node("DequantizeLinear", inputs, name, { axis: int(axis) }), scales };
}
