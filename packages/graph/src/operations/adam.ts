import type { JsonObject, TensorType } from "../ir.ts";
import type { Composite } from "../operation.ts";
import { formatShape, sameShape } from "../shape.ts";
import { requireFloat } from "./require.ts";

const number = (attributes: JsonObject, key: string) => attributes[key] as number;

/** Float32 of the first argument's shape, which the others must have, too. */
function inferSame(operation: string, named: Readonly<Record<string, TensorType>>): TensorType {
  const [first] = Object.values(named) as [TensorType];
  for (const [argument, type] of Object.entries(named)) requireShape(operation, argument, type, first.shape);
  return { shape: first.shape, dtype: "f32" };
}

function requireShape(operation: string, argument: string, type: TensorType, shape: TensorType["shape"]): void {
  if (sameShape(requireFloat(operation, argument, type).shape, shape)) return;
  throw new RangeError(`${operation}: "${argument}" expected ${formatShape(shape)}, got ${formatShape(type.shape)}`);
}

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
