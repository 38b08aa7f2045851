import { GraphBuilder, interpret, type StoredTensor } from "@isthmus/graph";
import { gaussianLogProb, reparameterise } from "@isthmus/math";
import { autoencoder, type ModelDefinition } from "@isthmus/models";
import { describe, expect, it } from "vitest";
import { evaluateLikelihood } from "../src/index.ts";
import { engines, rowsDataset } from "./support.ts";

const SLOPE = [1.5, -0.5];
const NOISE = 0.25;

/**
 * z ~ N(0, 1), x = slope z + noise: log p(x) is a Gaussian's. The posterior is N(x . slope / 3, 0.5): right in shape, wrong
 * in mean and wider than the exact one, so that weights differ and have a variance.
 */
function tractable({ draw = false } = {}): ModelDefinition {
  const base = autoencoder({ inputShape: [2], trunk: { kind: "dense", hidden: [] }, latent: 1 });
  const build = new GraphBuilder();
  const given = build.input("x", ["batch", 2]);
  const seed = build.input("seed", [2], "i32");
  const slope = build.state("slope", { shape: [1, 2], init: { kind: "zeros" } });
  const coin = build.randomUniform(given.shape, {
    seed,
    step: build.input("dataStep", [2], "i32"),
    stream: "binarize",
  });
  const x = draw ? build.greater(given, coin) : given;
  const q = { mu: build.div(build.matmul(x, slope, { transposeB: true }), build.scalar(3)), variance: 0.5 };
  const step = build.input("step", [2], "i32");
  const eps = build.randomNormal(q.mu.shape, { seed, step, stream: "eps" });
  const z = reparameterise(build, { mu: q.mu, logVar: build.log(build.scalar(0.5)) }, eps);
  const joint = build.add(
    gaussianLogProb(build, z, { mu: build.scalar(0), variance: 1 }),
    gaussianLogProb(build, x, { mu: build.matmul(z, slope), variance: NOISE }),
  );
  const logWeight = build.sub(joint, gaussianLogProb(build, z, q));
  const importance = build.program({ outputs: { logWeight } });
  return { ...base, parameters: importance.state, importance };
}

const parameters: Record<string, StoredTensor> = { slope: { shape: [1, 2], data: Float32Array.from(SLOPE) } };
const rows = Array.from({ length: 11 }, (_, i) => [((i * 7) % 11) / 4 - 1, ((i * 3) % 11) / 5 - 1]);
const data = rowsDataset(rows);

/** log N(x; 0, slope slope' + noise I), in two dimensions. */
function exact([x0, x1]: readonly number[]): number {
  const [a, b] = [Math.fround(SLOPE[0]!), Math.fround(SLOPE[1]!)];
  const [s00, s01, s11] = [a * a + NOISE, a * b, b * b + NOISE];
  const det = s00 * s11 - s01 * s01;
  const [u, v] = [Math.fround(x0!), Math.fround(x1!)];
  return -Math.log(2 * Math.PI) - Math.log(det) / 2 - (s11 * u * u - 2 * s01 * u * v + s00 * v * v) / (2 * det);
}

