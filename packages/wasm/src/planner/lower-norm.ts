import type { Lowering } from "./plan-builder.ts";
import { sizeOf } from "./view.ts";

/** One pass over the elements, in any order they lie in. */
export const lowerNorm: Lowering = (plan, node, [operand]) => {
  const x = plan.dense(operand!);
  const y = plan.result(node);
  const n = sizeOf(x.shape);
  plan.call("euclideanNorm", [x.buffer, y.buffer, n], { output: y.buffer, flops: 2 * n });
  return y;
};
