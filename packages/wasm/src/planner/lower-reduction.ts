import type { Lowering } from "./plan-builder.ts";
import { denseView, sizeOf, type View } from "./view.ts";

/** Consecutive axes that are all reduced: the kernel sees `[outer, n, inner]`. */
interface Run {
  readonly outer: number;
  readonly n: number;
  readonly inner: number;
}

/** Reduces run after run of neighbouring axes, the last first; axes of size 1 cost nothing. */
export const lowerReduction =
  (kernel: string): Lowering =>
  (plan, node, [operand]) => {
    const x = plan.dense(operand!);
    let value: View = x;
    for (const { outer, n, inner } of runsOf(x.shape, node.attributes["axes"] as readonly number[])) {
      const shape = [outer, inner];
      const y = denseView(plan.workspace(outer * inner * 4), shape);
      plan.call(kernel, [value.buffer, y.buffer, outer, n, inner], { output: y.buffer, flops: outer * n * inner });
      value = y;
    }
    return denseView(value.buffer, plan.shapeOf(node));
  };

function runsOf(shape: readonly number[], axes: readonly number[]): Run[] {
  const runs: Run[] = [];
  let inner = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (!axes.includes(axis)) {
      inner *= shape[axis]!;
      continue;
    }
    let n = 1;
    for (; axis >= 0 && (axes.includes(axis) || shape[axis] === 1); axis--) n *= shape[axis]!;
    axis++;
    if (n !== 1) runs.push({ outer: sizeOf(shape.slice(0, axis)), n, inner });
  }
  return runs;
}
