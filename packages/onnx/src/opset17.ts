import type { AttributeValue } from "./messages.ts";

/** The operator set that is written, and the IR version that ONNX 1.12 paired with it. */
export const OPSET = 17;
export const IR_VERSION = 8;

interface Signature {
  /** Fewest and most inputs, of those this package writes. */
  readonly inputs: readonly [number, number];
  /** All of them are always written. */
  readonly attributes: Readonly<Record<string, AttributeValue["type"]>>;
}

const unary: Signature = { inputs: [1, 1], attributes: {} };
const binary: Signature = { inputs: [2, 2], attributes: {} };
const ternary: Signature = { inputs: [3, 3], attributes: {} };

const pool = { kernel_shape: "ints", pads: "ints", strides: "ints" } as const;
const convolution = { ...pool, dilations: "ints", group: "int" } as const;

export type OnnxOperator =
  | "Abs"
  | "Add"
  | "AveragePool"
  | "Cast"
  | "Concat"
  | "Conv"
  | "ConvTranspose"
  | "Div"
  | "Equal"
  | "Erf"
  | "Exp"
  | "Expand"
  | "Gather"
  | "Gemm"
  | "Greater"
  | "Identity"
  | "Log"
  | "LogSoftmax"
  | "MatMul"
  | "Max"
  | "MaxPool"
  | "Min"
  | "Mul"
  | "Neg"
  | "Pad"
  | "ReduceMax"
  | "ReduceSum"
  | "Relu"
  | "Reshape"
  | "Shape"
  | "Sigmoid"
  | "Sign"
  | "Slice"
  | "Softmax"
  | "Softplus"
  | "Sqrt"
  | "Squeeze"
  | "Sub"
  | "Tanh"
  | "Transpose"
  | "Unsqueeze"
  | "Where";

/** What the exporter may write: operators of ONNX's own domain as operator set 17 has them; each has one output. */
const operators: Readonly<Record<OnnxOperator, Signature>> = {
  Abs: unary,
  Add: binary,
  AveragePool: { inputs: [1, 1], attributes: { count_include_pad: "int", ...pool } },
  Cast: { inputs: [1, 1], attributes: { to: "int" } },
  Concat: { inputs: [1, Number.POSITIVE_INFINITY], attributes: { axis: "int" } },
  Conv: { inputs: [2, 3], attributes: convolution },
  ConvTranspose: { inputs: [2, 3], attributes: convolution },
  Div: binary,
  Equal: binary,
  Erf: unary,
  Exp: unary,
  Expand: binary,
  Gather: { inputs: [2, 2], attributes: { axis: "int" } },
  Gemm: { inputs: [3, 3], attributes: { alpha: "float", beta: "float", transA: "int", transB: "int" } },
  Greater: binary,
  Identity: unary,
  Log: unary,
  LogSoftmax: { inputs: [1, 1], attributes: { axis: "int" } },
  MatMul: binary,
  Max: binary,
  MaxPool: { inputs: [1, 1], attributes: pool },
  Min: binary,
  Mul: binary,
  Neg: unary,
  Pad: binary,
  ReduceMax: { inputs: [1, 1], attributes: { axes: "ints", keepdims: "int" } },
  ReduceSum: { inputs: [2, 2], attributes: { keepdims: "int" } },
  Relu: unary,
  Reshape: binary,
  Shape: { inputs: [1, 1], attributes: { start: "int", end: "int" } },
  Sigmoid: unary,
  Sign: unary,
  Slice: { inputs: [4, 4], attributes: {} },
  Softmax: { inputs: [1, 1], attributes: { axis: "int" } },
  Softplus: unary,
  Sqrt: unary,
  Squeeze: binary,
  Sub: binary,
  Tanh: unary,
  Transpose: { inputs: [1, 1], attributes: { perm: "ints" } },
  Unsqueeze: binary,
  Where: ternary,
};

/** The signature of an operator by name; undefined for one that is never written. */
export function signatureOf(opType: string): Signature | undefined {
  return Object.hasOwn(operators, opType) ? operators[opType as OnnxOperator] : undefined;
}
