import type { NdArray } from "@isthmus/math";
import type { TensorType } from "../ir.ts";
import type { Primitive } from "../operation.ts";
import { formatShape, sameShape } from "../shape.ts";
import { requireFloat } from "./require.ts";

/** The value of `value` with the derivative of `path` (Bengio, Leonard, Courville 2013): rounding that can be trained. */
export const straightThrough: Primitive = {
  name: "straightThrough",
  version: 1,
  tier: "primitive",
  operands: ["value", "path"],
  attributes: {},
  infer: (inputs) => {
    const [value, path] = inputs as readonly [TensorType, TensorType];
    if (!sameShape(value.shape, path.shape)) {
      throw new RangeError(
        `straightThrough: "path" expected ${formatShape(value.shape)}, got ${formatShape(path.shape)}`,
      );
    }
    requireFloat("straightThrough", "path", path);
    return requireFloat("straightThrough", "value", value);
  },
  derivative: (_build, _node, _inputs, g) => [undefined, g],
  reference: ([value]) => value as NdArray,
};
