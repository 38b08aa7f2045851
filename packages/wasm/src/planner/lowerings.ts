import type { Json } from "@isthmus/graph";
import { hash32 } from "@isthmus/math";
import { ACTIVATIONS, GATES } from "@isthmus/kernels";
import type { DenseLayer } from "./dense-layers.ts";
import { lowerConcat, lowerPad, lowerSlice } from "./lower-blocks.ts";
import { lowerBinary, lowerGated, lowerSelect, lowerSigmoidLoss, lowerUnary } from "./lower-elementwise.ts";
import { lowerNorm } from "./lower-norm.ts";
import { lowerReduction } from "./lower-reduction.ts";
import { lowerGather, lowerOneHot, lowerRows, lowerScatterAdd, lowerSoftmaxLoss } from "./lower-rows.ts";
import { lowerConvolution, lowerDepthwise, windowLowerings } from "./lower-window.ts";
import type { Argument, Buffer, PlannedChoice } from "./plan.ts";
import type { Countable, Effects, LossLowering, Lowering, Operand, PlanBuilder } from "./plan-builder.ts";
import { broadcastView, denseView, isDense, reshapeView, sizeOf, transposeView, type View } from "./view.ts";

const input: Lowering = (plan, node) => plan.result(node);

const state: Lowering = (plan, node) => {
  const shape = plan.shapeOf(node);
  return denseView(plan.state(node.attributes["name"] as string, shape), shape);
};

const constant: Lowering = (plan, node) =>
  denseView(plan.constant(node.attributes["values"] as readonly number[]), plan.shapeOf(node));

const batchSize: Lowering = (plan) => denseView(plan.constant([plan.batch]), []);

const random =
  (kernel: string): Lowering =>
  (plan, node, [seed, step]) => {
    const y = plan.result(node);
    const words = [plan.dense(seed!).buffer, plan.dense(step!).buffer];
    const stream = hash32(node.attributes["stream"] as string);
    plan.call(kernel, [y.buffer, sizeOf(y.shape), ...words, stream], { output: y.buffer });
    return y;
  };

const reshape: Lowering = (plan, node, [x]) =>
  reshapeView(x!.view, plan.shapeOf(node)) ?? denseView(plan.dense(x!).buffer, plan.shapeOf(node));

const broadcastTo: Lowering = (plan, node, [x]) => broadcastView(x!.view, plan.shapeOf(node));

const transpose: Lowering = (_, node, [x]) =>
  transposeView(x!.view, node.attributes["permutation"] as readonly number[]);

/** Only integers get here: float32 needs no cast. */
const cast: Lowering = (plan, node, [x]) => {
  const y = plan.result(node);
  plan.call(x!.view.buffer.dtype === "u8" ? "castU8" : "castI32", [plan.dense(x!).buffer, y.buffer, sizeOf(y.shape)], {
    output: y.buffer,
  });
  return y;
};

/** A matrix as `gemm` reads it: `flag` says that it lies transposed. */
interface Matrix {
  readonly flag: number;
  readonly view: View;
}

function matrix(plan: PlanBuilder, operand: Operand, transposed: Json | undefined): Matrix {
  const flag = transposed === true ? 1 : 0;
  const flipped = transposeView(operand.view, [1, 0]);
  if (!isDense(operand.view) && isDense(flipped)) return { flag: 1 - flag, view: flipped };
  return { flag, view: plan.dense(operand) };
}

/** A product and what it takes to call a kernel for it. */
interface DenseProduct {
  readonly left: Matrix;
  readonly right: Matrix;
  readonly sizes: readonly [m: number, n: number, k: number];
  /** Of both operands and the result. */
  readonly buffers: readonly Buffer[];
  /** The bias, or the result of the activation whose gradient it goes through, and which activation. */
  readonly epilogue: readonly Argument[];
  readonly effects: Effects;
}

/**
 * Leaving out zeros of A gains too little to count on, or loses, in a product with fewer columns, by what made the zeros, or fewer rows or terms: a block of `sparseGemm` has up
 * to 32 columns, and the lists of what is not zero, half of what relu made, are written once for all blocks. For zeros of B, rows and columns change parts.
 */
const WORTH_COUNTING = { columns: { data: 24, relu: 128 }, others: 16 };

/** `sparseGemm` leaves out the zeros of a B whose columns are a multiple of so many. */
const GROUPS_TURNED = 8;

/** `sparseRows` takes no more. */
const MOST_ROWS_UNPACKED = 3;

