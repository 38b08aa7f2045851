import type { AttributeValue } from "./messages.ts";

interface Signature {
  /** The operator set from which on it holds. Default: all that are written. */
  readonly since?: number;
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
  | "Clip"
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
  | "LayerNormalization"
  | "LeakyRelu"
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
  | "Round"
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

/**
 * What the exporter may write: operators of ONNX's own domain, each with one output. Where operator sets differ, the newest
 * form is first.
 */
const operators: Readonly<Record<OnnxOperator, Signature | readonly Signature[]>> = {
  Abs: unary,
  Add: binary,
  AveragePool: { inputs: [1, 1], attributes: { count_include_pad: "int", ...pool } },
  Cast: { inputs: [1, 1], attributes: { to: "int" } },
  Clip: ternary,
  Concat: { inputs: [1, Number.POSITIVE_INFINITY], attributes: { axis: "int" } },
  Conv: { inputs: [2, 3], attributes: convolution },
  ConvTranspose: { inputs: [2, 3], attributes: { output_padding: "ints", ...convolution } },
  Div: binary,
  Equal: binary,
  Erf: unary,
  Exp: unary,
  Expand: binary,
  Gather: { inputs: [2, 2], attributes: { axis: "int" } },
  Gemm: { inputs: [3, 3], attributes: { alpha: "float", beta: "float", transA: "int", transB: "int" } },
  Greater: binary,
  Identity: unary,
  LayerNormalization: { since: 17, inputs: [3, 3], attributes: { axis: "int", epsilon: "float" } },
  LeakyRelu: { inputs: [1, 1], attributes: { alpha: "float" } },
  Log: unary,
  LogSoftmax: { inputs: [1, 1], attributes: { axis: "int" } },
  MatMul: binary,
  Max: binary,
  MaxPool: { inputs: [1, 1], attributes: pool },
  Min: binary,
  Mul: binary,
  Neg: unary,
  Pad: binary,
  ReduceMax: [
    { since: 18, inputs: [2, 2], attributes: { keepdims: "int" } },
    { inputs: [1, 1], attributes: { axes: "ints", keepdims: "int" } },
  ],
  ReduceSum: { inputs: [2, 2], attributes: { keepdims: "int" } },
  Relu: unary,
  Reshape: binary,
  Round: unary,
  Shape: [{ since: 15, inputs: [1, 1], attributes: { start: "int", end: "int" } }, unary],
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

/** The signature of an operator in an operator set; undefined for one that is never written there. */
export function signatureOf(opType: string, opset: number): Signature | undefined {
  if (!Object.hasOwn(operators, opType)) return undefined;
  return [operators[opType as OnnxOperator]].flat().find(({ since = 0 }) => opset >= since);
}
