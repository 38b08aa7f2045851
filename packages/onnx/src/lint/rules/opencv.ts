import { FLOAT16 } from "../../data-types.ts";
import type { OnnxDim, OnnxNode } from "../../messages.ts";
import { nodeRule, type Rule } from "../rule.ts";
import type { Subject } from "../subject.ts";

const MEASURED = "measured with OpenCV 4.6 (Debian's libopencv-dnn)";
const IMPORTER = `${MEASURED}: modules/dnn/src/onnx/onnx_importer.cpp`;

type Dims = readonly OnnxDim[];

const isConstant = ({ inputs }: OnnxNode, subject: Subject): boolean =>
  inputs.some((name) => subject.constant(name) !== undefined);

const isFactor = ({ opType }: OnnxNode): boolean => opType === "Mul" || opType === "Div";

/** Whether one operand is stretched to the other in a way that is not provided for. */
function isStretched(node: OnnxNode, subject: Subject): boolean {
  const [a, b] = node.inputs.map((name) => subject.fact(name)?.shape);
  if (!a || !b || (a.length === b.length && a.every((dim, axis) => dim === b[axis]))) return false;
  if (!isConstant(node, subject)) return !isFactor(node) || isOpenProduct(a, b);
  return subject.constant(node.inputs[0]) ? isUnfit(node, a, b) : isUnfit(node, b, a);
}

/** Of a constant: sums want no axis for the batch, products no vector along the last of several axes. */
function isUnfit(node: OnnxNode, constant: Dims, whole: Dims): boolean {
  if (isFactor(node)) return constant.length === 1 && constant[0] !== 1 && whole.length > 2;
  return constant.length === whole.length && constant[0] === 1 && constant.some((dim) => dim !== 1);
}

/** Of two computed values: one has an axis of any size, and the first is no matrix with as many rows and columns as both. */
function isOpenProduct(a: Dims, b: Dims): boolean {
  const isWhole = a.length === 2 && b.length === 2 && b.every((dim, axis) => dim === 1 || dim === a[axis]);
  return !isWhole && [...a, ...b].some((dim) => typeof dim !== "number");
}

export const opencv: readonly Rule[] = [
  nodeRule(
    { id: "gemm-rows", what: "weights of a Gemm must be stored [out, in] and read with transB 1", source: MEASURED },
    (node, subject) => node.opType === "Gemm" && subject.int(node, "transB", 0) === 0,
  ),
  nodeRule(
    { id: "uneven-pads", what: "uneven pads of a ConvTranspose are not implemented", source: MEASURED },
    (node, subject) => node.opType === "ConvTranspose" && subject.isUneven(node),
  ),
  nodeRule(
    {
      id: "no-kernel",
      what: "a ConvTranspose must say its kernel_shape",
      source: `${IMPORTER}, parseConvTranspose`,
    },
    (node, subject) => node.opType === "ConvTranspose" && subject.ints(node, "kernel_shape").length === 0,
  ),
  nodeRule(
    { id: "negative-pad", what: "a Pad that cuts is refused", source: MEASURED },
    ({ opType, inputs }, subject) => opType === "Pad" && (subject.numbers(inputs[1]) ?? []).some((pad) => pad < 0),
  ),
  {
    id: "float16",
    what: "initialisers of float16 are refused",
    source: MEASURED,
    find: ({ model }) =>
      model.graph.initialisers.filter(({ elementType }) => elementType === FLOAT16).map(({ name }) => name),
  },
  nodeRule(
    {
      id: "dequantised-weights",
      what: "weights behind a DequantizeLinear are refused",
      source: `${MEASURED}: modules/dnn/src/int8layers/quantization_utils.cpp, getMemoryShapes`,
    },
    ({ opType, inputs }, subject) => opType === "DequantizeLinear" && subject.constant(inputs[0]) !== undefined,
  ),
  nodeRule(
    {
      id: "open-shape",
      what: "the Shape of a value whose batch is of any size is refused, or taken for that of one: fix the batch",
      source: `${IMPORTER}, parseShape`,
    },
    ({ opType, inputs }, subject) =>
      opType === "Shape" && (subject.fact(inputs[0])?.shape ?? []).some((dim) => typeof dim !== "number"),
  ),
  nodeRule(
    {
      id: "sum-axes",
      what: "a ReduceSum with its axes as an input, as since operator set 13, is refused",
      source: `${IMPORTER}, parseReduce`,
    },
    ({ opType, inputs }) => opType === "ReduceSum" && (inputs[1] ?? "") !== "",
  ),
  nodeRule(
    {
      id: "constant-extreme",
      what: "Max and Min with a constant are refused: use Clip",
      source: `${MEASURED}: modules/dnn/src/layers/eltwise_layer.cpp, getMemoryShapes`,
    },
    (node, subject) => (node.opType === "Max" || node.opType === "Min") && isConstant(node, subject),
  ),
  nodeRule(
    {
      id: "constant-comparison",
      what: "comparing several items with a constant is refused, without a word about the node",
      source: `${MEASURED}: modules/dnn/include/opencv2/dnn/shape_utils.hpp, total`,
    },
    (node, subject) => ["Equal", "Greater", "Less"].includes(node.opType) && isConstant(node, subject),
  ),
  nodeRule(
    {
      id: "stretched",
      what: "stretching one operand to the other is refused but for some constants, and products of fixed shapes",
      source: `${IMPORTER}, parseMul, findBroadAxis`,
    },
    (node, subject) => ["Add", "Sub", "Mul", "Div"].includes(node.opType) && isStretched(node, subject),
  ),
];
