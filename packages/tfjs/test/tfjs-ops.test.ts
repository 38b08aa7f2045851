/** Every operation and its derivative on tfjs's CPU and WebAssembly backends against the float64 reference and the graph's derivative. */
import { GraphBuilder, interpret, type Node, vjp } from "@isthmus/graph";
import {
  bernoulliLogProbFromLogits,
  elbo,
  gaussianLogProb,
  IsthmusError,
  kl,
  klDiagonalGaussian,
  logAddExp,
  logExpm1,
  logProb,
  logSumExp,
  type MathOps,
  ndArray,
  type NdArray,
  ndArrayOps,
  reparameterise,
  xLogY,
} from "@isthmus/math";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { tfjsOps } from "../src/index.ts";

tf.env().set("PROD", true); // tfjs advertises its native backend on the console otherwise
await tf.setBackend("cpu");

const ops = tfjsOps(tf);

/** A formula and the shapes of its arguments; `values` are drawn in (0.2, 1.8) with either sign unless given. */
interface Case {
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  readonly positive?: boolean;
  readonly values?: readonly (readonly number[])[];
  readonly f: <T>(ops: MathOps<T>, xs: readonly T[]) => T;
}

type Unary =
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
  | "relu"
  | "erf"
  | "softmax"
  | "logSoftmax"
  | "stopGradient";
type Binary = "add" | "sub" | "mul" | "div" | "maximum" | "minimum" | "greater" | "equal" | "sigmoidCrossEntropy";

const one = (name: Unary, positive = false): Case => ({
  name,
  positive,
  shapes: [[2, 3]],
  f: (on, [x]) => on[name](x!),
});
const two = (name: Binary, left: readonly number[], right: readonly number[]): Case => ({
  name: `${name} [${left.join()}] [${right.join()}]`,
  shapes: [left, right],
  f: (on, [a, b]) => on[name](a!, b!),
});
const unaries: readonly Unary[] = [
  "neg",
  "abs",
  "sign",
  "exp",
  "expm1",
  "square",
  "sigmoid",
  "tanh",
  "softplus",
  "relu",
  "erf",
  "softmax",
  "logSoftmax",
  "stopGradient",
];
const binaries: readonly Binary[] = [
  "add",
  "sub",
  "mul",
  "div",
  "maximum",
  "minimum",
  "greater",
  "equal",
  "sigmoidCrossEntropy",
];
const ties = [
  [1, 2, 3],
  [1, 1, 3],
] as const;

