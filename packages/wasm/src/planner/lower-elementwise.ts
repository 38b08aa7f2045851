import type { LossLowering, Lowering, Operand, PlanBuilder } from "./plan-builder.ts";
import type { Buffer } from "./plan.ts";
import { asRows, broadcastView, denseView, isDense, isOneNumber, type Rows, sizeOf, type View } from "./view.ts";

/** `y = f(x)`, computed once for each element of the buffer however often the view repeats it. */
export const lowerUnary =
  (kernel: string): Lowering =>
  (plan, _, [operand]) => {
    const x = operand!.view.buffer;
    const y = plan.workspace(x.bytes);
    const n = x.bytes / 4;
    plan.call(kernel, [x, y, n], { output: y, overlay: [x], flops: n });
    return { ...operand!.view, buffer: y };
  };

/** `y = f(a, b)`, read by strides where two loops suffice. */
export const lowerBinary =
  (kernel: string): Lowering =>
  (plan, node, operands) => {
    const y = plan.result(node);
    const stretched = operands.map((operand) => stretch(operand, y.shape));
    const { views, rows } = readByRows(plan, stretched);
    const [a, b] = rows.strides as [Rows["strides"][number], Rows["strides"][number]];
    const args = [...views.map((view) => view.buffer), y.buffer, rows.outer, rows.inner];
    plan.call(kernel, [...args, a.outer, a.inner, b.outer, b.inner], {
      output: y.buffer,
      overlay: overlayable(views),
      flops: rows.outer * rows.inner,
    });
    return y;
  };

/** `y = condition ? a : b`; the kernel reads dense operands only. */
export const lowerSelect: Lowering = (plan, node, operands) => {
  const y = plan.result(node);
  const views = operands.map((operand) => plan.dense(stretch(operand, y.shape)));
  const n = sizeOf(y.shape);
  const sources = views.map((view) => view.buffer);
  plan.call("select", [...sources, y.buffer, n], { output: y.buffer, overlay: sources, flops: n });
  return y;
};

/**
 * A fused elementwise kernel whose operands are dense, but for the one at index `strided`, which it reads by rows.
 * Without one the kernel takes a plain count.
 */
export const lowerGated =
  (kernel: string, strided?: number): Lowering =>
  (plan, node, operands) => {
    const y = plan.result(node);
    const stretched = operands.map((operand) => stretch(operand, y.shape));
    const views = stretched.map((operand, index) => (index === strided ? operand.view : plan.dense(operand)));
    if (strided !== undefined && !asRows([views[strided]!])) views[strided] = plan.dense(stretched[strided]!);
    const n = sizeOf(y.shape);
    const sources = [...views.map((view) => view.buffer), y.buffer];
    const extent = strided === undefined ? [n] : rowArguments(views[strided]!);
    plan.call(kernel, [...sources, ...extent], { output: y.buffer, overlay: overlayable(views), flops: n });
    return y;
  };

/** A cross-entropy of each element and its gradient, if `scale` is one number; the gradient may take the place of an operand. */
export const lowerSigmoidLoss: LossLowering = (plan, [loss, gradient], [logits, targets, scale]) => {
  if (!isOneNumber(scale!.view)) return undefined;
  const [y, slopes] = [plan.result(loss), plan.result(gradient)];
  const views = [logits!, targets!].map((operand) => plan.dense(stretch(operand, y.shape)));
  const n = sizeOf(y.shape);
  const sources = [...views.map((view) => view.buffer), scale!.view.buffer];
  const effects = { output: slopes.buffer, overlay: overlayable(views), flops: 2 * n };
  plan.call("sigmoidCrossEntropyBoth", [...sources, y.buffer, slopes.buffer, n], effects);
  return [y, slopes];
};

function rowArguments(view: View): number[] {
  const { outer, inner, strides } = asRows([view])!;
  return [outer, inner, strides[0]!.outer, strides[0]!.inner];
}

/** The operand at the result's shape, sharing its dense copy when it has that shape already. */
function stretch(operand: Operand, shape: readonly number[]): Operand {
  const same =
    operand.view.shape.length === shape.length && operand.view.shape.every((dim, axis) => dim === shape[axis]);
  return same ? operand : { view: broadcastView(operand.view, shape) };
}

/** Which of two operands to copy, fewest first. */
const copyChoices = [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
] as const;

/** Views that two loops can walk together: as they are, or with as few copies as will do. */
function readByRows(plan: PlanBuilder, operands: readonly Operand[]): { views: View[]; rows: Rows } {
  const walk = (copied: readonly boolean[]) =>
    asRows(operands.map(({ view }, index) => (copied[index] ? denseView(view.buffer, view.shape) : view)));
  const choice = copyChoices.find(walk)!;
  const views = operands.map((operand, index) => (choice[index] ? plan.dense(operand) : operand.view));
  return { views, rows: walk(choice)! };
}

/**
 * The buffers of dense operands. Overwriting one is safe even if another operand shares it: a view of as many elements
 * as its buffer has is a permutation of them, and the only one that rows can walk is the dense one.
 */
function overlayable(views: readonly View[]): Buffer[] {
  return views.filter(isDense).map((view) => view.buffer);
}
