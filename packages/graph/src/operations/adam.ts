import type { JsonObject, TensorType } from "../ir.ts";
import type { Composite } from "../operation.ts";
import { inferSame, requireShape } from "./require.ts";

const number = (attributes: JsonObject, key: string) => attributes[key] as number;

/**
 * m' = beta1 m + (1 - beta1) g. Inputs: `m`, `g`. Attributes: `decay` = beta1 and `complement` = 1 - beta1, which is
 * its own attribute so that it is computed once, in float64.
 */
export const adamFirstMoment: Composite = {
  name: "adamFirstMoment",
  version: 1,
  tier: "composite",
  operands: ["m", "g"],
  attributes: { decay: "number", complement: "number" },
  infer: ([m, g]) => inferSame("adamFirstMoment", { m: m as TensorType, g: g as TensorType }),
  expand: (ops, inputs, attributes) => {
    const [m, g] = inputs as [(typeof inputs)[number], (typeof inputs)[number]];
    return ops.add(
      ops.mul(m, ops.scalar(number(attributes, "decay"))),
      ops.mul(g, ops.scalar(number(attributes, "complement"))),
    );
  },
};

/** v' = beta2 v + (1 - beta2) g^2. Inputs: `v`, `g`. Attributes: `decay` = beta2, `complement` = 1 - beta2. */
export const adamSecondMoment: Composite = {
  name: "adamSecondMoment",
  version: 1,
  tier: "composite",
  operands: ["v", "g"],
  attributes: { decay: "number", complement: "number" },
  infer: ([v, g]) => inferSame("adamSecondMoment", { v: v as TensorType, g: g as TensorType }),
  expand: (ops, inputs, attributes) => {
    const [v, g] = inputs as [(typeof inputs)[number], (typeof inputs)[number]];
    return ops.add(
      ops.mul(v, ops.scalar(number(attributes, "decay"))),
      ops.mul(ops.square(g), ops.scalar(number(attributes, "complement"))),
    );
  },
};

/**
 * p' = p - stepSize m' / (sqrt(v') secondScale + epsilon), with stepSize = lr / (1 - beta1^t) and
 * secondScale = 1 / sqrt(1 - beta2^t) fed as scalars (Kingma, Ba 2015, algorithm 1).
 * Inputs: `p`, `m` and `v` (both new), `stepSize`, `secondScale`. Attributes: `epsilon`.
 */
export const adamParameter: Composite = {
  name: "adamParameter",
  version: 1,
  tier: "composite",
  operands: ["p", "m", "v", "stepSize", "secondScale"],
  attributes: { epsilon: "number" },
  infer: (inputs) => {
    const [p, m, v, stepSize, secondScale] = inputs as [TensorType, TensorType, TensorType, TensorType, TensorType];
    requireShape("adamParameter", "stepSize", stepSize, []);
    requireShape("adamParameter", "secondScale", secondScale, []);
    return inferSame("adamParameter", { p, m, v });
  },
  expand: (ops, inputs, attributes) => {
    type T = (typeof inputs)[number];
    const [p, m, v, stepSize, secondScale] = inputs as [T, T, T, T, T];
    const denominator = ops.add(ops.mul(ops.sqrt(v), secondScale), ops.scalar(number(attributes, "epsilon")));
    return ops.sub(p, ops.mul(stepSize, ops.div(m, denominator)));
  },
};

/**
 * p' = keep p - stepSize m' / (sqrt(v') secondScale + epsilon), with keep = 1 - lr weightDecay and the rest as in
 * `adamParameter`. Inputs: `p`, `m` and `v` (both new), `stepSize`, `secondScale`, `keep`. Attributes: `epsilon`.
 */
export const adamWParameter: Composite = {
  name: "adamWParameter",
  version: 1,
  tier: "composite",
  operands: ["p", "m", "v", "stepSize", "secondScale", "keep"],
  attributes: { epsilon: "number" },
  infer: (inputs) => {
    type T = TensorType;
    const [p, m, v, stepSize, secondScale, keep] = inputs as [T, T, T, T, T, T];
    const scalars = { stepSize, secondScale, keep };
    for (const [name, type] of Object.entries(scalars)) requireShape("adamWParameter", name, type, []);
    return inferSame("adamWParameter", { p, m, v });
  },
  expand: (ops, inputs, attributes) => {
    type T = (typeof inputs)[number];
    const [p, m, v, stepSize, secondScale, keep] = inputs as [T, T, T, T, T, T];
    const denominator = ops.add(ops.mul(ops.sqrt(v), secondScale), ops.scalar(number(attributes, "epsilon")));
    return ops.sub(ops.mul(keep, p), ops.mul(stepSize, ops.div(m, denominator)));
  },
};