const cases: readonly Case[] = [
  ...unaries.map((name) => one(name)),
  ...(["log", "log1p", "sqrt"] as const).map((name) => one(name, true)),
  ...binaries.flatMap((name) => [two(name, [2, 3], [2, 3]), two(name, [2, 1, 3], [4, 1]), two(name, [], [3])]),
  ...binaries.map((name) => ({ ...two(name, [3], [3]), name: `${name} at ties`, values: ties })),
  { name: "select", shapes: [[3], [2, 3], [1]], f: (on, [c, a, b]) => on.select(on.greater(c!, on.scalar(0)), a!, b!) },
  ...([undefined, [0], [-1], [0, 2], []] as const).flatMap((axes) =>
    [false, true].flatMap((keepDims) =>
      (["sum", "mean", "max"] as const).map((name): Case => ({
        name: `${name} over ${JSON.stringify(axes)}, kept ${keepDims}`,
        shapes: [[2, 3, 2]],
        f: (on, [x]) => on[name](x!, { ...(axes && { axes }), keepDims }),
      })),
    ),
  ),
  { name: "max at ties", shapes: [[4]], values: [[1, 3, 3, 2]], f: (on, [x]) => on.max(x!) },
  {
    name: "values used several times",
    shapes: [[2]],
    f: (on, [x]) => {
      const y = on.add(x!, x!);
      return on.add(on.sub(y, x!), on.maximum(on.add(y, y), on.neg(y)));
    },
  },
  { name: "size", shapes: [[2, 3]], f: (on, [x]) => on.mul(x!, on.size(x!, [1])) },
  { name: "expandDims", shapes: [[2, 3]], f: (on, [x]) => on.square(on.expandDims(x!, -2)) },
  { name: "slice", shapes: [[2, 4]], f: (on, [x]) => on.square(on.slice(x!, { axis: -1, begin: 1, end: 3 })) },
  {
    name: "concat",
    shapes: [
      [2, 1],
      [2, 3],
    ],
    f: (on, [a, b]) => on.square(on.concat([a!, b!, a!], 1)),
  },
  { name: "concat of one", shapes: [[2, 1]], f: (on, [a]) => on.concat([a!], 0) },
  { name: "constant", shapes: [[2]], f: (on, [x]) => on.mul(x!, on.constant([2], [3, 4])) },
  {
    name: "softmaxCrossEntropy",
    shapes: [
      [2, 3],
      [2, 3],
    ],
    f: (on, [l, p]) => on.softmaxCrossEntropy(l!, on.softmax(p!)),
  },
  ...[false, true].flatMap((transposeA) =>
    [false, true].map((transposeB): Case => ({
      name: `matmul ${transposeA} ${transposeB}`,
      shapes: [transposeA ? [3, 2] : [2, 3], transposeB ? [4, 3] : [3, 4]],
      f: (on, [a, b]) => on.matmul(a!, b!, { transposeA, transposeB }),
    })),
  ),
  {
    name: "cholesky",
    shapes: [[2, 2]],
    f: (on, [x]) => on.cholesky(on.add(on.matmul(x!, x!, { transposeB: true }), on.constant([2, 2], [1, 0, 0, 1]))),
  },
  {
    name: "solveTriangular",
    shapes: [
      [3, 3],
      [2, 3, 1],
    ],
    f: (on, [l, b]) => on.solveTriangular(l!, b!),
  },
  ...(["logGamma", "digamma", "trigamma"] as const).map((name): Case => ({
    name,
    positive: true,
    shapes: [[4]],
    values: [[0.02, 0.7, 3.9, 30]],
    f: (on, [x]) => on[name](x!),
  })),
  {
    name: "logBeta",
    positive: true,
    shapes: [[2], [2]],
    values: [
      [0.3, 30],
      [5, 2],
    ],
    f: (on, [a, b]) => on.logBeta(a!, b!),
  },
  { name: "logSumExp", shapes: [[2, 3]], f: (on, [x]) => logSumExp(on, x!, { axes: [-1] }) },
  { name: "logAddExp", shapes: [[3], [2, 1]], f: (on, [a, b]) => logAddExp(on, a!, b!) },
  { name: "logExpm1", shapes: [[3]], positive: true, f: (on, [x]) => logExpm1(on, x!) },
  { name: "xLogY", shapes: [[3], [3]], positive: true, f: (on, [x, y]) => xLogY(on, x!, y!) },
  {
    name: "klDiagonalGaussian",
    shapes: [[2, 3], [2, 3], [3], [2, 3]],
    f: (on, [mu, logVar, priorMu, priorLogVar]) =>
      klDiagonalGaussian(on, { mu: mu!, logVar: logVar! }, { mu: priorMu!, logVar: priorLogVar! }),
  },
  {
    name: "klDiagonalGaussian to N(0, I)",
    shapes: [
      [2, 3],
      [2, 3],
    ],
    f: (on, [mu, logVar]) => klDiagonalGaussian(on, { mu: mu!, logVar: logVar! }),
  },
  {
    name: "Bernoulli log-likelihood",
    shapes: [
      [2, 3],
      [2, 3],
    ],
    f: (on, [x, l]) => bernoulliLogProbFromLogits(on, on.sigmoid(x!), l!),
  },
  {
    name: "ELBO of a linear Gaussian model",
    shapes: [
      [2, 3],
      [3, 2],
      [3, 2],
      [2, 3],
      [2, 2],
    ],
    f: (on, [x, toMu, toLogVar, decoder, eps]) => {
      const q = { mu: on.matmul(x!, toMu!), logVar: on.matmul(x!, toLogVar!) };
      const z = reparameterise(on, q, eps!);
      const logLikelihood = gaussianLogProb(on, x!, { mu: on.matmul(z, decoder!), variance: 0.5 });
      return elbo(on, { logLikelihood, kl: klDiagonalGaussian(on, q), beta: 0.7 });
    },
  },
];

