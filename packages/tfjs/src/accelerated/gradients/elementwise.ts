import * as tf from "@tensorflow/tfjs-core";
import { type Gradient, gradient, type Gradients, ofInput, ofOutput, ofPair, run, unbroadcast } from "./gradient.ts";

const { add, cast, cos, cosh, div, exp, mul, neg, sin, sinh, sqrt, square, step, sub } = tf;

const mask = (condition: tf.Tensor): tf.Tensor => cast(condition, "float32");
const zero: Gradient = gradient({ inputs: ["x"] }, (_, [x]) => ({ x: () => tf.zeros(x!.shape) }));
const zeroPair = ofPair(
  (_dy, a) => tf.zeros(a.shape),
  (_dy, _a, b) => tf.zeros(b.shape),
);

const functions: Gradients = {
  Abs: ofInput((dy, x) => mul(dy, step(x, -1))),
  Acos: ofInput((dy, x) => neg(div(dy, sqrt(sub(1, square(x)))))),
  Acosh: ofInput((dy, x) => div(dy, sqrt(sub(square(x), 1)))),
  Asin: ofInput((dy, x) => div(dy, sqrt(sub(1, square(x))))),
  Asinh: ofInput((dy, x) => div(dy, sqrt(add(1, square(x))))),
  Atan: ofInput((dy, x) => div(dy, add(1, square(x)))),
  Atanh: ofInput((dy, x) => div(dy, sub(1, square(x)))),
  Cast: ofInput((dy) => cast(dy, "float32")),
  Cos: ofInput((dy, x) => neg(mul(dy, sin(x)))),
  Cosh: ofInput((dy, x) => mul(dy, sinh(x))),
  Erf: ofInput((dy, x) => mul(dy, mul(2 / Math.sqrt(Math.PI), exp(neg(square(x)))))),
  Exp: ofOutput((dy, y) => mul(dy, y)),
  Expm1: ofInput((dy, x) => mul(dy, exp(x))),
  Identity: ofInput((dy) => cast(dy, "float32")),
  Log: ofInput((dy, x) => div(dy, x)),
  Log1p: ofInput((dy, x) => div(dy, add(1, x))),
  Neg: ofInput((dy) => neg(dy)),
  Reciprocal: ofInput((dy, x) => neg(div(dy, square(x)))),
  Rsqrt: ofInput((dy, x) => div(dy, mul(-2, mul(x, sqrt(x))))),
  Sin: ofInput((dy, x) => mul(dy, cos(x))),
  Sinh: ofInput((dy, x) => mul(dy, cosh(x))),
  Sqrt: ofInput((dy, x) => div(dy, mul(2, sqrt(x)))),
  Square: ofInput((dy, x) => mul(dy, mul(2, x))),
  Tan: ofInput((dy, x) => div(dy, square(cos(x)))),
};

/** Steps: their derivative is 0 wherever there is one. */
const steps: Gradients = {
  ...Object.fromEntries(
    [
      "ArgMax",
      "ArgMin",
      "Ceil",
      "Floor",
      "IsFinite",
      "IsInf",
      "IsNan",
      "OnesLike",
      "Round",
      "Sign",
      "Step",
      "ZerosLike",
    ].map((name) => [name, zero]),
  ),
  ...Object.fromEntries(
    ["Equal", "Greater", "GreaterEqual", "Less", "LessEqual", "NotEqual"].map((name) => [name, zeroPair]),
  ),
  OneHot: gradient({ inputs: ["indices"] }, (_, [indices]) => ({ indices: () => tf.zeros(indices!.shape) })),
};

