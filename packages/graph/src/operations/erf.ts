import { type NdArray, ndArrayOps } from "@isthmus/math";
import type { Node, TensorType } from "../ir.ts";
import type { Primitive } from "../operation.ts";
import { requireFloat } from "./require.ts";

/** (2 / sqrt(pi)) times the integral of exp(-t^2) from 0 to x. */
export const erf: Primitive = {
  name: "erf",
  version: 1,
  tier: "primitive",
  operands: ["x"],
  attributes: {},
  infer: ([x]) => requireFloat("erf", "x", x as TensorType),
  derivative: (build, _y, [x], g) => {
    const density = build.exp(build.neg(build.square(x as Node)));
    return [build.mul(g, build.mul(density, build.scalar(2 / Math.sqrt(Math.PI))))];
  },
  reference: ([x]) => ndArrayOps.erf(x as NdArray),
};
