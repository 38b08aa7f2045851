import type { TensorType } from "../ir.ts";
import type { Composite } from "../operation.ts";
import { inferSame, requireFloat } from "./require.ts";

/**
 * x / sqrt(energy), or with `inverse` x sqrt(energy): generalised divisive normalisation of values by the energy that
 * was pooled around them, which is positive (Balle, Laparra, Simoncelli 2016, equation 1). Attributes: `inverse`.
 */
export const gdn: Composite = {
  name: "gdn",
  version: 1,
  tier: "composite",
  operands: ["x", "energy"],
  attributes: { inverse: "boolean" },
  infer: ([x, energy]) =>
    inferSame("gdn", { x: requireFloat("gdn", "x", x as TensorType), energy: energy as TensorType }),
  expand: (ops, inputs, attributes) => {
    const [x, energy] = inputs as [(typeof inputs)[number], (typeof inputs)[number]];
    const root = ops.sqrt(energy);
    return attributes["inverse"] === true ? ops.mul(x, root) : ops.div(x, root);
  },
};