describe.each(engines)("evaluateLikelihood on the %s engine", (_, makeEngine) => {
  it("comes to log p(x) with more draws, within its own standard error, and from below", async () => {
    const engine = await makeEngine();
    const at = (samples: number) => evaluateLikelihood(tractable(), parameters, data, { engine, samples });
    const [one, many] = [await at(1), await at(2000)];
    const truth = rows.map(exact);
    const mean = truth.reduce((a, b) => a + b) / rows.length;
    // Five standard errors; the bias, which the error does not see, is about half a variance: below 1e-3 here.
    expect(many.standardError).toBeLessThan(0.02);
    expect(Math.abs(many.logLikelihood - mean)).toBeLessThan(5 * many.standardError);
    many.perItem.logLikelihood.forEach((value, i) => {
      expect(Math.abs(value - truth[i]!)).toBeLessThan(5 * many.perItem.standardError[i]!);
    });
    expect(one.logLikelihood).toBeLessThan(mean);
    const spread = Math.sqrt(truth.reduce((a, value) => a + (value - mean) ** 2, 0) / 10 / 11);
    expect(Math.abs(many.dataError - spread)).toBeLessThan(0.02);
    expect(one.effectiveSampleSize).toBe(1);
    expect(one.standardError).toBe(Infinity);
    expect([many.samples, many.items]).toEqual([2000, 11]);
    engine.dispose();
  });

  it("is the mean of weights, effective size and error, as plain formulas over the same draws give them", async () => {
    const engine = await makeEngine();
    const K = 7;
    const estimate = await evaluateLikelihood(tractable(), parameters, data, {
      engine,
      samples: K,
      seed: 4,
      batchSize: 4,
    });
    const state = { slope: Float32Array.from(SLOPE) };
    const program = tractable().importance!;
    rows.forEach((row, item) => {
      const batch = Math.floor(item / 4);
      const inputs = (draw: number) => ({
        x: Float32Array.from(rows.slice(4 * batch, 4 * batch + 4).flat()),
        seed: Int32Array.of(4, 0),
        step: Int32Array.of(batch + 3 * draw, 2 ** 20),
      });
      const weights = Array.from({ length: K }, (__, draw) => {
        const { outputs } = interpret(program, { inputs: inputs(draw), state, batch: Math.min(4, 11 - 4 * batch) });
        return Math.exp(outputs["logWeight"]!.data[item - 4 * batch]!);
      });
      const mean = weights.reduce((a, w) => a + w) / K;
      const squares = weights.reduce((a, w) => a + w * w, 0);
      const variance = weights.reduce((a, w) => a + (w - mean) ** 2, 0) / (K - 1);
      // float32 log weights near 10 carry 1e-6.
      expect(estimate.perItem.logLikelihood[item]).toBeCloseTo(Math.log(mean), 5);
      expect(estimate.perItem.effectiveSampleSize[item]).toBeCloseTo((K * mean) ** 2 / squares, 4);
      expect(estimate.perItem.standardError[item]).toBeCloseTo(Math.sqrt(variance / K) / mean, 5);
      expect(row).toHaveLength(2);
    });
    engine.dispose();
  });

  it("binarises an item once for all its draws", async () => {
    const engine = await makeEngine();
    const coin = rowsDataset(Array.from({ length: 6 }, () => [0.5, 0.5]));
    const estimate = await evaluateLikelihood(tractable({ draw: true }), parameters, coin, { engine, samples: 3000 });
    const possible = [0, 1].flatMap((a) => [0, 1].map((b) => exact([a, b])));
    estimate.perItem.logLikelihood.forEach((value, i) => {
      const distance = Math.min(...possible.map((truth) => Math.abs(value - truth)));
      expect(distance).toBeLessThan(5 * estimate.perItem.standardError[i]!);
    });
    engine.dispose();
  });
});

describe("evaluateLikelihood", () => {
  it("tells how far it is", async () => {
    const shares: number[] = [];
    const onProgress = (share: number) => void shares.push(share);
    const engine = await engines[0]![1]();
    await evaluateLikelihood(tractable(), parameters, data, { engine, samples: 2, batchSize: 6, onProgress });
    expect(shares).toEqual([0.25, 0.5, 0.75, 1]);
  });

  it("refuses models without a likelihood, and no samples", async () => {
    const engine = await engines[0]![1]();
    const ae = autoencoder({ inputShape: [2], trunk: { kind: "dense", hidden: [] }, latent: 1 });
    await expect(evaluateLikelihood(ae, {}, data, { engine, samples: 2 })).rejects.toThrow(
      /expected a model with a likelihood p\(x\), got kind ae/,
    );
    await expect(evaluateLikelihood(tractable(), parameters, data, { engine, samples: 0 })).rejects.toThrow(
      /"samples" expected a positive integer, got 0/,
    );
  });
});
