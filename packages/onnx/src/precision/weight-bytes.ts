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

/**
 * Writes a weight as bytes with a scale for each output. Zero points, which are 0, might be left out; but onnxruntime with its
 * option `x64quantprecision` puts in ones of its own, of which it then has too few.
 */
export function writeWeightBytes(edit: GraphEdit, { weight, axis }: Product, bits: 7 | 8): WeightBytes {
  const { data, scales } = quantisePerChannel(weight, axis, largestOf(bits));
  const { name, dims } = weight;
  const channels = [scales.length];
  const inputs = [
    edit.tensor(`${name}/int8`, { elementType: INT8, dims, data }),
    edit.tensor(`${name}/scale`, { elementType: FLOAT, dims: channels, data: asBytes(scales) }),
    edit.tensor(`${name}/zero_point`, { elementType: INT8, dims: channels, data: new Uint8Array(scales.length) }),
  ];
  edit.declare(name, FLOAT, dims);
  return { node: edit.node("DequantizeLinear", inputs, name, { axis: int(axis) }), scales };
}
