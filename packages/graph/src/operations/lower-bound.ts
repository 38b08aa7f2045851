import type { Node, TensorType } from "../ir.ts";
import type { Composite } from "../operation.ts";
import { requireFloat } from "./require.ts";

/**
 * max(x, bound). Attributes: `bound`.
 *
 * The gradient passes where x >= bound, as that of the maximum, and below it where it is negative, so that descent raises
 * x: a value that has fallen below the bound can come back (Balle, Laparra, Simoncelli 2016; the lower bound of their
 * reference implementation).
 */
export const lowerBound: Composite = {
  name: "lowerBound",
  version: 1,
  tier: "composite",
  operands: ["x"],
  attributes: { bound: "number" },
  infer: ([x]) => requireFloat("lowerBound", "x", x as TensorType),
  expand: (ops, [x], attributes) => ops.maximum(x!, ops.scalar(attributes["bound"] as number)),
  derivative: (build, node, inputs, g) => {
    const inside = build.greaterEqual(inputs[0] as Node, build.scalar(node.attributes["bound"] as number));
    return [build.mul(g, build.maximum(inside, build.less(g, build.scalar(0))))];
  },
};
