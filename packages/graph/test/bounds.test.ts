/** The bounds and estimators of `@isthmus/math` in a graph: their gradients, against exact expectations. */
import {
  doublyReparameterisedSurrogate,
  elbo,
  freeBitsKl,
  gaussianLogProb,
  importanceWeightedBound,
  klDiagonalGaussian,
  leaveOneOutBaseline,
  normalisedWeights,
  randomNormal,
  sampledElbo,
  scoreFunctionSurrogate,
  stickingTheLandingSurrogate,
  stopParameterGradients,
} from "@isthmus/math";
import { describe, expect, it } from "vitest";
import { GraphBuilder, interpret, type Node, vjp } from "../src/index.ts";

/** z ~ N(0, 1), x | z ~ N(w z, variance I): one latent, three features, as constants of the graph. */
const x = [1.1, -0.4, 0.7];
const w = [0.8, -0.5, 0.3];
const variance = 0.5;

/** The posterior N(m, 1 / precision) of that model. */
const precision = 1 + w.reduce((sum, weight) => sum + weight * weight, 0) / variance;
const posterior = {
  mu: w.reduce((sum, weight, d) => sum + weight * x[d]!, 0) / variance / precision,
  logVar: -Math.log(precision),
};
/** A q that is not the posterior. */
const beside = { mu: posterior.mu - 0.5, logVar: posterior.logVar + 0.6 };

interface Estimator {
  readonly build: GraphBuilder;
  /** [batch, 1] */
  readonly q: { readonly mu: Node; readonly logVar: Node };
  /** [batch, k] */
  readonly z: Node;
  /** log p(x | z) and log p(z) of each sample, [batch, k]. */
  readonly logLikelihood: Node;
  readonly logPrior: Node;
  /** log q(z) of each sample under the given parameters, [batch, k]. */
  readonly logDensity: (q: { readonly mu: Node; readonly logVar: Node }) => Node;
}

/** Writes `f` of k reparameterised samples per row. */
function write<R>(k: number, f: (estimator: Estimator) => R): R {
  const build = new GraphBuilder();
  const q = { mu: build.input("mu", ["batch", 1]), logVar: build.input("logVar", ["batch", 1]) };
  const sigma = build.exp(build.mul(build.scalar(0.5), q.logVar));
  const z = build.add(q.mu, build.mul(sigma, build.input("eps", ["batch", k])));
  const each = build.expandDims(z, -1);
  const standard = { mu: build.scalar(0), logVar: build.scalar(0) };
  return f({
    build,
    q,
    z,
    logLikelihood: gaussianLogProb(build, build.constant([3], x), {
      mu: build.mul(each, build.constant([3], w)),
      variance,
    }),
    logPrior: gaussianLogProb(build, each, standard),
    logDensity: ({ mu, logVar }) =>
      gaussianLogProb(build, each, { mu: build.expandDims(mu, -1), logVar: build.expandDims(logVar, -1) }),
  });
}

interface Rows {
  readonly value: Float64Array;
  readonly mu: Float64Array;
  readonly logVar: Float64Array;
}

type Objective = (estimator: Estimator) => Node;

/** Of every row of eps [rows, k]: the objective and its derivatives in mu and logVar. */
function rowsOf(objective: Objective, k: number, at: { mu: number; logVar: number }, eps: Float64Array): Rows {
  const program = write(k, (estimator) => {
    const { build, q } = estimator;
    const written = objective(estimator);
    const value = written.shape.length === 2 ? build.sum(written, { axes: [1] }) : written;
    const [mu, logVar] = vjp(build, [build.sum(value)], [q.mu, q.logVar], [build.scalar(1)]);
    const used = build.add(build.mul(build.scalar(0), build.sum(estimator.z, { axes: [1] })), value);
    return build.program({ outputs: { value: used, mu: mu!, logVar: logVar! } });
  });
  const rows = eps.length / k;
  const filled = (value: number) => new Float64Array(rows).fill(value);
  const inputs = { mu: filled(at.mu), logVar: filled(at.logVar), eps };
  const { outputs } = interpret(program, { inputs, state: {}, batch: rows });
  return { value: outputs["value"]!.data, mu: outputs["mu"]!.data, logVar: outputs["logVar"]!.data };
}