/** Log-densities of families, and a KL: parameters and values are positive where they must be. */
const families: readonly Case[] = [
  {
    name: "normal",
    shapes: [[3], [2, 3], [3]],
    positive: true,
    f: (on, [x, loc, scale]) => logProb(on, { family: "normal", loc: loc!, scale: scale! }, x!),
  },
  {
    name: "gamma",
    shapes: [[3], [2, 3], [3]],
    positive: true,
    f: (on, [x, concentration, rate]) =>
      logProb(on, { family: "gamma", concentration: concentration!, rate: rate! }, x!),
  },
  {
    name: "studentT",
    shapes: [[3], [3], [3]],
    positive: true,
    f: (on, [x, df, loc]) => logProb(on, { family: "studentT", df: df!, loc: loc!, scale: on.scalar(0.7) }, x!),
  },
  {
    name: "continuousBernoulli",
    shapes: [[2, 3], [3]],
    f: (on, [x, logits]) => logProb(on, { family: "continuousBernoulli", logits: logits! }, on.sigmoid(x!)),
  },
  {
    name: "categorical",
    shapes: [[2, 3], [3]],
    f: (on, [x, logits]) => logProb(on, { family: "categorical", logits: logits! }, on.softmax(x!)),
  },
  {
    name: "mixture of normals",
    shapes: [[4], [2], [2], [2]],
    positive: true,
    f: (on, [x, logits, loc, scale]) => {
      const components = { family: "normal", loc: loc!, scale: scale! } as const;
      return logProb(on, { family: "mixture", logits: logits!, components }, x!);
    },
  },
  {
    name: "multivariate normal",
    shapes: [[2, 3], [3], [3, 3]],
    f: (on, [x, loc, root]) => {
      const identity = on.constant([3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1]);
      const scaleTril = on.cholesky(on.add(on.matmul(root!, root!, { transposeB: true }), identity));
      return logProb(on, { family: "multivariateNormal", loc: loc!, scaleTril }, x!);
    },
  },
  {
    name: "KL of gammas",
    shapes: [[3], [3], [3], [3]],
    positive: true,
    f: (on, [a, b, c, d]) =>
      kl(on, { family: "gamma", concentration: a!, rate: b! }, { family: "gamma", concentration: c!, rate: d! }),
  },
];

/** A fixed sequence in (0, 1), so that a failure repeats. */
function uniforms(): () => number {
  let state = 12_345;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}

const count = (shape: readonly number[]) => shape.reduce((product, dim) => product * dim, 1);

/** Arguments in float32, so that both sides see the same. */
function drawn({ shapes, values, positive }: Case): Float64Array[] {
  const next = uniforms();
  const signed = () => (0.2 + 1.6 * next()) * (positive || next() < 0.5 ? 1 : -1);
  return shapes.map((shape, i) =>
    Float64Array.from({ length: count(shape) }, (_, j) => Math.fround(values?.[i]?.[j] ?? signed())),
  );
}

/** The value, and the gradients of the sum of its squares and itself, from the graph's interpreter in float64. */
function reference(
  test: Case,
  values: readonly Float64Array[],
): { readonly value: NdArray; readonly gradients: NdArray[] } {
  const build = new GraphBuilder();
  const inputs = test.shapes.map((shape, i) => build.input(`x${i}`, shape));
  const y = test.f<Node>(build, inputs);
  const gradients = vjp(build, [scored(build, y)], inputs, [build.scalar(1)]);
  const outputs = Object.fromEntries(gradients.map((g, i) => [`d${i}`, build.broadcastTo(g, test.shapes[i]!)]));
  const used = Object.fromEntries(inputs.map((input, i) => [`x${i}`, input]));
  const fed = Object.fromEntries(values.map((value, i) => [`x${i}`, value]));
  const result = interpret(build.program({ outputs: { ...outputs, ...used } }), { inputs: fed, state: {}, batch: 1 });
  const arrays = test.shapes.map((shape, i) => ndArray(shape, values[i]!));
  return { value: test.f(ndArrayOps, arrays), gradients: test.shapes.map((_, i) => result.outputs[`d${i}`]!) };
}

/** A scalar whose gradient depends on every element: cotangents that are all 1 would hide transposes. */
const scored = <T>(on: MathOps<T>, y: T): T => on.sum(on.add(on.square(y), y));

/** Some dozens of roundings in float32 of terms up to the largest element: 2^-24 each. */
const expectClose = (actual: tf.Tensor, expected: NdArray) => {
  expect(actual.shape).toEqual(expected.shape);
  const largest = Math.max(1, ...expected.data.map(Math.abs));
  actual
    .dataSync()
    .forEach((value, i) => expect(Math.abs(value - expected.data[i]!)).toBeLessThan(64 * 2 ** -24 * largest));
};

