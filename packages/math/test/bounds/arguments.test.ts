import { describe, expect, it } from "vitest";
import {
  activeUnits,
  aggregateInformation,
  annealedImportanceSampling,
  bidirectionalBound,
  bitsPerDimension,
  capacityObjective,
  doublyReparameterisedSurrogate,
  elbo,
  freeBitsKl,
  fromNested,
  importanceSampledLogLikelihood,
  importanceWeightedBound,
  inferenceGaps,
  leaveOneOutBaseline,
  logLikelihoodFromBitsPerDimension,
  LogWeightAccumulator,
  meanLogLikelihood,
  mixtureLogWeights,
  ndArrayOps as ops,
  normalisedWeights,
  rateDistortion,
  refittedPosterior,
  reverseAnnealedImportanceSampling,
  sampledElbo,
  scoreFunctionSurrogate,
  sigmoidTemperatures,
  stickingTheLandingSurrogate,
  stopParameterGradients,
  totalCorrelationDecomposition,
  tunedStepSizes,
} from "../../src/index.ts";
import type { AnnealingOptions, NdArray } from "../../src/index.ts";
import { prior } from "../support/linear-gaussian.ts";

const a = fromNested as (nested: unknown) => NdArray;
const x = a([[1, 2]]);
const q = { mu: x, logVar: x };
/** What a caller without types might pass. */
const bad = (value: unknown) => value as never;

const annealing: AnnealingOptions = {
  initial: prior,
  target: prior,
  temperatures: [0, 1],
  stepSize: 0.1,
  key: { seed: 1, stream: "s" },
};
const anneal = (change: object) => () => annealedImportanceSampling(x, { ...annealing, ...change });

describe("the wrong kind is a TypeError that names the argument", () => {
  const terms = { logLikelihood: x, logPrior: x, logPosterior: x };
  const parts = { logPosterior: x, logPrior: x, logPairs: x, logWeights: x };
  const gaps = { logLikelihood: x, refitted: x, amortised: x };

  it.each([
    ['"logLikelihood"', () => sampledElbo(ops, { ...terms, logLikelihood: bad(1) })],
    ['"logPrior"', () => sampledElbo(ops, { ...terms, logPrior: bad(undefined) })],
    ['"logPosterior"', () => sampledElbo(ops, { ...terms, logPosterior: bad("0") })],
    ['"beta"', () => elbo(ops, { logLikelihood: x, kl: x, beta: bad(null) })],
    ['"kl"', () => capacityObjective(ops, { logLikelihood: x, kl: bad(1), capacity: 1, gamma: 1 })],
    ['"capacity"', () => capacityObjective(ops, { logLikelihood: x, kl: x, capacity: bad("1"), gamma: 1 })],
    ['"gamma"', () => capacityObjective(ops, { logLikelihood: x, kl: x, capacity: 1, gamma: bad(undefined) })],
    ['"kl"', () => freeBitsKl(ops, bad(1), 1)],
    ['"lambda"', () => freeBitsKl(ops, x, bad("1"))],
    ['"logWeights"', () => importanceWeightedBound(ops, bad(0))],
    ['"logWeights"', () => normalisedWeights(ops, bad(undefined))],
    ['"logWeights"', () => doublyReparameterisedSurrogate(ops, bad(null))],
    ['"q"', () => stopParameterGradients(ops, bad(undefined))],
    ['"q"', () => stopParameterGradients(ops, bad([x]))],
    ['"logDensity"', () => stickingTheLandingSurrogate(ops, { ...terms, q, logDensity: bad(x) })],
    ['"value"', () => scoreFunctionSurrogate(ops, { value: bad(1), logDensity: x })],
    ['"logDensity"', () => scoreFunctionSurrogate(ops, { value: x, logDensity: bad(1) })],
    ['"baseline"', () => scoreFunctionSurrogate(ops, { value: x, logDensity: x, baseline: bad(1) })],
    ['"values"', () => leaveOneOutBaseline(ops, bad(1))],
    ['"logPairs"', () => totalCorrelationDecomposition(ops, { ...parts, logPairs: bad(1) })],
    ['"logWeights"', () => totalCorrelationDecomposition(ops, { ...parts, logWeights: bad(1) })],
    ['"batch"', () => mixtureLogWeights({ batch: bad("1"), dataset: 2, method: "weighted" })],
    ['"refitted"', () => inferenceGaps(ops, { ...gaps, refitted: bad(1) })],
    ['"kl"', () => rateDistortion(ops, { logLikelihood: x, kl: bad(1) })],
    ['"q.mu"', () => aggregateInformation(bad({}), x)],
    ['"z"', () => aggregateInformation(q, bad(1))],
    ['"mu"', () => activeUnits(bad([[1, 2]]))],
    ['"threshold"', () => activeUnits(x, bad("1"))],
    ['"dimensions"', () => bitsPerDimension(0, { dimensions: bad("784") })],
    ['"examples"', () => new LogWeightAccumulator(bad("1"))],
    ['"logWeights"', () => importanceSampledLogLikelihood(bad([[1]]))],
    ['"logWeights"', () => new LogWeightAccumulator(1).add(bad(3))],
    ['"logLikelihood"', () => meanLogLikelihood(bad({ standardError: [1] }))],
    ['"standardError"', () => meanLogLikelihood(bad({ logLikelihood: [1] }))],
    ['"owners"', () => aggregateInformation(q, x, bad(0))],
    ['"logLikelihood"', () => bitsPerDimension(bad("1"), { dimensions: 1 })],
    ['"bits"', () => logLikelihoodFromBitsPerDimension(bad(undefined), { dimensions: 1 })],
    ['"forward.logWeights"', () => bidirectionalBound(bad({}), bad({}))],
    ['"backward.logWeights"', () => bidirectionalBound({ logWeights: new Float64Array(1) }, bad(undefined))],
  ])("%s", (name, act) => {
    expect(act).toThrow(TypeError);
    expect(act).toThrow(name);
  });
});

