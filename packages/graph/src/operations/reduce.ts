import { type NdArray, ndArrayOps } from "@isthmus/math";
import type { GraphBuilder } from "../builder.ts";
import type { Node, TensorType } from "../ir.ts";
import type { Primitive } from "../operation.ts";
import { normaliseAxes, reduceShape } from "../shape.ts";
import { requireFloat } from "./require.ts";

/** `g` is the cotangent and `y` the result, both with the reduced axes kept at size 1. */
type Rule = (build: GraphBuilder, g: Node, x: Node, y: Node, axes: readonly number[]) => Node;

/** Attributes: `axes` (sorted, non-negative), `keepDims`. */
const reduction = (name: "sum" | "max", rule: Rule): Primitive => {
  const axesOf = (node: Pick<Node, "attributes">) => node.attributes["axes"] as readonly number[];
  return {
    name,
    version: 1,
    tier: "primitive",
    operands: ["x"],
    attributes: { axes: "axes", keepDims: "boolean" },
    infer: ([x], attributes) => {
      const { shape } = requireFloat(name, "x", x as TensorType);
      normaliseAxes(name, shape.length, axesOf({ attributes }));
      return { shape: reduceShape(shape, axesOf({ attributes }), attributes["keepDims"] as boolean), dtype: "f32" };
    },
    derivative: (build, node, inputs, g) => {
      const x = inputs[0] as Node;
      const kept = reduceShape(x.shape, axesOf(node), true);
      const keep = (value: Node) => build.reshape(build.broadcastTo(value, node.shape), kept);
      return [rule(build, keep(g), x, keep(node), axesOf(node))];
    },
    reference: ([x], node) =>
      ndArrayOps[name](x as NdArray, { axes: axesOf(node), keepDims: node.attributes["keepDims"] as boolean }),
  };
};

export const sum: Primitive = reduction("sum", (_, g) => g);

/** Largest element; its cotangent is shared equally among ties. */
export const max: Primitive = reduction("max", (build, g, x, y, axes) => {
  const isMax = build.equal(x, y);
  return build.mul(build.div(g, build.sum(isMax, { axes, keepDims: true })), isMax);
});
