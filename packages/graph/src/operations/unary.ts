import { type NdArray, ndArrayOps } from "@isthmus/math";
import type { GraphBuilder } from "../builder.ts";
import type { Node, TensorType } from "../ir.ts";
import type { Primitive } from "../operation.ts";
import { requireFloat } from "./require.ts";

type UnaryName =
  | "neg"
  | "abs"
  | "sign"
  | "exp"
  | "expm1"
  | "log"
  | "log1p"
  | "sqrt"
  | "square"
  | "sigmoid"
  | "tanh"
  | "softplus"
  | "relu";

/** The cotangent of `x`, from `x`, `y = f(x)` and the cotangent `g` of `y`. */
type Rule = (build: GraphBuilder, g: Node, x: Node, y: Node) => Node | undefined;

const elementwise = (name: string, reference: (x: NdArray) => NdArray, rule: Rule): Primitive => ({
  name,
  version: 1,
  tier: "primitive",
  operands: ["x"],
  attributes: {},
  infer: ([x]) => requireFloat(name, "x", x as TensorType),
  derivative: (build, y, [x], g) => [rule(build, g, x as Node, y)],
  reference: ([x]) => reference(x as NdArray),
});

const unary = (name: UnaryName, rule: Rule): Primitive => elementwise(name, (x) => ndArrayOps[name](x), rule);

export const neg: Primitive = unary("neg", (b, g) => b.neg(g));
export const abs: Primitive = unary("abs", (b, g, x) => b.mul(g, b.sign(x)));
export const sign: Primitive = unary("sign", () => undefined);
export const exp: Primitive = unary("exp", (b, g, _x, y) => b.mul(g, y));
export const expm1: Primitive = unary("expm1", (b, g, x) => b.mul(g, b.exp(x)));
export const log: Primitive = unary("log", (b, g, x) => b.div(g, x));
export const log1p: Primitive = unary("log1p", (b, g, x) => b.div(g, b.add(x, b.scalar(1))));
export const sqrt: Primitive = unary("sqrt", (b, g, _x, y) => b.div(b.mul(g, b.scalar(0.5)), y));
export const square: Primitive = unary("square", (b, g, x) => b.mul(g, b.mul(x, b.scalar(2))));
export const sigmoid: Primitive = unary("sigmoid", (b, g, _x, y) => b.sigmoidGrad(g, y));
export const tanh: Primitive = unary("tanh", (b, g, _x, y) => b.tanhGrad(g, y));
export const softplus: Primitive = unary("softplus", (b, g, x) => b.mul(g, b.sigmoid(x)));
export const relu: Primitive = unary("relu", (b, g, _x, y) => b.reluGrad(g, y));

const zero: NdArray = ndArrayOps.scalar(0);

/** 1 where `x > 0`, else 0: the derivative of `relu`. */
export const step: Primitive = elementwise(
  "step",
  (x) => ndArrayOps.greater(x, zero),
  () => undefined,
);

/** The value, constant to differentiation. */
export const stopGradient: Primitive = elementwise(
  "stopGradient",
  (x) => x,
  () => undefined,
);