describe("the wrong range is a RangeError that names the argument", () => {
  const capacity = { logLikelihood: x, kl: x, capacity: 1, gamma: 1 };
  const runs = { logWeights: Float64Array.of(1, 2) };

  it.each([
    ['"capacity"', () => capacityObjective(ops, { ...capacity, capacity: -1 })],
    ['"gamma"', () => capacityObjective(ops, { ...capacity, gamma: Infinity })],
    ['"lambda"', () => freeBitsKl(ops, x, Number.NaN)],
    ['"beta"', () => sampledElbo(ops, { logLikelihood: x, logPrior: x, logPosterior: x, beta: -1 })],
    ['"values"', () => leaveOneOutBaseline(ops, a([[1]]))],
    ['"batch"', () => mixtureLogWeights({ batch: 1, dataset: 2, method: "stratified" })],
    ['"batch"', () => mixtureLogWeights({ batch: 3, dataset: 2, method: "stratified" })],
    ['"dataset"', () => mixtureLogWeights({ batch: 1, dataset: 0, method: "stratified" })],
    ['"method"', () => mixtureLogWeights({ batch: 2, dataset: 2, method: bad("mss") })],
    ['"q.mu"', () => aggregateInformation({ mu: a([1]), logVar: a([1]) }, x)],
    ['"q.logVar"', () => aggregateInformation({ mu: x, logVar: a([[1]]) }, x)],
    ['"q.mu"', () => aggregateInformation({ mu: a([[Number.NaN]]), logVar: a([[0]]) }, a([[0]]))],
    ['"z"', () => aggregateInformation(q, a([[1, 2, 3]]))],
    ['"owners"', () => aggregateInformation(q, x, [1])],
    ['"owners"', () => aggregateInformation(q, x, [])],
    ['"mu"', () => activeUnits(a([1, 2]))],
    ['"mu"', () => activeUnits(a([]))],
    ['"threshold"', () => activeUnits(x, 0)],
    ['"dimensions"', () => bitsPerDimension(0, { dimensions: 0 })],
    ['"binWidth"', () => logLikelihoodFromBitsPerDimension(0, { dimensions: 1, binWidth: 0 })],
    ['"examples"', () => new LogWeightAccumulator(0)],
    ['"draws"', () => new LogWeightAccumulator(1).estimate()],
    ['"logWeights"', () => importanceSampledLogLikelihood(a([1, 2]))],
    ['"logWeights"', () => importanceSampledLogLikelihood(a([[]]))],
    ['"logWeights"', () => importanceSampledLogLikelihood(a([[Number.NaN]]))],
    [
      '"standardError"',
      () => meanLogLikelihood({ logLikelihood: Float64Array.of(1), standardError: new Float64Array() }),
    ],
    ['"transitions"', () => sigmoidTemperatures(0)],
    ['"steepness"', () => sigmoidTemperatures(10, -1)],
    ['"forward.logWeights.length"', () => bidirectionalBound({ logWeights: new Float64Array() }, runs)],
    ['"backward.logWeights"', () => bidirectionalBound(runs, { logWeights: Float64Array.of(Number.NaN) })],
  ])("%s", (name, act) => {
    expect(act).toThrow(RangeError);
    expect(act).toThrow(name);
  });
});