/**
 * E over k standard normals by the trapezoidal rule in each, which converges faster than any power of the step: 1e-13 for
 * what grows no faster than a polynomial.
 */
const STEP = 0.25;
const nodes = Float64Array.from({ length: 65 }, (_, i) => (i - 32) * STEP);

function grid(k: number): { eps: Float64Array; weights: Float64Array } {
  const rows = nodes.length ** k;
  const digit = (row: number, sample: number) => nodes[Math.floor(row / nodes.length ** sample) % nodes.length]!;
  const eps = Float64Array.from({ length: rows * k }, (_, i) => digit(Math.floor(i / k), i % k));
  const density = (e: number) => (STEP * Math.exp((-e * e) / 2)) / Math.sqrt(2 * Math.PI);
  const weights = Float64Array.from({ length: rows }, (_, row) =>
    Array.from({ length: k }, (__, sample) => density(digit(row, sample))).reduce((product, p) => product * p, 1),
  );
  return { eps, weights };
}

const expectation = (values: Float64Array, weights: Float64Array) =>
  values.reduce((sum, value, i) => sum + value * weights[i]!, 0);

interface Moments {
  readonly value: number;
  readonly gradient: readonly [mu: number, logVar: number];
  readonly variance: readonly [mu: number, logVar: number];
}

/** Exact expectations of an objective and its derivatives, and the variances of the derivatives, for one draw of eps. */
function moments(objective: Objective, k: number, at: { mu: number; logVar: number }): Moments {
  const { eps, weights } = grid(k);
  const { value, mu, logVar } = rowsOf(objective, k, at, eps);
  const spread = (g: Float64Array) => {
    const mean = expectation(g, weights);
    return expectation(
      g.map((one) => (one - mean) ** 2),
      weights,
    );
  };
  return {
    value: expectation(value, weights),
    gradient: [expectation(mu, weights), expectation(logVar, weights)],
    variance: [spread(mu), spread(logVar)],
  };
}

/** The derivatives of the expected objective by central differences, extrapolated. */
function slopes(objective: Objective, k: number, at: { mu: number; logVar: number }): [mu: number, logVar: number] {
  const moved = (name: "mu" | "logVar", by: number) => moments(objective, k, { ...at, [name]: at[name] + by }).value;
  const difference = (name: "mu" | "logVar", h: number) => (moved(name, h) - moved(name, -h)) / (2 * h);
  const slope = (name: "mu" | "logVar") => (4 * difference(name, 1e-3) - difference(name, 2e-3)) / 3;
  return [slope("mu"), slope("logVar")];
}

/** Central differences at 1e-3 leave h^4 = 1e-12 and roundings of 1e-15 / h; quadrature leaves 1e-13 on either side. */
function expectSlopes(gradient: readonly number[], expected: readonly number[]): void {
  gradient.forEach((g, i) => expect(Math.abs(g - expected[i]!)).toBeLessThan(1e-9));
}

const closedForm: Objective = ({ build, q, logLikelihood }) =>
  elbo(build, { logLikelihood, kl: build.expandDims(klDiagonalGaussian(build, q), -1) });
const sampled: Objective = ({ build, q, logDensity, ...terms }) =>
  sampledElbo(build, { ...terms, logPosterior: logDensity(q) });
const landing: Objective = ({ build, q, logDensity, ...terms }) =>
  stickingTheLandingSurrogate(build, { ...terms, q, logDensity });
