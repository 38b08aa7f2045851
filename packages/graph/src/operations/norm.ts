import type { TensorType } from "../ir.ts";
import type { Composite } from "../operation.ts";
import { requireFloat } from "./require.ts";

/**
 * ||x|| = sqrt(sum x^2) over all elements, a scalar, as M sqrt(sum (x / M)^2) with M = max |x|, so that no square
 * overflows or vanishes. NaN when an element is infinite or NaN.
 */
export const euclideanNorm: Composite = {
  name: "euclideanNorm",
  version: 1,
  tier: "composite",
  operands: ["x"],
  attributes: {},
  infer: ([x]) => {
    requireFloat("euclideanNorm", "x", x as TensorType);
    return { shape: [], dtype: "f32" };
  },
  expand: (ops, inputs) => {
    const x = inputs[0] as (typeof inputs)[number];
    const largest = ops.max(ops.abs(ops.stopGradient(x)));
    const unit = ops.select(ops.equal(largest, ops.scalar(0)), ops.scalar(1), largest);
    return ops.mul(unit, ops.sqrt(ops.sum(ops.square(ops.div(x, unit)))));
  },
};
