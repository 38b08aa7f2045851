import type { JsonObject, TensorType } from "../ir.ts";
import type { Composite } from "../operation.ts";
import { inferBroadcast } from "./binary.ts";

/** `decay * moment + (1 - decay) * term`; the complement is its own attribute, computed in float64. */
const number = (attributes: JsonObject, key: string) => attributes[key] as number;

/** m' = beta1 m + (1 - beta1) g. Inputs: `m`, `g`. Attributes: `decay`, `complement`. */
export const adamFirstMoment: Composite = {
  name: "adamFirstMoment",
  version: 1,
  tier: "composite",
  infer: ([m, g]) => inferBroadcast("adamFirstMoment", m as TensorType, g as TensorType),
  expand: (ops, inputs, attributes) => {
    const [m, g] = inputs as [(typeof inputs)[number], (typeof inputs)[number]];
    return ops.add(
      ops.mul(m, ops.scalar(number(attributes, "decay"))),
      ops.mul(g, ops.scalar(number(attributes, "complement"))),
    );
  },
};

/** v' = beta2 v + (1 - beta2) g^2. Inputs: `v`, `g`. Attributes: `decay`, `complement`. */
export const adamSecondMoment: Composite = {
  name: "adamSecondMoment",
  version: 1,
  tier: "composite",
  infer: ([v, g]) => inferBroadcast("adamSecondMoment", v as TensorType, g as TensorType),
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
 * Inputs: `p`, `m'`, `v'`, `stepSize`, `secondScale`. Attributes: `epsilon`.
 */
export const adamParameter: Composite = {
  name: "adamParameter",
  version: 1,
  tier: "composite",
  infer: ([p]) => ({ shape: (p as TensorType).shape, dtype: "f32" }),
  expand: (ops, inputs, attributes) => {
    type T = (typeof inputs)[number];
    const [p, m, v, stepSize, secondScale] = inputs as [T, T, T, T, T];
    const denominator = ops.add(ops.mul(ops.sqrt(v), secondScale), ops.scalar(number(attributes, "epsilon")));
    return ops.sub(p, ops.mul(stepSize, ops.div(m, denominator)));
  },
};
