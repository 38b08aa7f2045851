import {
  composedCholesky,
  composedDigamma,
  composedLogBeta,
  composedLogGamma,
  composedLogSoftmax,
  composedSoftmax,
  composedSoftmaxCrossEntropy,
  composedSolveTriangular,
  composedTrigamma,
  type MathOps,
  type ReduceOptions,
  unsupported,
} from "@isthmus/math";
import type { Tensor } from "@tensorflow/tfjs-core";
import { type Cotangents, differentiable, type Requirement } from "./differentiable.ts";
import { type FormOps, stableForms } from "./stable-forms.ts";
import { requireVersion } from "./version.ts";

/** The module `@tensorflow/tfjs-core`, or one that has all of it, such as `@tensorflow/tfjs`. */
export type TfjsCore = typeof import("@tensorflow/tfjs-core");

/**
 * The operations of `@isthmus/math` on float32 tensors of TensorFlow.js, on whatever backend it runs. Each has a derivative
 * of its own made of the same operations, so `tf.grad`, `tf.variableGrads` and optimisers differentiate formulas with
 * tfjs-core alone. `expm1`, `log1p`, `softplus` and `erf` do not lose their digits on backends where tfjs's own do.
 *
 * Tensors are made as by tfjs itself: wrap calls in `tf.tidy`. Special functions other than `erf` and those of the gamma family, and singular values, refuse
 * with an `IsthmusError` `OPS_UNSUPPORTED`.
 *
 * @param tf the module, `import * as tf from "@tensorflow/tfjs-core"`, with a backend registered
 * @throws IsthmusError `TFJS_VERSION` when it is not version 4.22.0
 */