/** log p(x, z) - log q(z), without reparameterisation: z is a constant. */
const scored =
  (baseline: (build: GraphBuilder, value: Node) => Node | undefined): Objective =>
  ({ build, q, z, logLikelihood, logPrior }) => {
    const logDensity = gaussianLogProb(build, build.expandDims(build.stopGradient(z), -1), {
      mu: build.expandDims(q.mu, -1),
      logVar: build.expandDims(q.logVar, -1),
    });
    // The value's own derivative, that of -log q(z) at fixed z, has expectation 0 and is left out.
    const value = build.stopGradient(sampledElbo(build, { logLikelihood, logPrior, logPosterior: logDensity }));
    const given = baseline(build, value);
    return scoreFunctionSurrogate(build, { value, logDensity, ...(given ? { baseline: given } : {}) });
  };

describe("estimators of the ELBO's gradient", () => {
  const truth = slopes(closedForm, 1, beside);

  it("the expected bounds agree, and so do their slopes", () => {
    expect(Math.abs(moments(closedForm, 1, beside).value - moments(sampled, 1, beside).value)).toBeLessThan(1e-12);
    expectSlopes(slopes(sampled, 1, beside), truth);
  });

  it.each([
    ["closed-form KL", closedForm],
    ["sampled KL", sampled],
    ["sticking the landing", landing],
    ["score function", scored(() => undefined)],
    ["score function with a baseline", scored((build) => build.scalar(-3))],
  ])("%s is unbiased", (_, objective) => {
    expectSlopes(moments(objective, 1, beside).gradient, truth);
  });

  it("sticking the landing has no variance at the posterior, where the others have", () => {
    const { eps } = grid(1);
    const stuck = rowsOf(landing, 1, posterior, eps);
    // Derivatives of terms of at most 100 at |eps| < 8.
    for (const g of [...stuck.mu, ...stuck.logVar]) expect(Math.abs(g)).toBeLessThan(1e-12);
    for (const objective of [closedForm, sampled]) {
      for (const spread of moments(objective, 1, posterior).variance) expect(spread).toBeGreaterThan(0.1);
    }
  });

  it("the surrogate's gradient is not the gradient of its value", () => {
    const { eps } = grid(1);
    const value = (logVar: number) => rowsOf(landing, 1, { ...beside, logVar }, eps).value[10]!;
    const slope = (value(beside.logVar + 1e-4) - value(beside.logVar - 1e-4)) / 2e-4;
    expect(Math.abs(slope - rowsOf(landing, 1, beside, eps).logVar[10]!)).toBeGreaterThan(0.1);
  });

  /** The table of the README of `@isthmus/math`: variances in mu and in logVar at a q beside the posterior. */
  it("their variances, measured", () => {
    const best = moments(sampled, 1, beside).value;
    const table = [
      [closedForm, "2.36 1.26"],
      [sampled, "5.39 2.00"],
      [landing, "1.10 0.68"],
      [scored(() => undefined), "36.04 17.49"],
      [scored((build) => build.scalar(best)), "7.13 5.74"],
    ] as const;
    for (const [objective, printed] of table) {
      const measured = moments(objective, 1, beside).variance;
      expect(measured.map((spread) => spread.toFixed(2)).join(" ")).toBe(printed);
    }
  });
});

