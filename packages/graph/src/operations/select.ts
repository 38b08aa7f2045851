import { type NdArray, ndArrayOps } from "@isthmus/math";
import type { Node, TensorType } from "../ir.ts";
import type { Primitive } from "../operation.ts";
import { inferBroadcast } from "./binary.ts";

/** `a` where `condition` is not 0, else `b`. */
export const select: Primitive = {
  name: "select",
  version: 1,
  tier: "primitive",
  operands: ["condition", "a", "b"],
  attributes: {},
  infer: ([condition, a, b]) =>
    inferBroadcast("select", { condition: condition as TensorType, a: a as TensorType, b: b as TensorType }),
  derivative: (build, node, inputs, g) => {
    const [condition, a, b] = inputs as readonly [Node, Node, Node];
    const zero = build.scalar(0);
    return [
      undefined,
      build.unbroadcast(build.select(condition, g, zero), node.shape, a.shape),
      build.unbroadcast(build.select(condition, zero, g), node.shape, b.shape),
    ];
  },
  reference: ([condition, a, b]) => ndArrayOps.select(condition as NdArray, a as NdArray, b as NdArray),
};