export function tfjsOps(tf: TfjsCore): MathOps<Tensor> {
  const advice = `install that version, or pass the module: import * as tf from "@tensorflow/tfjs-core"`;
  requireVersion("tfjsOps", "tfjs-core", tf?.version_core, advice);
  const requireTensor: Requirement = (name, value) => {
    const isTensor = value instanceof tf.Tensor;
    if (isTensor && value.dtype === "float32") return;
    throw new TypeError(`"${name}" expected a float32 tensor, got ${isTensor ? value.dtype : typeof value}`);
  };
  const define = differentiable(tf, requireTensor);
  const { unbroadcast, broadcastTo, reshape, pad } = shapeTools();

  /** Elementwise: the cotangent from the cotangent g of y, the operand x and y = f(x). */
  const unary = (
    name: string,
    f: (x: Tensor) => Tensor,
    rule: (g: Tensor, x: Tensor, y: () => Tensor) => Tensor | undefined,
  ) => define<[Tensor]>(name, ["x"], f, (g, y, x) => [rule(g, x, y)]);

  /** Elementwise and broadcasting: cotangents at the common shape, which are summed back to the operands'. */
  const binary = (
    name: string,
    f: (a: Tensor, b: Tensor) => Tensor,
    rule: (g: Tensor, a: Tensor, b: Tensor, y: () => Tensor) => Cotangents,
  ) =>
    define<[Tensor, Tensor]>(name, ["a", "b"], f, (g, y, a, b) => {
      const [toA, toB] = rule(g, a, b, y);
      return [toA && unbroadcast(toA, a.shape), toB && unbroadcast(toB, b.shape)];
    });

  const float = (x: Tensor) => tf.cast(x, "float32");
  const forms = stableForms(formOps(tf));
  const half = () => ops.scalar(0.5);

  /** 1 where `winner` is ahead, 1/2 at a tie. */
  const share = (winner: Tensor, loser: Tensor) =>
    ops.add(ops.greater(winner, loser), ops.mul(ops.equal(winner, loser), half()));

  const ops: MathOps<Tensor> = {
    scalar: (value) => tf.scalar(value, "float32"),
    constant: (shape, values) => tf.tensor([...values], [...shape], "float32"),
    shape: (x) => (requireTensor("shape.x", x), x.shape),

    add: binary("add", tf.add, (g) => [g, g]),
    sub: binary("sub", tf.sub, (g) => [g, ops.neg(g)]),
    mul: binary("mul", tf.mul, (g, a, b) => [ops.mul(g, b), ops.mul(g, a)]),
    div: binary("div", tf.div, (g, _a, b, y) => {
      const scaled = ops.div(g, b);
      return [scaled, ops.neg(ops.mul(scaled, y()))];
    }),
    maximum: binary("maximum", tf.maximum, (g, a, b) => [ops.mul(g, share(a, b)), ops.mul(g, share(b, a))]),
    minimum: binary("minimum", tf.minimum, (g, a, b) => [ops.mul(g, share(b, a)), ops.mul(g, share(a, b))]),
    greater: binary(
      "greater",
      (a, b) => float(tf.greater(a, b)),
      () => [],
    ),
    equal: binary(
      "equal",
      (a, b) => float(tf.equal(a, b)),
      () => [],
    ),
    select: define<[Tensor, Tensor, Tensor]>(
      "select",
      ["condition", "a", "b"],
      (condition, a, b) => tf.where(tf.notEqual(condition, 0), a, b),
      (g, _y, condition, a, b) => {
        const zero = ops.scalar(0);
        return [
          undefined,
          unbroadcast(ops.select(condition, g, zero), a.shape),
          unbroadcast(ops.select(condition, zero, g), b.shape),
        ];
      },
    ),

    neg: unary("neg", tf.neg, (g) => ops.neg(g)),
    abs: unary("abs", tf.abs, (g, x) => ops.mul(g, ops.sign(x))),
    sign: unary("sign", tf.sign, () => undefined),
    exp: unary("exp", tf.exp, (g, _x, y) => ops.mul(g, y())),
    expm1: unary("expm1", forms.expm1, (g, x) => ops.mul(g, ops.exp(x))),
    log: unary("log", tf.log, (g, x) => ops.div(g, x)),
    log1p: unary("log1p", forms.log1p, (g, x) => ops.div(g, ops.add(x, ops.scalar(1)))),
    sqrt: unary("sqrt", tf.sqrt, (g, _x, y) => ops.div(ops.mul(g, half()), y())),
    square: unary("square", tf.square, (g, x) => ops.mul(g, ops.mul(x, ops.scalar(2)))),
    sigmoid: unary("sigmoid", tf.sigmoid, (g, x) => ops.mul(g, ops.mul(ops.sigmoid(x), ops.sigmoid(ops.neg(x))))),
    tanh: unary("tanh", tf.tanh, (g, _x, y) => ops.mul(g, ops.sub(ops.scalar(1), ops.square(y())))),
    softplus: unary("softplus", forms.softplus, (g, x) => ops.mul(g, ops.sigmoid(x))),
    relu: unary("relu", tf.relu, (g, x) => ops.mul(g, ops.greater(x, ops.scalar(0)))),
    sigmoidCrossEntropy: binary("sigmoidCrossEntropy", forms.sigmoidCrossEntropy, (g, l, x) => [
      ops.mul(g, ops.sub(ops.sigmoid(l), x)),
      ops.neg(ops.mul(g, l)),
    ]),
    softmax: (x) => composedSoftmax(ops, x),
    logSoftmax: (x) => composedLogSoftmax(ops, x),
    softmaxCrossEntropy: (logits, p) => composedSoftmaxCrossEntropy(ops, logits, p),

    sum: (x, options = {}) => {
      requireTensor("sum.x", x);
      const axes = axesOf("sum", x, options.axes);
      return define<[Tensor]>(
        "sum",
        ["x"],
        (from) => (axes.length === 0 ? tf.clone(from) : tf.sum(from, axes, options.keepDims)),
        (g) => [broadcastTo(reshape(g, keptShape(x.shape, axes)), x.shape)],
      )(x);
    },
    mean: (x, options = {}) => ops.div(ops.sum(x, options), ops.size(x, options.axes)),
    max: (x, options = {}) => {
      requireTensor("max.x", x);
      const axes = axesOf("max", x, options.axes);
      const kept = keptShape(x.shape, axes);
      return define<[Tensor]>(
        "max",
        ["x"],
        (from) => (axes.length === 0 ? tf.clone(from) : tf.max(from, axes, options.keepDims)),
        (g, y, from) => {
          const isMax = ops.equal(from, reshape(y(), kept));
          const shared = ops.div(reshape(g, kept), ops.sum(isMax, { axes, keepDims: true }));
          return [ops.mul(shared, isMax)];
        },
      )(x);
    },
    size: (x, axes) => {
      requireTensor("size.x", x);
      return ops.scalar(axesOf("size", x, axes).reduce((product, axis) => product * x.shape[axis]!, 1));
    },

    expandDims: (x, axis) => {
      requireTensor("expandDims.x", x);
      const [at] = normalise("expandDims", x.rank + 1, [axis]) as [number];
      return reshape(x, x.shape.toSpliced(at, 0, 1));
    },
    slice: (x, { axis, begin, end }) => {
      requireTensor("slice.x", x);
      const [at] = normalise("slice", x.rank, [axis]) as [number];
      const dim = x.shape[at]!;
      if (!(Number.isInteger(begin) && Number.isInteger(end) && begin >= 0 && begin < end && end <= dim)) {
        throw new RangeError(`"slice" expected 0 <= begin < end <= ${dim}, got ${begin} and ${end}`);
      }
      return define<[Tensor]>(
        "slice",
        ["x"],
        (from) =>
          tf.slice(
            from,
            from.shape.map((_, i) => (i === at ? begin : 0)),
            from.shape.with(at, end - begin),
          ),
        (g) => [pad(g, at, begin, dim - end)],
      )(x);
    },
    concat: (xs, axis) => {
      xs.forEach((x, i) => requireTensor(`concat.xs[${i}]`, x));
      if (xs.length === 0) throw new RangeError(`"concat.xs" expected at least one tensor, got none`);
      const [at] = normalise("concat", xs[0]!.rank, [axis]) as [number];
      const names = xs.map((_, i) => `xs[${i}]`);
      const joined = (...parts: Tensor[]) => (parts.length === 1 ? tf.clone(parts[0]!) : tf.concat(parts, at));
      return define<Tensor[]>("concat", names, joined, (g) => {
        let end = 0;
        return xs.map(({ shape }) => {
          const begin = end;
          end += shape[at]!;
          return ops.slice(g, { axis: at, begin, end });
        });
      })(...xs);
    },

    matmul: (a, b, { transposeA = false, transposeB = false } = {}) =>
      define<[Tensor, Tensor]>(
        "matmul",
        ["a", "b"],
        (left, right) => tf.matMul(rank2("a", left), rank2("b", right), transposeA, transposeB),
        (g, _y, left, right) => [
          transposeA
            ? ops.matmul(right, g, { transposeA: transposeB, transposeB: true })
            : ops.matmul(g, right, { transposeB: !transposeB }),
          transposeB
            ? ops.matmul(g, left, { transposeA: true, transposeB: transposeA })
            : ops.matmul(left, g, { transposeA: !transposeA }),
        ],
      )(a, b),
    cholesky: (a) => composedCholesky(ops, a),
    solveTriangular: (l, b, options) => composedSolveTriangular(ops, l, b, options),
    singularValues: missing("singularValues"),

    stopGradient: unary("stopGradient", tf.clone, () => undefined),

    erf: unary("erf", forms.erf, (g, x) =>
      ops.mul(g, ops.mul(ops.exp(ops.neg(ops.square(x))), ops.scalar(2 / Math.sqrt(Math.PI)))),
    ),
    erfc: missing("erfc"),
    erfInv: missing("erfInv"),
    normalCdf: missing("normalCdf"),
    logNormalCdf: missing("logNormalCdf"),
    normalQuantile: missing("normalQuantile"),
    logGamma: (x) => composedLogGamma(ops, x),
    digamma: (x) => composedDigamma(ops, x),
    trigamma: (x) => composedTrigamma(ops, x),
    logBeta: (a, b) => composedLogBeta(ops, a, b),
    gammaP: missing("gammaP"),
    gammaQ: missing("gammaQ"),
    gammaPInv: missing("gammaPInv"),
    gammaSampleSlope: missing("gammaSampleSlope"),
    betaI: missing("betaI"),
    betaIInv: missing("betaIInv"),
    betaSampleSlope: missing("betaSampleSlope"),
    logBesselI: missing("logBesselI"),
  };

  /** What derivatives need and formulas do not. */
  function shapeTools() {
    const reshapeTo = (x: Tensor, shape: readonly number[]): Tensor =>
      define<[Tensor]>(
        "reshape",
        ["x"],
        (from) => tf.reshape(from, [...shape]),
        (g) => [reshapeTo(g, x.shape)],
      )(x);
    const stretch = (x: Tensor, shape: readonly number[]): Tensor =>
      define<[Tensor]>(
        "broadcastTo",
        ["x"],
        (from) => tf.broadcastTo(from, [...shape]),
        (g) => [shrink(g, x.shape)],
      )(x);
    const shrink = (g: Tensor, shape: readonly number[]): Tensor => {
      const added = g.rank - shape.length;
      const axes = g.shape.flatMap((dim, axis) =>
        axis < added || (shape[axis - added] === 1 && dim !== 1) ? [axis] : [],
      );
      return axes.length === 0 ? g : reshapeTo(ops.sum(g, { axes }), shape);
    };
    const padded = (x: Tensor, axis: number, before: number, after: number): Tensor =>
      define<[Tensor]>(
        "pad",
        ["x"],
        (from) =>
          tf.pad(
            from,
            from.shape.map((_, i) => (i === axis ? [before, after] : [0, 0])),
          ),
        (g) => [ops.slice(g, { axis, begin: before, end: before + x.shape[axis]! })],
      )(x);
    return { unbroadcast: shrink, broadcastTo: stretch, reshape: reshapeTo, pad: padded };
  }

  return ops;
}

