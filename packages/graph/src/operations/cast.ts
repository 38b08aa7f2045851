import type { NdArray } from "@isthmus/math";
import type { TensorType } from "../ir.ts";
import type { Primitive } from "../operation.ts";

/** Integers as float32. Constant to differentiation when its input is an integer. */
export const cast: Primitive = {
  name: "cast",
  version: 1,
  tier: "primitive",
  infer: ([x]) => ({ shape: (x as TensorType).shape, dtype: "f32" }),
  derivative: () => [undefined],
  reference: ([x]) => x as NdArray,
};
