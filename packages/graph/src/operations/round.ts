import { type NdArray, roundHalfEven } from "@isthmus/math";
import type { TensorType } from "../ir.ts";
import type { Primitive } from "../operation.ts";
import { requireFloat } from "./require.ts";

/** x to the nearest integer, halves to the even one (IEEE 754 roundTiesToEven). Its derivative is 0; see `straightThrough`. */
export const round: Primitive = {
  name: "round",
  version: 1,
  tier: "primitive",
  operands: ["x"],
  attributes: {},
  infer: ([x]) => requireFloat("round", "x", x as TensorType),
  derivative: () => [undefined],
  reference: ([x]) => {
    const { shape, data } = x as NdArray;
    return { shape, data: data.map(roundHalfEven) };
  },
};