describe("estimators of the importance-weighted bound's gradient", () => {
  const bound: Objective = (estimator) => importanceWeightedBound(estimator.build, sampled(estimator));
  const doublyReparameterised: Objective = (estimator) => {
    const { build, q, logLikelihood, logPrior, logDensity } = estimator;
    const logPosterior = logDensity(stopParameterGradients(build, q));
    return doublyReparameterisedSurrogate(build, sampledElbo(build, { logLikelihood, logPrior, logPosterior }));
  };

  it.each([1, 2])(
    "differentiating the bound and the doubly reparameterised surrogate agree in expectation, k = %i",
    (k) => {
      const truth = slopes(bound, k, beside);
      expectSlopes(moments(bound, k, beside).gradient, truth);
      expectSlopes(moments(doublyReparameterised, k, beside).gradient, truth);
    },
  );

  it("with one sample is sticking the landing", () => {
    const { eps } = grid(1);
    const [one, other] = [rowsOf(doublyReparameterised, 1, beside, eps), rowsOf(landing, 1, beside, eps)];
    one.mu.forEach((g, i) => expect(Math.abs(g - other.mu[i]!)).toBeLessThan(1e-12));
    one.logVar.forEach((g, i) => expect(Math.abs(g - other.logVar[i]!)).toBeLessThan(1e-12));
  });

  it("its derivative in z_i is v_i times the bound's, so one backward pass serves both", () => {
    const program = write(3, (estimator) => {
      const { build, z } = estimator;
      const weights = normalisedWeights(build, sampled(estimator));
      const frozen = {
        ...estimator,
        logDensity: (q: Estimator["q"]) => estimator.logDensity(stopParameterGradients(build, q)),
      };
      const derivative = (objective: Objective) =>
        vjp(build, [build.sum(objective(frozen))], [z], [build.scalar(1)])[0]!;
      const expected = build.mul(weights, derivative(bound));
      return build.program({ outputs: { actual: derivative(doublyReparameterised), expected } });
    });
    const eps = normals(60, "one pass");
    const inputs = { mu: new Float64Array(20).fill(0.1), logVar: new Float64Array(20).fill(-0.3), eps };
    const { actual, expected } = interpret(program, { inputs, state: {}, batch: 20 }).outputs;
    actual!.data.forEach((g, i) => expect(Math.abs(g - expected!.data[i]!)).toBeLessThan(1e-13));
  });

  const ROWS = 200;

  /** |mean| / standard deviation of the derivative in mu over many rows; the surrogate's mean is the better known one. */
  it("with more samples the surrogate's signal-to-noise ratio rises, and the bound's falls", () => {
    const ratios = [1, 8, 64, 512].map((k) => {
      const eps = normals(ROWS * k, `snr.${k}`);
      const summary = (objective: Objective) => {
        const { mu } = rowsOf(objective, k, beside, eps);
        const mean = mu.reduce((sum, g) => sum + g, 0) / mu.length;
        return { mean, deviation: Math.sqrt(mu.reduce((sum, g) => sum + (g - mean) ** 2, 0) / (mu.length - 1)) };
      };
      const [naive, doubly] = [summary(bound), summary(doublyReparameterised)];
      // The same expectation: the difference of the means within five of its standard errors.
      const error = Math.hypot(naive.deviation, doubly.deviation) / Math.sqrt(ROWS);
      expect(Math.abs(naive.mean - doubly.mean)).toBeLessThan(5 * error);
      return { naive: Math.abs(doubly.mean) / naive.deviation, doubly: Math.abs(doubly.mean) / doubly.deviation };
    });
    // Theory: sqrt(k) either way from moderate k on (Rainforth et al. 2018), so a factor sqrt(8) per step, and half of it here.
    const factor = Math.sqrt(8) / 2;
    for (let i = 2; i < ratios.length; i++) {
      expect(ratios[i]!.doubly).toBeGreaterThan(factor * ratios[i - 1]!.doubly);
      expect(ratios[i]!.naive).toBeLessThan(ratios[i - 1]!.naive / factor);
    }
    expect(ratios[0]!.doubly).toBeGreaterThan(ratios[0]!.naive);
  });
});

function normals(count: number, stream: string): Float64Array {
  const out = new Float32Array(count);
  randomNormal(out, { seed: 11, stream });
  return Float64Array.from(out);
}

