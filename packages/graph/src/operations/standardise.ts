import type { ArrayOps } from "@isthmus/math";
import type { JsonObject, Node, TensorType } from "../ir.ts";
import type { Composite } from "../operation.ts";
import { inferSame, requireRow } from "./require.ts";

const last = { axes: [-1], keepDims: true } as const;

/** x less its mean along the last axis, and the root of variance (with division by n) plus epsilon. */
function centredAndRoot<T>(ops: ArrayOps<T>, x: T, { epsilon }: JsonObject): { centred: T; root: T } {
  const centred = ops.sub(x, ops.mean(x, last));
  const variance = ops.mean(ops.square(centred), last);
  return { centred, root: ops.sqrt(ops.add(variance, ops.scalar(epsilon as number))) };
}

/** (x - mean) / sqrt(variance + epsilon) along the last axis. Attributes: `epsilon`. */
export const standardise: Composite = {
  name: "standardise",
  version: 1,
  tier: "composite",
  operands: ["x"],
  attributes: { epsilon: "number" },
  infer: ([x]) => requireRow("standardise", "x", x as TensorType),
  expand: (ops, [x], attributes) => {
    const { centred, root } = centredAndRoot(ops, x!, attributes);
    return ops.div(centred, root);
  },
  derivative: (build, node, inputs, g) => [
    build.emit("standardiseGrad", [inputs[0] as Node, build.broadcastTo(g, node.shape)], node.attributes),
  ],
};

/** (g - mean g - y mean g y) / sqrt(variance + epsilon) with y = standardise(x). Attributes: `epsilon`. */
export const standardiseGrad: Composite = {
  name: "standardiseGrad",
  version: 1,
  tier: "composite",
  operands: ["x", "g"],
  attributes: { epsilon: "number" },
  infer: ([x, g]) =>
    inferSame("standardiseGrad", { x: requireRow("standardiseGrad", "x", x as TensorType), g: g as TensorType }),
  expand: (ops, inputs, attributes) => {
    const [x, g] = inputs as [(typeof inputs)[number], (typeof inputs)[number]];
    const { centred, root } = centredAndRoot(ops, x, attributes);
    const y = ops.div(centred, root);
    const shared = ops.mul(y, ops.mean(ops.mul(g, y), last));
    return ops.div(ops.sub(ops.sub(g, ops.mean(g, last)), shared), root);
  },
};
