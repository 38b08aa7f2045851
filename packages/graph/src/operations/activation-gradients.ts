import type { ArrayOps } from "@isthmus/math";
import type { TensorType } from "../ir.ts";
import type { Composite } from "../operation.ts";
import { inferBroadcast } from "./binary.ts";

/** `g f'(x)` written with `y = f(x)`, so that the backward pass need not keep `x`. */
const activationGradient = (name: string, slope: <T>(ops: ArrayOps<T>, y: T) => T): Composite => ({
  name,
  version: 1,
  tier: "composite",
  operands: ["g", "y"],
  attributes: {},
  infer: ([g, y]) => inferBroadcast(name, { g: g as TensorType, y: y as TensorType }),
  expand: (ops, inputs) => {
    const [g, y] = inputs as [(typeof inputs)[number], (typeof inputs)[number]];
    return ops.mul(g, slope(ops, y));
  },
});

export const reluGrad: Composite = activationGradient("reluGrad", (ops, y) => ops.greater(y, ops.scalar(0)));
export const sigmoidGrad: Composite = activationGradient("sigmoidGrad", (ops, y) =>
  ops.mul(y, ops.sub(ops.scalar(1), y)),
);
export const tanhGrad: Composite = activationGradient("tanhGrad", (ops, y) => ops.sub(ops.scalar(1), ops.square(y)));
