/** Small ONNX files, node by node. */
import { encodeModel } from "../../src/encode.ts";
import type { AttributeValue, OnnxDim, OnnxGraph, OnnxModel, OnnxNode, Tensor, ValueInfo } from "../../src/messages.ts";
import { irVersionOf } from "../../src/opset.ts";

type Attribute = number | string | readonly number[] | Tensor;

const valueOf = (value: Attribute): AttributeValue => {
  if (typeof value === "number") return Number.isInteger(value) ? { type: "int", value } : { type: "float", value };
  if (typeof value === "string") return { type: "string", value };
  return "dims" in value ? { type: "tensor", value } : { type: "ints", value };
};

/** A node named after its operator; numbers that are whole are ints. */
export function node(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
): OnnxNode {
  const entries = Object.entries(attributes).map(([name, value]) => [name, valueOf(value)]);
  return { name: `the ${opType}`, opType, domain: "", inputs, outputs, attributes: Object.fromEntries(entries) };
}

export const port = (name: string, shape: readonly OnnxDim[], elementType = 1): ValueInfo => ({
  name,
  elementType,
  shape,
});

/** Zeros. */
export function weights(name: string, dims: readonly number[], elementType = 1, bytes = 4): Tensor {
  return { name, dims, elementType, data: new Uint8Array(dims.reduce((product, dim) => product * dim, bytes)) };
}

export function integers(name: string, values: readonly number[]): Tensor {
  const data = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return { name, dims: [values.length], elementType: 7, data };
}

export function fileOf(
  graph: Partial<OnnxGraph>,
  model: Partial<OnnxModel> & { readonly opset?: number } = {},
): Uint8Array {
  const { opset = 17, ...others } = model;
  return encodeModel({
    irVersion: irVersionOf(opset)!,
    producerName: "",
    producerVersion: "",
    docString: "",
    operatorSets: [{ domain: "", version: opset }],
    metadata: {},
    graph: { name: "g", nodes: [], initialisers: [], inputs: [], outputs: [], valueInfo: [], ...graph },
    ...others,
  });
}

/** A file of one node that reads `x`, and makes `y` of an unknown shape. */
export function fileOfNode(
  one: OnnxNode,
  given: {
    readonly x?: ValueInfo;
    readonly initialisers?: readonly Tensor[];
    readonly y?: ValueInfo;
    readonly opset?: number;
  } = {},
): Uint8Array {
  const { x = port("x", ["batch", 3, 8, 8]), initialisers = [], y, opset = 17 } = given;
  const inputs = one.inputs.includes("x") ? [x] : [];
  return fileOf({ nodes: [one], inputs, initialisers, outputs: [y ?? port("y", [null, null, null, null])] }, { opset });
}
