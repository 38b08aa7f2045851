import type { NdArray } from "@isthmus/math";
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
  reference: ([x]) => ({ shape: (x as NdArray).shape, data: (x as NdArray).data.map(errorFunction) }),
};

function errorFunction(x: number): number {
  const t = Math.abs(x);
  if (Number.isNaN(x) || x === 0) return x;
  return Math.sign(x) * (t < 2.5 ? series(t) : t < 6 ? 1 - complement(t) : 1);
}

/** 2 / sqrt(pi) exp(-t^2) sum of 2^n t^(2n+1) / (2n+1)!!, whose terms all have one sign (Abramowitz, Stegun 1964, 7.1.6). */
function series(t: number): number {
  let [term, sum] = [t, 0];
  for (let n = 1; sum + term !== sum; n++) {
    sum += term;
    term *= (2 * t * t) / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-t * t) * sum;
}

/** 1 - erf(t) by its continued fraction (7.1.14), from the inside out: 60 levels are exact to float64 from t = 2.5 on. */
function complement(t: number): number {
  let tail = t;
  for (let k = 60; k > 0; k--) tail = t + k / 2 / tail;
  return Math.exp(-t * t) / Math.sqrt(Math.PI) / tail;
}