const activations: Gradients = {
  ClipByValue: gradient<{ clipValueMin: number; clipValueMax: number }>({ inputs: ["x"] }, (dy, [x], attrs) => ({
    x: () =>
      mul(dy, mask(tf.logicalAnd(tf.greaterEqual(x!, attrs.clipValueMin), tf.lessEqual(x!, attrs.clipValueMax)))),
  })),
  Elu: ofOutput((dy, y) => run("EluGrad", { dy, y }, {})),
  LeakyRelu: gradient<{ alpha: number }>({ inputs: ["x"] }, (dy, [x], { alpha }) => ({
    x: () => mul(dy, step(x!, alpha)),
  })),
  Prelu: gradient({ inputs: ["x", "alpha"] }, (dy, saved) => {
    const [x, alpha] = saved as [tf.Tensor, tf.Tensor];
    const isAbove = mask(tf.greater(x, 0));
    return {
      x: () => mul(dy, add(isAbove, mul(sub(1, isAbove), alpha))),
      alpha: () => unbroadcast(mul(dy, mul(sub(1, isAbove), x)), alpha.shape),
    };
  }),
  Relu: ofInput((dy, x) => mul(dy, step(x))),
  Relu6: ofInput((dy, x) => mul(dy, mul(mask(tf.lessEqual(x, 6)), step(x)))),
  Selu: ofInput((dy, x) => {
    const isAbove = mask(tf.greater(x, 0));
    const below = mul(SELU_ALPHA, exp(tf.minimum(x, 0)));
    return mul(dy, mul(SELU_SCALE, add(isAbove, mul(sub(1, isAbove), below))));
  }),
  Sigmoid: ofOutput((dy, y) => mul(dy, mul(y, sub(1, y)))),
  Softplus: ofInput((dy, x) => mul(dy, tf.sigmoid(x))),
  Tanh: ofOutput((dy, y) => mul(dy, sub(1, square(y)))),
};

/** Klambauer et al. (2017), to float32. */
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

const pairs: Gradients = {
  Add: ofPair(
    (dy) => dy,
    (dy) => dy,
  ),
  Atan2: ofPair(
    (dy, a, b) => mul(dy, div(b, add(square(a), square(b)))),
    (dy, a, b) => neg(mul(dy, div(a, add(square(a), square(b))))),
  ),
  FloorDiv: ofPair(quotientA, quotientB),
  Maximum: ofPair(
    (dy, a, b) => mul(dy, mask(tf.greaterEqual(a, b))),
    (dy, a, b) => mul(dy, mask(tf.less(a, b))),
    true,
  ),
  Minimum: ofPair(
    (dy, a, b) => mul(dy, mask(tf.lessEqual(a, b))),
    (dy, a, b) => mul(dy, mask(tf.greater(a, b))),
    true,
  ),
  Mod: ofPair(
    (dy) => dy,
    (dy, a, b) => neg(mul(dy, tf.floor(div(a, b)))),
  ),
  Multiply: ofPair(
    (dy, _, b) => mul(dy, cast(b, "float32")),
    (dy, a) => mul(dy, cast(a, "float32")),
  ),
  Pow: ofPair(
    (dy, a, b) => mul(dy, mul(b, tf.pow(a, sub(b, 1)))),
    (dy, a, b) => {
      const isAbove = tf.greater(a, 0);
      const logarithm = tf.where(isAbove, tf.log(tf.where(isAbove, a, tf.onesLike(a))), tf.zerosLike(a));
      return mul(dy, mul(tf.pow(a, b), logarithm));
    },
  ),
  RealDiv: ofPair(quotientA, quotientB),
  SquaredDifference: ofPair(
    (dy, a, b) => mul(dy, mul(2, sub(a, b))),
    (dy, a, b) => mul(dy, mul(2, sub(b, a))),
    true,
  ),
  Sub: ofPair(
    (dy) => dy,
    (dy) => neg(dy),
  ),
};

function quotientA(dy: tf.Tensor, _: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return div(dy, cast(b, "float32"));
}

function quotientB(dy: tf.Tensor, a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return neg(div(mul(dy, cast(a, "float32")), square(cast(b, "float32"))));
}

const choices: Gradients = {
  AddN: {
    repairs: false,
    config: {
      saveAllInputs: true,
      gradFunc: (dy, saved) => perInput(saved.map(() => () => tf.clone(dy as tf.Tensor))),
    },
  },
  Select: gradient({ inputs: ["condition"] }, (dy, [condition]) => ({
    condition: () => tf.zeros(condition!.shape),
    t: () => mul(dy, mask(condition!)),
    e: () => mul(dy, mask(tf.logicalNot(condition!))),
  })),
};

/** Inputs that have numbers for names. */
export function perInput(cotangents: readonly (() => tf.Tensor)[]): Record<string, () => tf.Tensor> {
  return Object.fromEntries(cotangents.map((cotangent, i) => [String(i), cotangent]));
}

export const elementwise: Gradients = { ...functions, ...steps, ...activations, ...pairs, ...choices };
