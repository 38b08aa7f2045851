import type { AttributeKind } from "../attributes.ts";
import type { JsonObject, Shape, TensorType } from "../ir.ts";
import type { Leaf } from "../operation.ts";
import { batchRank, elementCount, formatShape } from "../shape.ts";

const shapeOf = (attributes: JsonObject) => attributes["shape"] as unknown as Shape;

function leaf(name: string, attributes: Readonly<Record<string, AttributeKind>>, infer: Leaf["infer"]): Leaf {
  return { name, version: 1, tier: "leaf", operands: [], attributes, infer };
}

/** Attributes: `stream`, `shape`. Inputs: `seed` and `step`, i32 of shape [2], low word first. */
function noise(name: string): Leaf {
  const operands = ["seed", "step"];
  const described = leaf(name, { shape: "shape", stream: "text" }, (inputs, attributes) => {
    for (const [index, { dtype, shape }] of inputs.entries()) {
      if (dtype !== "i32" || shape.length !== 1 || shape[0] !== 2) {
        throw new TypeError(
          `${name}: "${operands[index]}" expected i32 [2] (low, high word), got ${dtype} ${formatShape(shape)}`,
        );
      }
    }
    return { shape: shapeOf(attributes), dtype: "f32" };
  });
  return { ...described, operands };
}

/** Fed by the caller at each run; at most one axis is the batch. Attributes: `name`, `shape`, `dtype`. */
export const input: Leaf = leaf("input", { name: "name", shape: "shape", dtype: "dtype" }, (_, attributes) => {
  const shape = shapeOf(attributes);
  if (batchRank(shape) > 1)
    throw new RangeError(`input: "shape" expected at most one "batch", got ${formatShape(shape)}`);
  return { shape, dtype: attributes["dtype"] as TensorType["dtype"] };
});

/** A tensor of the shared state, as it was before the run. Attributes: `name`, `shape`. */
export const state: Leaf = leaf("state", { name: "name", shape: "fixedShape" }, (_, attributes) => ({
  shape: shapeOf(attributes),
  dtype: "f32",
}));

/** Float32 values written into the graph. Attributes: `shape`, `values` (row-major). */
export const constant: Leaf = leaf("constant", { shape: "fixedShape", values: "numbers" }, (_, attributes) => {
  const shape = shapeOf(attributes);
  const { length } = attributes["values"] as readonly number[];
  if (length !== elementCount(shape)) {
    throw new RangeError(`constant: "values" expected ${elementCount(shape)} for ${formatShape(shape)}, got ${length}`);
  }
  return { shape, dtype: "f32" };
});

/** The batch size of the run, a scalar. */
export const batchSize: Leaf = leaf("batchSize", {}, () => ({ shape: [], dtype: "f32" }));

/** Uniform in (0, 1): a pure function of seed, stream, step and element. */
export const randomUniform: Leaf = noise("randomUniform");

/** Standard normal, likewise. */
export const randomNormal: Leaf = noise("randomNormal");
