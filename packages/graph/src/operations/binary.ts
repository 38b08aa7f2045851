import { type NdArray, ndArrayOps } from "@isthmus/math";
import type { GraphBuilder } from "../builder.ts";
import type { Node, TensorType } from "../ir.ts";
import type { Primitive } from "../operation.ts";
import { broadcastShapes } from "../shape.ts";
import { requireFloat } from "./require.ts";

type BinaryName = "add" | "sub" | "mul" | "div" | "maximum" | "minimum" | "greater" | "equal";

/** The cotangents of `a` and `b` at the shape of `y = f(a, b)`; broadcasting is undone for all alike. */
type Rule = (build: GraphBuilder, g: Node, a: Node, b: Node, y: Node) => readonly [Node?, Node?];

const binary = (name: BinaryName, rule: Rule): Primitive => ({
  name,
  version: 1,
  tier: "primitive",
  operands: ["a", "b"],
  attributes: {},
  infer: ([a, b]) => inferBroadcast(name, { a: a as TensorType, b: b as TensorType }),
  derivative: (build, y, inputs, g) => {
    const [a, b] = inputs as readonly [Node, Node];
    return rule(build, g, a, b, y).map((part, index) => {
      const input = index === 0 ? a : b;
      return part && build.unbroadcast(part, y.shape, input.shape);
    });
  },
  reference: ([a, b]) => ndArrayOps[name](a as NdArray, b as NdArray),
});

/** Float32 of the common shape of the arguments, which are called by their names. */
export function inferBroadcast(operation: string, named: Readonly<Record<string, TensorType>>): TensorType {
  const shapes = Object.entries(named).map(([argument, type]) => requireFloat(operation, argument, type).shape);
  return { shape: shapes.reduce((common, shape) => broadcastShapes(operation, common, shape)), dtype: "f32" };
}

/** 1 where `winner` is strictly ahead, 1/2 at a tie: the subgradient PyTorch takes, too. */
const share = (build: GraphBuilder, winner: Node, loser: Node): Node =>
  build.add(build.greater(winner, loser), build.mul(build.equal(winner, loser), build.scalar(0.5)));

export const add: Primitive = binary("add", (_, g) => [g, g]);
export const sub: Primitive = binary("sub", (build, g) => [g, build.neg(g)]);
export const mul: Primitive = binary("mul", (build, g, a, b) => [build.mul(g, b), build.mul(g, a)]);
export const div: Primitive = binary("div", (build, g, _a, b, y) => {
  const scaled = build.div(g, b);
  return [scaled, build.neg(build.mul(scaled, y))];
});
export const maximum: Primitive = binary("maximum", (build, g, a, b) => [
  build.mul(g, share(build, a, b)),
  build.mul(g, share(build, b, a)),
]);
export const minimum: Primitive = binary("minimum", (build, g, a, b) => [
  build.mul(g, share(build, b, a)),
  build.mul(g, share(build, a, b)),
]);
export const greater: Primitive = binary("greater", () => []);
export const equal: Primitive = binary("equal", () => []);
