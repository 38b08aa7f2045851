import { encodeModel } from "../../src/encode.ts";
import type { AttributeValue, OnnxGraph, OnnxModel, OnnxNode, Tensor, ValueInfo } from "../../src/messages.ts";

/** TensorProto.DataType. */
const FLOAT = 1;
const INT64 = 7;

export function value(name: string, shape: ValueInfo["shape"], elementType: number = FLOAT): ValueInfo {
  return { name, elementType, shape };
}

export function floats(name: string, dims: readonly number[], values: readonly number[]): Tensor {
  return { name, elementType: FLOAT, dims, data: new Uint8Array(Float32Array.from(values).buffer) };
}

export function integers(name: string, values: readonly number[], dims: readonly number[] = [values.length]): Tensor {
  return { name, elementType: INT64, dims, data: new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer) };
}

export function node(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
): OnnxNode {
  return { name: `node_${outputs[0]}`, opType, domain: "", inputs, outputs, attributes };
}

/** A model that takes x [batch, 4] and gives y, unless told otherwise. */
export function model(
  nodes: readonly OnnxNode[],
  graph: Partial<OnnxGraph> = {},
  rest: Partial<OnnxModel> = {},
): OnnxModel {
  return {
    irVersion: 8,
    producerName: "test",
    producerVersion: "",
    docString: "",
    metadata: {},
    operatorSets: [{ domain: "", version: 17 }],
    graph: {
      name: "test",
      nodes,
      initialisers: [],
      inputs: [value("x", ["batch", 4])],
      outputs: [value("y", ["batch", 4])],
      valueInfo: [],
      ...graph,
    },
    ...rest,
  };
}

export function file(...args: Parameters<typeof model>): Uint8Array {
  return encodeModel(model(...args));
}