/** Elements of a B from which on it takes longer to read B than to count what is not zero in A. */
const WORTH_SKIPPING = 2048;

const isWorthCounting = ({ madeBy }: Countable, m: number, n: number, k: number): boolean =>
  n >= WORTH_COUNTING.columns[madeBy] && Math.min(m, k) >= WORTH_COUNTING.others;

/** Of a B that relu made, whose zeros `sparseGemm` leaves out as those of an A: it turns what it makes, and that takes no epilogue. With data it loses where C has few rows. */
function choiceOfRight(plan: PlanBuilder, product: DenseProduct, zeros: Countable): PlannedChoice | undefined {
  const { right, sizes, epilogue } = product;
  const [m, n, k] = sizes;
  const turns = n % GROUPS_TURNED === 0 && epilogue.every((argument) => argument === 0);
  return turns && zeros.madeBy === "relu" && isWorthCounting(zeros, n, m, k)
    ? plan.choice(zeros, right.view.buffer)
    : undefined;
}

/** Calls for a product whose A or B may have so many zeros that they are left out; false if that would not pay. */
function callWithoutZeros(plan: PlanBuilder, product: DenseProduct, ofLeft?: Countable, ofRight?: Countable): boolean {
  const { left, right, sizes, buffers, epilogue, effects } = product;
  const first = ofLeft && isWorthCounting(ofLeft, ...sizes) ? plan.choice(ofLeft, left.view.buffer) : undefined;
  const second = ofRight && choiceOfRight(plan, product, ofRight);
  if (!first && !second) return ofLeft !== undefined && callByRows(plan, product, ofLeft);
  const transposed = left.flag + 2 * right.flag;
  const scratch = plan.workspace(plan.scratch.sparseGemmScratch(transposed, ...sizes));
  const tallies = [first?.tally ?? 0, second?.tally ?? 0];
  const choices = [...new Set([first, second])].filter((choice) => choice !== undefined);
  plan.call("sparseGemm", [transposed, ...sizes, ...buffers, ...epilogue, scratch, ...tallies], {
    ...effects,
    choices,
  });
  return true;
}

/** Calls for a product of so few rows that nothing is packed, without B's rows that only zeros would multiply; false if that would not pay. */
function callByRows(plan: PlanBuilder, product: DenseProduct, zeros: Countable): boolean {
  const { left, right, sizes, buffers, epilogue, effects } = product;
  const [m, n, k] = sizes;
  const { place } = right.view.buffer;
  const unpacked = left.flag + right.flag === 0 && m <= MOST_ROWS_UNPACKED && n * k >= WORTH_SKIPPING;
  if (zeros.madeBy !== "data" || place.kind !== "state" || !unpacked) return false;
  const choice = plan.choice(zeros, left.view.buffer, place.name);
  const args = [...sizes, ...buffers, ...epilogue, choice.tally, choice.weights!.finite];
  plan.call("sparseRows", args, { ...effects, choices: [choice] });
  return true;
}

/** Computing each element of a gradient through relu by itself gains too little in smaller products. */
const WORTH_GATING = { rows: 16, columns: 64, terms: 256 };

/** Calls for a product that the gradient through relu follows, whose `result` says what of it is needed; false if that would not pay. */
function callThroughRelu(plan: PlanBuilder, product: DenseProduct, result: Operand): boolean {
  const { left, right, sizes, buffers, effects } = product;
  const [m, n, k] = sizes;
  const { rows, columns, terms } = WORTH_GATING;
  const { countable } = result;
  if (countable?.madeBy !== "relu" || left.flag === 1 || right.flag === 0 || m < rows || n < columns || k < terms)
    return false;
  const y = plan.dense(result).buffer;
  const choice = plan.choice(countable, y);
  const scratch = plan.workspace(plan.scratch.gatedGemmScratch(...sizes));
  plan.call("gatedGemm", [...sizes, ...buffers, y, scratch, choice.tally], { ...effects, choices: [choice] });
  return true;
}

/**
 * `activation(op(A) op(B) + bias)`, or the gradient through an activation, in one call, and one that counts what is not
 * zero in an operand, or a result of relu, where zeros are to be expected.
 *
 * @param beside the bias, or the result of the activation
 */