const tensors = (test: Case, values: readonly Float64Array[]) =>
  test.shapes.map((shape, i) => tf.tensor(Float32Array.from(values[i]!), [...shape]));

describe.each(["cpu", "wasm"])("on the backend %s", (backend) => {
  beforeAll(async () => {
    await tf.setBackend(backend);
  });

  describe("values and gradients", () => {
    it.each([...cases, ...families])("$name", (test) => {
      const values = drawn(test);
      const { value, gradients } = reference(test, values);
      expectClose(test.f(ops, tensors(test, values)), value);
      const made = tf.grads((...xs: tf.Tensor[]) => scored(ops, test.f(ops, xs)))(tensors(test, values));
      made.forEach((g, i) => expectClose(g, gradients[i]!));
    });

    it("are the backend's own", () => {
      expect(tf.getBackend()).toBe(backend);
    });

    it("every operation has a case or refuses", () => {
      const text = cases.map(({ name, f }) => `${name} ${String(f)}`).join(" ");
      const tested = Object.keys(ops).filter((name) => text.includes(name));
      const refusing = Object.keys(ops).filter((name) => {
        if (tested.includes(name)) return false;
        try {
          (ops[name as "erfc"] as (x: tf.Tensor) => tf.Tensor)(tf.scalar(1));
          return false;
        } catch (error) {
          return (
            error instanceof IsthmusError && error.code === "OPS_UNSUPPORTED" && error.message.startsWith(`${name}: `)
          );
        }
      });
      expect(Object.keys(ops).filter((name) => ![...tested, ...refusing, "shape"].includes(name))).toEqual([]);
      expect(refusing).toContain("gammaP");
      expect(ops.shape(tf.zeros([2, 3]))).toEqual([2, 3]);
    });
  });

  describe("digits near zero", () => {
    // Half an ulp of float32 for the result, and a few for the terms.
    const near = (f: (x: tf.Tensor) => tf.Tensor, exact: (x: number) => number, xs: readonly number[]) => {
      const operands = Float32Array.from(xs);
      f(tf.tensor1d(operands))
        .dataSync()
        .forEach((value, i) => {
          const expected = exact(operands[i]!);
          expect(Math.abs(value - expected), `at ${operands[i]}`).toBeLessThanOrEqual(
            8 * 2 ** -24 * Math.abs(expected),
          );
        });
    };
    const small = [-0.5, -0.499, -0.1, -1e-3, -1e-6, -1e-20, 0, 1e-20, 1e-6, 1e-3, 0.1, 0.499, 0.5];

    it("expm1, log1p, softplus and erf", () => {
      near((x) => ops.expm1(x), Math.expm1, [...small, -90, -20, -1, 1, 5, 80]);
      near((x) => ops.log1p(x), Math.log1p, [...small, -0.999, -0.6, 0.9, 1, 1.1, 1e6]);
      near(
        (x) => ops.softplus(x),
        (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
        [-80, -20, -10, -1, 0, 1, 10, 80],
      );
      near(
        (x) => ops.erf(x),
        (x) => ndArrayOps.erf(ndArrayOps.scalar(x)).data[0]!,
        [...small, -3, -1, 1, 3],
      );
    });

    it("a KL is never negative, 0 at equality, and d^2 / 4 beside it", () => {
      for (const d of [0, 1e-4, -1e-3, 0.01]) {
        const kl = klDiagonalGaussian(ops, { mu: tf.tensor1d([0]), logVar: tf.tensor1d([d]) }).dataSync()[0]!;
        expect(kl).toBeGreaterThanOrEqual(0);
        // expm1(d) - d is right to a rounding of d.
        expect(Math.abs(kl - (Math.expm1(d) - d) / 2)).toBeLessThanOrEqual(4 * 2 ** -24 * Math.abs(d));
      }
    });

    it("infinite ends stay what they are", () => {
      const ends = tf.tensor1d([-Infinity, Infinity, Number.NaN]);
      expect([...ops.expm1(ends).dataSync()]).toEqual([-1, Infinity, Number.NaN]);
      expect([...ops.log1p(ends).dataSync()]).toEqual([Number.NaN, Infinity, Number.NaN]);
      expect([...ops.softplus(ends).dataSync()]).toEqual([0, Infinity, Number.NaN]);
      expect(ops.log1p(tf.scalar(-1)).dataSync()[0]).toBe(-Infinity);
    });
  });

  describe("in use", () => {
    it("an optimiser of tfjs-core raises an ELBO", () => {
      const x = tf.tensor2d([
        [1, -0.5],
        [0.8, -0.7],
      ]);
      const mu = tf.variable(tf.zeros([2, 1]));
      const logVar = tf.variable(tf.zeros([2, 1]));
      const decoder = tf.variable(tf.tensor2d([[0.1, -0.1]]));
      const loss = () => {
        const q = { mu, logVar };
        const z = reparameterise(ops, q, tf.tensor2d([[0.3], [-0.4]]));
        const logLikelihood = gaussianLogProb(ops, x, { mu: ops.matmul(z, decoder), variance: 0.1 });
        return ops.neg(ops.mean(elbo(ops, { logLikelihood, kl: klDiagonalGaussian(ops, q) }))) as tf.Scalar;
      };
      const before = loss().dataSync()[0]!;
      const optimiser = tf.train.sgd(0.01);
      for (let step = 0; step < 20; step++) optimiser.minimize(loss);
      expect(loss().dataSync()[0]!).toBeLessThan(before);
    });

    // d/dx of (d/dx tanh(x))^2 = -4 t (1 - t^2)^2 with t = tanh(x); some ten roundings.
    it("derivatives can be differentiated", () => {
      const slope = tf.grad((x: tf.Tensor) => ops.sum(ops.tanh(x)));
      const bend = tf.grad((x: tf.Tensor) => ops.sum(ops.square(slope(x))));
      const x = [-0.5, 0.2, 1];
      bend(tf.tensor1d(x))
        .dataSync()
        .forEach((value, i) => {
          const t = Math.tanh(x[i]!);
          expect(Math.abs(value + 4 * t * (1 - t * t) ** 2)).toBeLessThan(32 * 2 ** -24);
        });
    });

    it("leaves no tensors behind inside tf.tidy", () => {
      const x = tf.tensor1d([1, 2]);
      const before = tf.memory().numTensors;
      tf.tidy(() =>
        tf
          .grad((t: tf.Tensor) => ops.sum(ops.softplus(ops.mul(t, t))))(x)
          .dataSync(),
      );
      expect(tf.memory().numTensors).toBe(before);
    });
  });
});

describe("bad arguments are named", () => {
  const x = tf.tensor2d([[1, 2, 3]]);
  const wrong = (value: unknown) => value as tf.Tensor;

  it.each<[string, () => unknown, ErrorConstructor, string]>([
    ["a number", () => ops.exp(wrong(1)), TypeError, '"exp.x" expected a float32 tensor, got number'],
    [
      "integers",
      () => ops.add(x, tf.tensor1d([1], "int32")),
      TypeError,
      '"add.b" expected a float32 tensor, got int32',
    ],
    ["a part", () => ops.concat([x, wrong(null)], 0), TypeError, '"concat.xs[1]"'],
    ["nothing to join", () => ops.concat([], 0), RangeError, '"concat.xs"'],
    ["an axis too far", () => ops.sum(x, { axes: [2] }), RangeError, '"sum.axes" expected integers in [-2, 2), got 2'],
    ["an axis twice", () => ops.max(x, { axes: [0, -2] }), RangeError, '"max.axes" expected each axis once'],
    ["a slice too long", () => ops.slice(x, { axis: 1, begin: 0, end: 4 }), RangeError, '"slice" expected 0 <= begin'],
    [
      "a vector as matrix",
      () => ops.matmul(tf.tensor1d([1]), x),
      RangeError,
      '"matmul.a" expected rank 2, got shape [1]',
    ],
  ])("%s", (_, act, kind, message) => {
    expect(act).toThrow(kind);
    expect(act).toThrow(message);
  });

  it("another version, and what is no tfjs at all", () => {
    const refusal = (got: unknown) =>
      expect.objectContaining({ code: "TFJS_VERSION", details: { expected: "4.22.0", got } });
    expect(() => tfjsOps({ ...tf, version_core: "4.21.0" } as unknown as typeof tf)).toThrow(refusal("4.21.0"));
    expect(() => tfjsOps({ ...tf, version_core: "3.0.0" } as unknown as typeof tf)).toThrow(
      "expected tfjs-core 4.22.0, got 3.0.0",
    );
    expect(() => tfjsOps({} as typeof tf)).toThrow(refusal(undefined));
  });
});
