/**
 * The ONNX messages this package writes and reads, and their field numbers in onnx.proto (ONNX 1.12: IR version 8).
 * Only the fields in use are here.
 */
import { BOOL, FLOAT, INT32, INT64, UINT8 } from "./data-types.ts";
import type { Bytes } from "./lazy-bytes.ts";

/** A dimension: a size, a name for a size that a run decides, or null where the file says nothing. */
export type OnnxDim = number | string | null;

export interface ValueInfo {
  readonly name: string;
  /** A code of `dataTypes`. */
  readonly elementType: number;
  readonly shape: readonly OnnxDim[];
  readonly docString?: string;
}

/** A tensor that is to be written: its data may be made only then. */
export interface WrittenTensor {
  readonly name: string;
  readonly elementType: number;
  readonly dims: readonly number[];
  /** Row-major, little-endian; however the file wrote the numbers. Empty where they are in another file. */
  readonly data: Bytes;
  /** Where the data are, if not in the file itself. */
  readonly external?: ExternalData;
}

export interface Tensor extends WrittenTensor {
  readonly data: Uint8Array;
}

/** A part of a file beside the model's; without a length, to its end. */
export interface ExternalData {
  readonly location: string;
  readonly offset: number;
  readonly length?: number;
}

export type AttributeValue =
  | { readonly type: "int"; readonly value: number }
  | { readonly type: "float"; readonly value: number }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "tensor"; readonly value: Tensor }
  | { readonly type: "floats"; readonly value: readonly number[] }
  | { readonly type: "ints"; readonly value: readonly number[] };

export interface OnnxNode {
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Other kinds of attribute, such as graphs, are read as undefined. */
  readonly attributes: Readonly<Record<string, AttributeValue | undefined>>;
  /** What of the network it is: a file's node need not be one of the graph's. */
  readonly docString?: string;
}

export interface OnnxGraph<T extends WrittenTensor = Tensor> {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initialisers: readonly T[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly valueInfo: readonly ValueInfo[];
}

export interface OperatorSet {
  /** `""` is ONNX's own. */
  readonly domain: string;
  readonly version: number;
}

export interface OnnxModel<T extends WrittenTensor = Tensor> {
  readonly irVersion: number;
  readonly producerName: string;
  readonly producerVersion: string;
  readonly docString: string;
  readonly graph: OnnxGraph<T>;
  readonly operatorSets: readonly OperatorSet[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** What is written. */
export type ElementType = "f32" | "u8" | "i32" | "i64" | "bool";

/** As codes of `dataTypes`. */
export const elementTypes: Readonly<Record<ElementType, number>> = {
  f32: FLOAT,
  u8: UINT8,
  i32: INT32,
  i64: INT64,
  bool: BOOL,
};

/** AttributeProto.AttributeType. */
export const attributeTypes = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7 } as const;

/** TensorProto.DataLocation, of data in another file. */
export const EXTERNAL = 1;

export const fields = {
  model: {
    irVersion: 1,
    producerName: 2,
    producerVersion: 3,
    docString: 6,
    graph: 7,
    operatorSets: 8,
    metadata: 14,
  },
  operatorSet: { domain: 1, version: 2 },
  entry: { key: 1, value: 2 },
  graph: { nodes: 1, name: 2, initialisers: 5, inputs: 11, outputs: 12, valueInfo: 13 },
  node: { inputs: 1, outputs: 2, name: 3, opType: 4, attributes: 5, docString: 6, domain: 7 },
  attribute: { name: 1, float: 2, int: 3, string: 4, tensor: 5, floats: 7, ints: 8, type: 20 },
  tensor: {
    dims: 1,
    elementType: 2,
    floats: 4,
    int32s: 5,
    int64s: 7,
    name: 8,
    data: 9,
    doubles: 10,
    uint64s: 11,
    external: 13,
    location: 14,
  },
  valueInfo: { name: 1, type: 2, docString: 3 },
  type: { tensor: 1 },
  tensorType: { elementType: 1, shape: 2 },
  shape: { dims: 1 },
  dim: { value: 1, parameter: 2 },
} as const;
