import type { Node, TensorType } from "../ir.ts";
import type { Composite } from "../operation.ts";
import { inferBroadcast } from "./binary.ts";

/** `softplus(l) - x l`, in nats: the Bernoulli cross-entropy of `x` in [0, 1] under logits `l`. */
export const sigmoidCrossEntropy: Composite = {
  name: "sigmoidCrossEntropy",
  version: 1,
  tier: "composite",
  operands: ["logits", "x"],
  attributes: {},
  infer: ([l, x]) => inferBroadcast("sigmoidCrossEntropy", { logits: l as TensorType, x: x as TensorType }),
  expand: (ops, inputs) => {
    const [l, x] = inputs as [(typeof inputs)[number], (typeof inputs)[number]];
    return ops.sub(ops.softplus(l), ops.mul(x, l));
  },
  derivative: (build, node, inputs, g) => {
    const [l, x] = inputs as readonly [Node, Node];
    return [
      build.unbroadcast(build.sigmoidCrossEntropyGrad(l, x, g), node.shape, l.shape),
      build.unbroadcast(build.neg(build.mul(g, l)), node.shape, x.shape),
    ];
  },
};

/** `g (sigmoid(l) - x)`. */
export const sigmoidCrossEntropyGrad: Composite = {
  name: "sigmoidCrossEntropyGrad",
  version: 1,
  tier: "composite",
  operands: ["logits", "x", "g"],
  attributes: {},
  infer: ([l, x, g]) =>
    inferBroadcast("sigmoidCrossEntropyGrad", {
      logits: l as TensorType,
      x: x as TensorType,
      g: g as TensorType,
    }),
  expand: (ops, inputs) => {
    const [l, x, g] = inputs as [(typeof inputs)[number], (typeof inputs)[number], (typeof inputs)[number]];
    return ops.mul(g, ops.sub(ops.sigmoid(l), x));
  },
};