const missing = (operation: string): (() => never) =>
  unsupported("TensorFlow.js", operation, "compute it on ndArrayOps and make a tensor of the result");

/** Without a tape: the forms have derivatives of their own. */
function formOps(tf: TfjsCore): FormOps<Tensor, Tensor> {
  const { add, sub, mul, div, neg, abs, square, relu, exp, log, erf, zerosLike, where } = tf;
  return {
    ...{ add, sub, mul, div, neg, abs, square, relu, exp, log, erf, zerosLike, where },
    scalar: (value) => tf.scalar(value, "float32"),
    within: (x, low, high) => tf.logicalAnd(tf.greaterEqual(x, low), tf.lessEqual(x, high)),
  };
}

const axesOf = (operation: string, x: Tensor, axes: ReduceOptions["axes"]): number[] =>
  axes === undefined ? x.shape.map((_, axis) => axis) : normalise(operation, x.rank, axes);

function normalise(operation: string, rank: number, axes: readonly number[]): number[] {
  const normal = axes.map((axis) => {
    if (Number.isInteger(axis) && axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
    throw new RangeError(`"${operation}.axes" expected integers in [${-rank}, ${rank}), got ${axis}`);
  });
  if (new Set(normal).size === normal.length) return normal;
  throw new RangeError(`"${operation}.axes" expected each axis once, got [${axes.join(", ")}]`);
}

const keptShape = (shape: readonly number[], axes: readonly number[]): number[] =>
  shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));

function rank2(name: string, x: Tensor): Tensor {
  if (x.rank === 2) return x;
  throw new RangeError(`"matmul.${name}" expected rank 2, got shape [${x.shape.join(", ")}]`);
}
