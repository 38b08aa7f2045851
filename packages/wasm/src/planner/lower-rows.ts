import type { LossLowering, Lowering, Operand, PlanBuilder } from "./plan-builder.ts";
import { sizeOf, type View } from "./view.ts";

/** Rows along the last axis and their length. */
function rowsOf({ shape }: View): readonly [rows: number, length: number] {
  const length = shape.at(-1)!;
  return [sizeOf(shape) / length, length];
}

const dense = (plan: PlanBuilder, operands: readonly Operand[]): View[] =>
  operands.map((operand) => plan.dense(operand));

/**
 * `y = f(...)` of dense operands, row by row, and of the attributes `numbers`; `overlays` says how many of the
 * operands, the first ones, `y` may overwrite.
 */
export const lowerRows =
  (kernel: string, overlays: number, numbers: readonly string[] = []): Lowering =>
  (plan, node, operands) => {
    const views = dense(plan, operands);
    const y = plan.result(node);
    const buffers = views.map(({ buffer }) => buffer);
    const extra = numbers.map((key) => node.attributes[key] as number);
    plan.call(kernel, [...buffers, y.buffer, ...rowsOf(views[0]!), ...extra], {
      output: y.buffer,
      overlay: buffers.slice(0, overlays),
      flops: buffers.length * sizeOf(views[0]!.shape),
    });
    return y;
  };

/** A cross-entropy of each row and its gradient, which may take the logits' place. */
export const lowerSoftmaxLoss: LossLowering = (plan, [loss, gradient], operands) => {
  const views = dense(plan, operands);
  const [y, slopes] = [plan.result(loss), plan.result(gradient)];
  const buffers = views.map(({ buffer }) => buffer);
  plan.call("softmaxCrossEntropyBoth", [...buffers, y.buffer, slopes.buffer, ...rowsOf(slopes)], {
    output: slopes.buffer,
    overlay: buffers.slice(0, 1),
    flops: 5 * sizeOf(slopes.shape),
  });
  return [y, slopes];
};

/** Rows of a table by ids. */
export const lowerGather: Lowering = (plan, node, operands) => {
  const [table, ids] = dense(plan, operands) as [View, View];
  const y = plan.result(node);
  plan.call("gather", [table.buffer, ids.buffer, y.buffer, sizeOf(ids.shape), ...table.shape], { output: y.buffer });
  return y;
};

/** Rows added to those of their ids. */
export const lowerScatterAdd: Lowering = (plan, node, operands) => {
  const [values, ids] = dense(plan, operands) as [View, View];
  const y = plan.result(node);
  plan.call("scatterAdd", [values.buffer, ids.buffer, y.buffer, sizeOf(ids.shape), ...y.shape], {
    output: y.buffer,
    flops: sizeOf(values.shape),
  });
  return y;
};

export const lowerOneHot: Lowering = (plan, node, operands) => {
  const [ids] = dense(plan, operands) as [View];
  const y = plan.result(node);
  plan.call("oneHot", [ids.buffer, y.buffer, sizeOf(ids.shape), y.shape.at(-1)!], { output: y.buffer });
  return y;
};
