import type { JsonObject, Shape, TensorType } from "../ir.ts";
import type { Leaf } from "../operation.ts";

function declared(attributes: JsonObject): TensorType {
  return { shape: attributes["shape"] as unknown as Shape, dtype: attributes["dtype"] as TensorType["dtype"] };
}

function leaf(name: string, infer: Leaf["infer"]): Leaf {
  return { name, version: 1, tier: "leaf", infer };
}

function noise(name: string): Leaf {
  return leaf(name, (inputs, attributes) => {
    for (const [index, role] of ["seed", "step"].entries()) {
      const input = inputs[index];
      if (input?.dtype !== "i32" || input.shape.length !== 1 || input.shape[0] !== 2) {
        throw new TypeError(`${name}: "${role}" expected i32 of shape [2] (low word, high word)`);
      }
    }
    return { shape: attributes["shape"] as unknown as Shape, dtype: "f32" };
  });
}

/** Fed by the caller at each run. Attributes: `name`, `shape`, `dtype`. */
export const input: Leaf = leaf("input", (_, attributes) => declared(attributes));

/** A tensor of the shared state, as it was before the run. Attributes: `name`, `shape`. */
export const state: Leaf = leaf("state", (_, attributes) => ({ ...declared(attributes), dtype: "f32" }));

/** Float32 values written into the graph. Attributes: `shape`, `values` (row-major). */
export const constant: Leaf = leaf("constant", (_, attributes) => ({ ...declared(attributes), dtype: "f32" }));

/** The batch size of the run, a scalar. */
export const batchSize: Leaf = leaf("batchSize", () => ({ shape: [], dtype: "f32" }));

/** Uniform in (0, 1): a pure function of seed, stream, step and element. Attributes: `stream`, `shape`. */
export const randomUniform: Leaf = noise("randomUniform");

/** Standard normal, likewise. */
export const randomNormal: Leaf = noise("randomNormal");
