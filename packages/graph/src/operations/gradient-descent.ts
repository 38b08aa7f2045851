import type { JsonObject, TensorType } from "../ir.ts";
import type { Composite } from "../operation.ts";
import { inferSame, requireShape } from "./require.ts";

const number = (attributes: JsonObject, key: string) => attributes[key] as number;

/** v' = momentum v + g. Inputs: `v`, `g`. Attributes: `momentum`. */
export const sgdVelocity: Composite = {
  name: "sgdVelocity",
  version: 1,
  tier: "composite",
  operands: ["v", "g"],
  attributes: { momentum: "number" },
  infer: ([v, g]) => inferSame("sgdVelocity", { v: v as TensorType, g: g as TensorType }),
  expand: (ops, inputs, attributes) => {
    const [v, g] = inputs as [(typeof inputs)[number], (typeof inputs)[number]];
    return ops.add(ops.mul(v, ops.scalar(number(attributes, "momentum"))), g);
  },
};

/** p' = p - lr d. Inputs: `p`, `d`, `learningRate`, a scalar. */
export const sgdParameter: Composite = {
  name: "sgdParameter",
  version: 1,
  tier: "composite",
  operands: ["p", "d", "learningRate"],
  attributes: {},
  infer: (inputs) => {
    const [p, d, learningRate] = inputs as [TensorType, TensorType, TensorType];
    requireShape("sgdParameter", "learningRate", learningRate, []);
    return inferSame("sgdParameter", { p, d });
  },
  expand: (ops, inputs) => {
    type T = (typeof inputs)[number];
    const [p, d, learningRate] = inputs as [T, T, T];
    return ops.sub(p, ops.mul(learningRate, d));
  },
};

/** p' = p - lr (g + momentum v'). Inputs: `p`, `g`, `v` (new), `learningRate`, a scalar. Attributes: `momentum`. */
export const nesterovParameter: Composite = {
  name: "nesterovParameter",
  version: 1,
  tier: "composite",
  operands: ["p", "g", "v", "learningRate"],
  attributes: { momentum: "number" },
  infer: (inputs) => {
    const [p, g, v, learningRate] = inputs as [TensorType, TensorType, TensorType, TensorType];
    requireShape("nesterovParameter", "learningRate", learningRate, []);
    return inferSame("nesterovParameter", { p, g, v });
  },
  expand: (ops, inputs, attributes) => {
    type T = (typeof inputs)[number];
    const [p, g, v, learningRate] = inputs as [T, T, T, T];
    const ahead = ops.add(g, ops.mul(v, ops.scalar(number(attributes, "momentum"))));
    return ops.sub(p, ops.mul(learningRate, ahead));
  },
};

/** p' = p - lr g / (sqrt(v') + epsilon). Inputs: `p`, `g`, `v` (new), `learningRate`, a scalar. Attributes: `epsilon`. */
export const rmsPropParameter: Composite = {
  name: "rmsPropParameter",
  version: 1,
  tier: "composite",
  operands: ["p", "g", "v", "learningRate"],
  attributes: { epsilon: "number" },
  infer: (inputs) => {
    const [p, g, v, learningRate] = inputs as [TensorType, TensorType, TensorType, TensorType];
    requireShape("rmsPropParameter", "learningRate", learningRate, []);
    return inferSame("rmsPropParameter", { p, g, v });
  },
  expand: (ops, inputs, attributes) => {
    type T = (typeof inputs)[number];
    const [p, g, v, learningRate] = inputs as [T, T, T, T];
    const scale = ops.add(ops.sqrt(v), ops.scalar(number(attributes, "epsilon")));
    return ops.sub(p, ops.mul(learningRate, ops.div(g, scale)));
  },
};
