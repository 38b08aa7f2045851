import { type NdArray, ndArrayOps } from "@isthmus/math";
import type { Dim, JsonObject, Node, TensorType } from "../ir.ts";
import type { Primitive } from "../operation.ts";
import { formatShape } from "../shape.ts";
import { requireFloat } from "./require.ts";

const flags = (attributes: JsonObject) => ({
  transposeA: attributes["transposeA"] as boolean,
  transposeB: attributes["transposeB"] as boolean,
});

/** Rows and columns of `op(X)`, where `op` transposes or not. */
function matrix(argument: string, type: TensorType, transposed: boolean): readonly [Dim, Dim] {
  const { shape } = requireFloat("matmul", argument, type);
  if (shape.length !== 2) throw new RangeError(`matmul: "${argument}" expected rank 2, got ${formatShape(shape)}`);
  const [rows, columns] = shape as readonly [Dim, Dim];
  return transposed ? [columns, rows] : [rows, columns];
}

/** `op(A) op(B)` of two matrices. Attributes: `transposeA`, `transposeB`. */
export const matmul: Primitive = {
  name: "matmul",
  version: 1,
  tier: "primitive",
  operands: ["a", "b"],
  attributes: { transposeA: "boolean", transposeB: "boolean" },
  infer: ([a, b], attributes) => {
    const { transposeA, transposeB } = flags(attributes);
    const [m, k] = matrix("a", a as TensorType, transposeA);
    const [k2, n] = matrix("b", b as TensorType, transposeB);
    if (k !== k2) {
      throw new RangeError(`matmul: inner dimensions of [${m}, ${k}] and [${k2}, ${n}] differ`);
    }
    return { shape: [m, n], dtype: "f32" };
  },
  derivative: (build, node, inputs, cotangent) => {
    const [a, b] = inputs as readonly [Node, Node];
    const { transposeA, transposeB } = flags(node.attributes);
    const g = build.broadcastTo(cotangent, node.shape);
    return [
      transposeA
        ? build.matmul(b, g, { transposeA: transposeB, transposeB: true })
        : build.matmul(g, b, { transposeB: !transposeB }),
      transposeB
        ? build.matmul(g, a, { transposeA: true, transposeB: transposeA })
        : build.matmul(a, g, { transposeA: !transposeA }),
    ];
  },
  reference: ([a, b], node) => ndArrayOps.matmul(a as NdArray, b as NdArray, flags(node.attributes)),
};