function lowerDenseLayer(plan: PlanBuilder, layer: DenseLayer, a: Operand, b: Operand, beside?: Operand): View {
  const { attributes } = layer.product;
  const left = matrix(plan, a, attributes["transposeA"]);
  const right = matrix(plan, b, attributes["transposeB"]);
  const y = plan.result(layer.nodes.at(-1)!);
  const [m, n] = y.shape as [number, number];
  const k = left.view.shape[left.flag === 1 ? 0 : 1]!;
  const sizes = [m, n, k] as const;
  const last = layer.gate ? GATES[layer.gate.op] : ACTIVATIONS[layer.activation ?? "none"];
  const epilogue = [beside ? plan.dense(beside).buffer : 0, last];
  const buffers = [left.view.buffer, right.view.buffer, y.buffer];
  const effects = { output: y.buffer, flops: 2 * m * n * k };
  const product = { left, right, sizes, buffers, epilogue, effects };
  if (layer.gate?.op === "reluGrad" && callThroughRelu(plan, product, beside!)) return y;
  if (!layer.gate && callWithoutZeros(plan, product, a.countable, b.countable)) return y;
  const scratchBytes = plan.scratch.gemmScratch(left.flag, right.flag, ...sizes);
  const scratch = scratchBytes > 0 ? plan.workspace(scratchBytes) : 0;
  plan.call("gemm", [left.flag, right.flag, ...sizes, ...buffers, ...epilogue, scratch], effects);
  return y;
}

/** Writes the calls for a product with what follows it; `beside` is the bias or the result of the gate's activation. */
type LayerLowering = (plan: PlanBuilder, layer: DenseLayer, a: Operand, b: Operand, beside?: Operand) => View;

/** Everything that `findDenseLayers` takes for a product. */
export const layerLowerings: Readonly<Record<string, LayerLowering>> = {
  matmul: lowerDenseLayer,
  conv2d: lowerConvolution,
  conv2dInputGrad: lowerConvolution,
  depthwiseConv2d: lowerDepthwise,
};

/** By cross-entropy. */
export const lossLowerings: Readonly<Record<string, LossLowering>> = {
  sigmoidCrossEntropy: lowerSigmoidLoss,
  softmaxCrossEntropy: lowerSoftmaxLoss,
};

const alone =
  (lowering: LayerLowering): Lowering =>
  (plan, node, [a, b]) =>
    lowering(plan, { product: node, nodes: [node] }, a!, b!);

const table = <K extends string>(names: readonly K[], lowering: (name: K) => Lowering): Record<string, Lowering> =>
  Object.fromEntries(names.map((name) => [name, lowering(name)]));

/** Every operation that has kernels, by name. */
export const lowerings: Readonly<Record<string, Lowering>> = {
  ...{ input, state, constant, batchSize, reshape, broadcastTo, transpose, cast, select: lowerSelect },
  ...Object.fromEntries(Object.entries(layerLowerings).map(([op, lowering]) => [op, alone(lowering)])),
  ...windowLowerings,
  ...table(["randomUniform", "randomNormal"], random),
  ...table(["neg", "abs", "sign", "step", "exp", "expm1", "log", "log1p", "sqrt", "square"], lowerUnary),
  ...table(["sigmoid", "tanh", "softplus", "relu"], lowerUnary),
  ...table(["add", "sub", "mul", "div", "maximum", "minimum", "greater", "equal"], lowerBinary),
  ...table(["sum", "max"], lowerReduction),
  euclideanNorm: lowerNorm,
  ...table(["erf", "round"], lowerUnary),
  ...{ concat: lowerConcat, slice: lowerSlice, pad: lowerPad },
  ...{ gather: lowerGather, scatterAdd: lowerScatterAdd, oneHot: lowerOneHot },
  ...table(["softmax", "logSoftmax"], (name) => lowerRows(name, 1)),
  ...table(["softmaxGrad", "logSoftmaxGrad"], (name) => lowerRows(name, 2)),
  ...table(["standardise", "standardiseGrad"], (name) => lowerRows(name, 1, ["epsilon"])),
  softmaxCrossEntropy: lowerRows("softmaxCrossEntropy", 0),
  softmaxCrossEntropyGrad: lowerRows("softmaxCrossEntropyGrad", 1),
  // What the kernels gate or scale by `g`, which may repeat along an axis: all operands but `g` are dense.
  ...table(["reluGrad", "sigmoidGrad", "tanhGrad"], (name) => lowerGated(name, 0)),
  sigmoidCrossEntropyGrad: lowerGated("sigmoidCrossEntropyGrad", 2),
  sigmoidCrossEntropy: lowerGated("sigmoidCrossEntropy"),
};
