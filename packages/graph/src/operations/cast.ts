import type { NdArray } from "@isthmus/math";
import type { TensorType } from "../ir.ts";
import type { Primitive } from "../operation.ts";

/** Integers as float32. Constant to differentiation. */
export const cast: Primitive = {
  name: "cast",
  version: 1,
  tier: "primitive",
  operands: ["x"],
  attributes: {},
  infer: ([x]) => {
    const { shape, dtype } = x as TensorType;
    if (dtype === "f32") throw new TypeError(`cast: "x" expected integers, got f32`);
    return { shape, dtype: "f32" };
  },
  derivative: () => [undefined],
  reference: ([x]) => x as NdArray,
};