describe("the score-function surrogate, on a model that can be enumerated", () => {
  const rewards = [6.5, 3, 5.3, 9];
  const logits = [0.2, -0.7, 1.1, 0];

  /** For every tuple of k outcomes: its probability and the derivatives of the mean surrogate over the tuple in the logits. */
  function tuples(k: number, baseline: (build: GraphBuilder, values: Node) => Node) {
    const build = new GraphBuilder();
    const given = build.input("logits", ["batch", 4]);
    const drawn = build.input("drawn", ["batch", k, 4]);
    const scale = build.input("scale", ["batch", 1]);
    const logQ = build.sum(build.mul(drawn, build.expandDims(build.logSoftmax(given), 1)), { axes: [-1] });
    // f has a parameter of its own, `scale`.
    const value = build.mul(scale, build.sum(build.mul(drawn, build.constant([4], rewards)), { axes: [-1] }));
    const terms = { value, logDensity: logQ, baseline: baseline(build, value) };
    const surrogate = build.mean(scoreFunctionSurrogate(build, terms), { axes: [1] });
    const [g, own] = vjp(build, [build.sum(surrogate)], [given, scale], [build.scalar(1)]);
    const probability = build.exp(build.sum(logQ, { axes: [1] }));
    const program = build.program({ outputs: { g: g!, own: own!, probability } });
    const rows = 4 ** k;
    const digit = (row: number, sample: number) => Math.floor(row / 4 ** sample) % 4;
    const oneHot = Float64Array.from({ length: rows * k * 4 }, (_, i) => {
      const [row, sample, outcome] = [Math.floor(i / (4 * k)), Math.floor(i / 4) % k, i % 4];
      return digit(row, sample) === outcome ? 1 : 0;
    });
    const repeated = Float64Array.from({ length: rows * 4 }, (_, i) => logits[i % 4]!);
    const inputs = { logits: repeated, drawn: oneHot, scale: new Float64Array(rows).fill(1) };
    const { outputs } = interpret(program, { inputs, state: {}, batch: rows });
    const p = outputs["probability"]!.data;
    const column = (j: number) => p.map((_, row) => outputs["g"]!.data[row * 4 + j]!);
    const means = [0, 1, 2, 3].map((j) => expectation(column(j), p));
    const spread = means.reduce(
      (sum, mean, j) =>
        sum +
        expectation(
          column(j).map((v) => (v - mean) ** 2),
          p,
        ),
      0,
    );
    return { means, spread, own: expectation(outputs["own"]!.data, p) };
  }

  const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
  const p = logits.map((logit) => Math.exp(logit) / total);
  const mean = p.reduce((sum, probability, j) => sum + probability * rewards[j]!, 0);
  const truth = p.map((probability, j) => probability * (rewards[j]! - mean));
  const none = (build: GraphBuilder) => build.scalar(0);

  it.each([
    ["no baseline", 1, none],
    ["a constant one", 1, (build: GraphBuilder) => build.scalar(7)],
    ["the mean of the other samples", 3, leaveOneOutBaseline],
  ] as const)("is unbiased with %s", (_, k, baseline) => {
    const { means, own } = tuples(k, baseline);
    // Numbers below 100, a hundred of them.
    means.forEach((g, j) => expect(Math.abs(g - truth[j]!)).toBeLessThan(1e-12));
    expect(Math.abs(own - mean)).toBeLessThan(1e-12);
  });

  it("a baseline lowers its variance", () => {
    expect(tuples(1, (build) => build.scalar(mean)).spread).toBeLessThan(tuples(1, none).spread);
    expect(tuples(3, leaveOneOutBaseline).spread).toBeLessThan(0.8 * tuples(3, none).spread);
  });
});

describe("free bits", () => {
  it("give a group below lambda no gradient, and the others that of their mean KL", () => {
    const build = new GraphBuilder();
    const q = { mu: build.input("mu", ["batch", 2]), logVar: build.constant([2], [0, 0]) };
    const kl = freeBitsKl(build, klDiagonalGaussian(build, q, undefined, { axes: [] }), 0.5);
    const [g] = vjp(build, [kl], [q.mu], [build.scalar(1)]);
    const program = build.program({ outputs: { g: g! } });
    // KLs mu^2 / 2: means 0.25 and 1.25 over two examples.
    const inputs = { mu: Float64Array.of(1, 2, 0, 1) };
    const { outputs } = interpret(program, { inputs, state: {}, batch: 2 });
    expect([...outputs["g"]!.data]).toEqual([0, 1, 0, 0.5]);
  });
});
