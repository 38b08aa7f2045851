import { composedLogSoftmax, composedSoftmax, composedSoftmaxCrossEntropy } from "@isthmus/math";
import type { Node, TensorType } from "../ir.ts";
import type { Composite } from "../operation.ts";
import { reduceShape } from "../shape.ts";
import { inferSame, requireRow, requireShape } from "./require.ts";

const last = { axes: [-1], keepDims: true } as const;

/** exp(x) / sum exp(x) along the last axis. */
export const softmax: Composite = {
  name: "softmax",
  version: 1,
  tier: "composite",
  operands: ["x"],
  attributes: {},
  infer: ([x]) => requireRow("softmax", "x", x as TensorType),
  expand: (ops, [x]) => composedSoftmax(ops, x!),
  derivative: (build, y, _inputs, g) => [build.emit("softmaxGrad", [build.broadcastTo(g, y.shape), y])],
};

/** y (g - sum g y) along the last axis, with y = softmax(x). */
export const softmaxGrad: Composite = {
  name: "softmaxGrad",
  version: 1,
  tier: "composite",
  operands: ["g", "y"],
  attributes: {},
  infer: ([g, y]) =>
    inferSame("softmaxGrad", { y: requireRow("softmaxGrad", "y", y as TensorType), g: g as TensorType }),
  expand: (ops, inputs) => {
    const [g, y] = inputs as [(typeof inputs)[number], (typeof inputs)[number]];
    return ops.mul(y, ops.sub(g, ops.sum(ops.mul(g, y), last)));
  },
};

/** x - log sum exp(x) along the last axis. */
export const logSoftmax: Composite = {
  name: "logSoftmax",
  version: 1,
  tier: "composite",
  operands: ["x"],
  attributes: {},
  infer: ([x]) => requireRow("logSoftmax", "x", x as TensorType),
  expand: (ops, [x]) => composedLogSoftmax(ops, x!),
  derivative: (build, y, _inputs, g) => [build.emit("logSoftmaxGrad", [build.broadcastTo(g, y.shape), y])],
};

/** g - exp(y) sum g along the last axis, with y = logSoftmax(x). */
export const logSoftmaxGrad: Composite = {
  name: "logSoftmaxGrad",
  version: 1,
  tier: "composite",
  operands: ["g", "y"],
  attributes: {},
  infer: ([g, y]) =>
    inferSame("logSoftmaxGrad", { y: requireRow("logSoftmaxGrad", "y", y as TensorType), g: g as TensorType }),
  expand: (ops, inputs) => {
    const [g, y] = inputs as [(typeof inputs)[number], (typeof inputs)[number]];
    return ops.sub(g, ops.mul(ops.exp(y), ops.sum(g, last)));
  },
};

/** -sum p logSoftmax(l) along the last axis, in nats: the cross-entropy of probabilities `p` under logits `l`. */
export const softmaxCrossEntropy: Composite = {
  name: "softmaxCrossEntropy",
  version: 1,
  tier: "composite",
  operands: ["logits", "p"],
  attributes: {},
  infer: ([logits, p]) => {
    const rows = requireRow("softmaxCrossEntropy", "logits", logits as TensorType);
    const { shape } = inferSame("softmaxCrossEntropy", { logits: rows, p: p as TensorType });
    return { shape: reduceShape(shape, [shape.length - 1], false), dtype: "f32" };
  },
  expand: (ops, inputs) => {
    const [l, p] = inputs as [(typeof inputs)[number], (typeof inputs)[number]];
    return composedSoftmaxCrossEntropy(ops, l, p);
  },
  derivative: (build, node, inputs, cotangent) => {
    const [l, p] = inputs as readonly [Node, Node];
    const g = build.reshape(build.broadcastTo(cotangent, node.shape), [...node.shape, 1]);
    return [build.emit("softmaxCrossEntropyGrad", [l, p, g]), build.neg(build.mul(g, build.logSoftmax(l)))];
  },
};

/** g (softmax(l) sum p - p) along the last axis; `g` has one column. */
export const softmaxCrossEntropyGrad: Composite = {
  name: "softmaxCrossEntropyGrad",
  version: 1,
  tier: "composite",
  operands: ["logits", "p", "g"],
  attributes: {},
  infer: (inputs) => {
    const [logits, p, g] = inputs as readonly [TensorType, TensorType, TensorType];
    const rows = requireRow("softmaxCrossEntropyGrad", "logits", logits);
    requireShape("softmaxCrossEntropyGrad", "g", g, reduceShape(rows.shape, [rows.shape.length - 1], true));
    return inferSame("softmaxCrossEntropyGrad", { logits: rows, p });
  },
  expand: (ops, inputs) => {
    type T = (typeof inputs)[number];
    const [l, p, g] = inputs as [T, T, T];
    return ops.mul(g, ops.sub(ops.mul(composedSoftmax(ops, l), ops.sum(p, last)), p));
  },
};
