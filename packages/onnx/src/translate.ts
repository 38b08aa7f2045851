import type { Node, Shape } from "@isthmus/graph";
import { writeAveragePool, writeConvolution, writeMaxPool } from "./convolution.ts";
import { writeGemm } from "./gemm.ts";
import { type Attributes, int, ints, type Value } from "./graph-writer.ts";
import { type ElementType, elementTypes } from "./messages.ts";
import type { NodeWriter } from "./node-writer.ts";
import { writeLayerNorm } from "./patterns.ts";
import type { OnnxOperator } from "./operators.ts";

type Translation = (write: NodeWriter) => void;

const direct =
  (opType: OnnxOperator): Translation =>
  (write) =>
    write.result(opType, write.inputs);

const castTo = (type: ElementType): Attributes => ({ to: int(elementTypes[type]) });

const comparison =
  (opType: "Greater" | "Equal"): Translation =>
  (write) => {
    const truth = write.step("truth", opType, write.inputs, {}, { type: "bool" });
    write.result("Cast", [truth], castTo("f32"));
  };

/** `tanh(x / 2) (exp(x) + 1)`: exp(x) - 1 would cancel near 0. */
const expm1: Translation = (write) => {
  const half = write.step("half", "Mul", [write.inputs[0]!, write.scalar("one_half", 0.5)]);
  const tanh = write.step("tanh", "Tanh", [half]);
  const exp = write.step("exp", "Exp", write.inputs);
  write.result("Mul", [tanh, write.step("sum", "Add", [exp, write.scalar("one", 1)])]);
};

/**
 * With u = 1 + x rounded: `log(u) x / (u - 1)`, and x where u = 1 (Goldberg 1991, theorem 4): log(1 + x) itself would
 * lose the digits of a small x.
 */
const log1p: Translation = (write) => {
  const x = write.inputs[0]!;
  const one = write.scalar("one", 1);
  const u = write.step("u", "Add", [x, one]);
  const ratio = write.step("ratio", "Div", [x, write.step("rounded_x", "Sub", [u, one])]);
  const scaled = write.step("scaled", "Mul", [write.step("log", "Log", [u]), ratio]);
  const tiny = write.step("tiny", "Equal", [u, one], {}, { type: "bool" });
  write.result("Where", [tiny, x, scaled]);
};

const step: Translation = (write) => {
  const truth = write.step("truth", "Greater", [write.inputs[0]!, write.scalar("zero", 0)], {}, { type: "bool" });
  write.result("Cast", [truth], castTo("f32"));
};

const select: Translation = (write) => {
  const [condition, a, b] = write.inputs as [Value, Value, Value];
  const truth = write.step("truth", "Cast", [condition], castTo("bool"), { type: "bool", shape: condition.shape });
  write.result("Where", [truth, a, b]);
};

const axesOf = (node: Node) => node.attributes["axes"] as readonly number[];
const keepDims = (node: Node) => int(node.attributes["keepDims"] ? 1 : 0);

const sum: Translation = (write) =>
  write.result("ReduceSum", [write.inputs[0]!, write.integers("axes", axesOf(write.node))], {
    keepdims: keepDims(write.node),
  });

/** The axes are an attribute until operator set 17 and an input from 18 on. */
const max: Translation = (write) => {
  const [x] = write.inputs as [Value];
  const [axes, keepdims] = [axesOf(write.node), keepDims(write.node)];
  if (write.dialect.opset < 18) write.result("ReduceMax", [x], { axes: ints(axes), keepdims });
  else write.result("ReduceMax", [x, write.integers("axes", axes)], { keepdims });
};

/** The batch is copied (0) where it stays on its axis and inferred (-1) where it moves. */
const reshape: Translation = (write) => {
  const from = write.inputs[0]!.shape;
  const to = write.shape;
  const dims = to.map((dim, axis) => (dim !== "batch" ? dim : from[axis] === "batch" ? 0 : -1));
  if (dims.filter((dim) => dim === -1).length > 1)
    write.refuse("moves two batch axes at once, which ONNX cannot infer");
  if (to.includes(0)) write.refuse("makes an empty tensor, which ONNX's Reshape reads as a copied size");
  write.result("Reshape", [write.inputs[0]!, write.integers("shape", dims)]);
};

const transpose: Translation = (write) =>
  write.result("Transpose", write.inputs, { perm: ints(write.node.attributes["permutation"] as readonly number[]) });

/** Expand leaves an axis as it is where the wanted size is 1; only a batch that is not there yet is read off an input. */
const broadcastTo: Translation = (write) => {
  const x = write.inputs[0]!;
  const to = write.node.shape;
  const added = to.length - x.shape.length;
  const stays = to.map((dim, axis) => dim === "batch" && x.shape[axis - added] === "batch");
  const wanted = to.map((dim, axis) => (stays[axis] ? 1 : dim));
  write.result("Expand", [x, sizes(write, wanted)]);
};

/** A shape as int64: a constant, or pieced together around the size of the batch. */
function sizes(write: NodeWriter, shape: Shape): Value {
  if (!shape.includes("batch")) return write.integers("shape", shape as readonly number[]);
  const batch = batchOf(write);
  const parts = shape.map((dim, axis) => (dim === "batch" ? batch : write.integers(`size${axis}`, [dim])));
  return write.step("shape", "Concat", parts, { axis: int(0) }, { type: "i64", shape: [shape.length] });
}

function batchOf(write: NodeWriter): Value {
  return write.writer.batchSize() ?? write.refuse("needs the size of the batch, and no input has a batch axis");
}