describe("what takes time rejects, and names the argument too", () => {
  it.each([
    ['"start.mu"', () => refittedPosterior(bad({}), () => q, { steps: 1 })],
    ['"gradient"', () => refittedPosterior(q, bad(undefined), { steps: 1 })],
    ['"start"', () => annealedImportanceSampling(bad([[0]]), annealing)],
    ['"temperatures"', anneal({ temperatures: undefined })],
    ['"stepSize"', anneal({ stepSize: undefined })],
    ['"initial"', anneal({ initial: undefined })],
    ['"target"', anneal({ target: x })],
    ['"target().value"', anneal({ target: () => ({ value: [0], gradient: x }) })],
    ['"key.stream"', anneal({ key: undefined })],
    ['"seed"', anneal({ key: { seed: "1", stream: "s" } })],
  ])("%s of the wrong kind", async (name, act) => {
    const error = await act().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TypeError);
    expect(String(error)).toContain(name);
  });

  it.each([
    ['"start.logVar"', () => refittedPosterior({ mu: x, logVar: a([0]) }, () => q, { steps: 1 })],
    ['"steps"', () => refittedPosterior(q, () => q, { steps: 0 })],
    ['"learningRate"', () => refittedPosterior(q, () => q, { steps: 1, learningRate: 0 })],
    ['"gradient().mu"', () => refittedPosterior(q, () => ({ ...q, mu: a([1]) }), { steps: 1 })],
    ['"gradient()"', () => refittedPosterior(q, () => ({ ...q, mu: a([[Number.NaN, 0]]) }), { steps: 1 })],
    ['"start"', () => annealedImportanceSampling(a([1]), annealing)],
    ['"start.shape[0]"', () => annealedImportanceSampling({ shape: [0, 2], data: new Float64Array() }, annealing)],
    ['"temperatures"', anneal({ temperatures: [0] })],
    ['"temperatures"', anneal({ temperatures: [0.1, 1] })],
    ['"temperatures"', anneal({ temperatures: [0, 0.5, 0.5, 1] })],
    ['"temperatures"', () => reverseAnnealedImportanceSampling(x, { ...annealing, temperatures: [1, 0] })],
    ['"stepSize"', anneal({ stepSize: 0 })],
    ['"stepSize"', anneal({ stepSize: [0.1, 0.1] })],
    ['"leapfrogSteps"', anneal({ leapfrogSteps: 0 })],
    ['"target().value"', anneal({ target: () => ({ value: a([0, 0]), gradient: x }) })],
    ['"target().gradient"', anneal({ target: () => ({ value: a([0]), gradient: a([0]) }) })],
    ['"initial"', anneal({ initial: () => ({ value: a([Number.NaN]), gradient: x }) })],
    ['"acceptance"', () => tunedStepSizes(x, { ...annealing, stepSize: 0.1, acceptance: 1 })],
  ])("%s out of range", async (name, act) => {
    const error = await act().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RangeError);
    expect(String(error)).toContain(name);
  });
});

describe("stopParameterGradients", () => {
  it("reaches the arrays of components too, and leaves numbers and names", () => {
    const stopped: NdArray[] = [];
    const watching = { ...ops, stopGradient: (array: NdArray) => (stopped.push(array), array) };
    const [logits, loc, scale] = [a([1]), a([2]), a([3])];
    const mixture = {
      family: "mixture",
      logits,
      components: [
        { family: "normal", loc, scale },
        { family: "other", loc, levels: 256 },
      ],
    };
    expect(stopParameterGradients(watching, mixture)).toEqual(mixture);
    expect(stopped).toEqual([logits, loc, scale, loc]);
  });
});