const batchSize: Translation = (write) => {
  const axes = write.integers("axes", [0]);
  const scalar = write.step("scalar", "Squeeze", [batchOf(write), axes], {}, { type: "i64", shape: [] });
  write.result("Cast", [scalar], castTo("f32"));
};

/** A product that no bias follows; what is to be read transposed is transposed first. */
/** A `MatMul` reads what it multiplies by as it is stored, a `Gemm` also transposed. */
const matmul: Translation = (write) => {
  const { transposeA, transposeB } = write.node.attributes;
  if (transposeB) return writeGemm(write, write.node);
  const [a, b] = write.inputs as [Value, Value];
  write.result("MatMul", [transposeA ? write.transposed("transposed_a", a) : a, b]);
};

const noise: Translation = (write) =>
  write.refuse("draws noise, which is not exported; export mu and logVar, or make the noise an input of the program");

/** An image's derivative that inference does not need. */
const gradient: Translation = (write) => write.refuse("is a gradient, which is not exported; export the network alone");

const convolution: Translation = (write) => writeConvolution(write, write.node);

const alongLast =
  (opType: "Softmax" | "LogSoftmax"): Translation =>
  (write) =>
    write.result(opType, write.inputs, { axis: int(-1) });

const numberOf = (node: Node, key: string) => node.attributes[key] as number;

const slice: Translation = (write) => {
  const bound = (role: string, key: string) => write.integers(role, [numberOf(write.node, key)]);
  const axes = write.integers("axes", [write.axis]);
  write.result("Slice", [write.inputs[0]!, bound("starts", "begin"), bound("ends", "end"), axes]);
};

/** Zeros before all axes, then after all axes. */
const pad: Translation = (write) => {
  const along = (key: string) => write.shape.map((_, axis) => (axis === write.axis ? numberOf(write.node, key) : 0));
  write.result("Pad", [write.inputs[0]!, write.integers("pads", [...along("before"), ...along("after")])]);
};

/** Runtimes refuse ids beyond the last row, but count negative ones from the end. */
const gather: Translation = (write) => write.result("Gather", write.inputs, { axis: int(0) });

/** Where ONNX has it as an operator; its scale and shift are mandatory there. */
const standardise: Translation = (write) => {
  const features = write.shape.at(-1) as number;
  const vector = (role: string, value: number) => write.vector(role, new Float32Array(features).fill(value));
  const inputs = [write.inputs[0]!, vector("ones", 1), vector("zeros", 0)];
  writeLayerNorm(write, inputs, numberOf(write.node, "epsilon"));
};

/** Ids, with an axis of size 1 behind them, compared with 0, 1, 2, ...: an id out of range gives zeros. */
const oneHot: Translation = (write) => {
  const [ids] = write.inputs as [Value];
  const shape = [...ids.shape, 1];
  const wide = write.step("wide", "Cast", [ids], castTo("i64"), { type: "i64", shape: ids.shape });
  const column = write.step("column", "Unsqueeze", [wide, write.integers("axes", [-1])], {}, { type: "i64", shape });
  const classes = write.integers("classes", [...new Array(numberOf(write.node, "classes")).keys()]);
  const truth = write.step("truth", "Equal", [column, classes], {}, { type: "bool" });
  write.result("Cast", [truth], castTo("f32"));
};

const scatterAdd: Translation = (write) =>
  write.refuse("belongs to training, and runtimes differ in how they add rows of equal ids; export the network itself");

/** Primitive -> its ONNX form. Inputs, state and constants are written by the exporter itself. */
const translations: Readonly<Record<string, Translation>> = {
  add: direct("Add"),
  sub: direct("Sub"),
  mul: direct("Mul"),
  div: direct("Div"),
  maximum: direct("Max"),
  minimum: direct("Min"),
  greater: comparison("Greater"),
  equal: comparison("Equal"),
  neg: direct("Neg"),
  abs: direct("Abs"),
  sign: direct("Sign"),
  exp: direct("Exp"),
  log: direct("Log"),
  sqrt: direct("Sqrt"),
  sigmoid: direct("Sigmoid"),
  tanh: direct("Tanh"),
  softplus: direct("Softplus"),
  relu: direct("Relu"),
  square: (write) => write.result("Mul", [write.inputs[0]!, write.inputs[0]!]),
  cast: (write) => write.result("Cast", write.inputs, castTo("f32")),
  erf: direct("Erf"),
  round: direct("Round"),
  concat: (write) => write.result("Concat", write.inputs, { axis: int(write.axis) }),
  ...{ slice, pad, gather, oneHot, scatterAdd },
  softmax: alongLast("Softmax"),
  logSoftmax: alongLast("LogSoftmax"),
  standardise,
  ...{ expm1, log1p, step, select, sum, max, reshape, transpose, broadcastTo, batchSize, matmul },
  ...{ conv2d: convolution, conv2dInputGrad: convolution, depthwiseConv2d: convolution },
  ...{ maxPool2d: writeMaxPool, avgPool2d: writeAveragePool },
  ...{ depthwiseConv2dInputGrad: convolution, conv2dFilterGrad: gradient, depthwiseConv2dFilterGrad: gradient },
  ...{ maxPool2dGrad: gradient, maxPool2dPick: gradient, avgPool2dGrad: gradient },
  randomUniform: noise,
  randomNormal: noise,
};

/**
 * Writes the node's ONNX form.
 *
 * @throws IsthmusError `ONNX_OPERATION` for an operation without one
 */
export function translate(write: NodeWriter): void {
  const translation = translations[write.node.op];
  if (!translation) {
    write.refuse("has no ONNX form; write it with other operations, or give it an entry in the exporter's table");
  }
  translation(write);
}
