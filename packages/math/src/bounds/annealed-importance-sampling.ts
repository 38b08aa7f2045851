import { requireKind } from "../arguments.ts";
import { ndArray, requireNdArray } from "../nd-array.ts";
import type { NdArray } from "../nd-array.ts";
import { splitSeed } from "../noise.ts";
import type { NoiseKey } from "../noise.ts";
import { hamiltonianTransition } from "./hamiltonian.ts";
import type { HamiltonianState, LogDensity, LogDensityValue } from "./hamiltonian.ts";
import { LogWeightAccumulator } from "./importance-sampling.ts";
import { requireCount, requireFunction, requireList, requirePositive, requireShape } from "./require.ts";

export interface AnnealingOptions {
  /** log f_0, normalised: the prior, or any density that can be drawn from. */
  readonly initial: LogDensity;
  /** log f_1, not normalised: log p(x, z), whose integral over z is the p(x) that is sought. */
  readonly target: LogDensity;
  /** beta_0 = 0 < beta_1 < ... < beta_T = 1 of the path f_0^(1 - beta) f_1^beta, such as {@link sigmoidTemperatures} gives. */
  readonly temperatures: ArrayLike<number>;
  /** Of the leapfrog integrator: one number, or one per temperature but the first, as {@link tunedStepSizes} finds. */
  readonly stepSize: number | ArrayLike<number>;
  /** Leapfrog steps of each transition, of which each asks for both log-densities once. Default: 10. */
  readonly leapfrogSteps?: number;
  /** Momenta and acceptances: seed and stream. Another run needs another one. */
  readonly key: Pick<NoiseKey, "seed" | "stream">;
}

export interface AnnealingRun {
  /** log of each chain's weight, nats, [chains]. */
  readonly logWeights: Float64Array;
  /** Where the chains ended, [chains, dimensions]. */
  readonly z: NdArray;
  /** The share of accepted transitions at each temperature but the first, in [0, 1]. */
  readonly acceptance: Float64Array;
}

/**
 * Annealed importance sampling (Neal 2001) with Hamiltonian transitions. `start` are independent draws of the initial
 * density, [chains, dimensions]; all chains move side by side, so examples and repetitions may share a call.
 *
 *     log w = sum_t (beta_t - beta_(t-1)) (log f_1(z_(t-1)) - log f_0(z_(t-1)))
 *
 * where z_t follows from z_(t-1) by a transition that leaves the density at beta_t as it is. E[w] = p(x) exactly,
 * however badly the chains mix, so log w and log-means of several are lower bounds in expectation.
 *
 * @throws (the promise rejects) TypeError, RangeError naming the argument; also when a log-density gives another shape, NaN or +Infinity at a start.
 */
export async function annealedImportanceSampling(start: NdArray, options: AnnealingOptions): Promise<AnnealingRun> {
  const { stepSizes, ...annealing } = await checked(start, options);
  return anneal(start, options, annealing, (t) => stepSizes[t - 1]!);
}

/**
 * The same chain backwards: from exact draws of the posterior p(z | x), [chains, dimensions], to the prior. Then
 * E[1 / w] = 1 / p(x), so `logWeights` are upper bounds of log p(x) in expectation (Grosse, Ghahramani and Adams 2015).
 * Exact draws exist for simulated x = x(z), where z is one, and for models whose posterior is known.
 *
 * @throws TypeError, RangeError as {@link annealedImportanceSampling}.
 */
export async function reverseAnnealedImportanceSampling(
  start: NdArray,
  options: AnnealingOptions,
): Promise<AnnealingRun> {
  const { temperatures, stepSizes, path } = await checked(start, options);
  const { leapfrogSteps = LEAPFROG_STEPS, key } = options;
  const logWeights = new Float64Array(start.shape[0]!);
  const acceptance = new Float64Array(stepSizes.length);
  let z = start;
  for (let t = temperatures.length - 1; t >= 1; t--) {
    const density = between(path, temperatures[t]!);
    const step = { stepSize: stepSizes[t - 1]!, leapfrogSteps, key: { ...key, step: t } };
    const moved = await hamiltonianTransition(density, { z, density: await density(z) }, step);
    acceptance[t - 1] = moved.acceptance;
    z = moved.z;
    await accumulate(logWeights, path, z, temperatures[t]! - temperatures[t - 1]!);
  }
  return { logWeights, z, acceptance };
}

/** Used where the options leave it out. */
const LEAPFROG_STEPS = 10;

type Path = Pick<AnnealingOptions, "initial" | "target">;

async function anneal(
  start: NdArray,
  { leapfrogSteps = LEAPFROG_STEPS, key }: Pick<AnnealingOptions, "leapfrogSteps" | "key">,
  { temperatures, path }: Pick<Checked, "temperatures" | "path">,
  stepSizeAt: (t: number, acceptanceBefore: number) => number,
): Promise<AnnealingRun> {
  const logWeights = new Float64Array(start.shape[0]!);
  const acceptance = new Float64Array(temperatures.length - 1);
  let z = start;
  for (let t = 1; t < temperatures.length; t++) {
    await accumulate(logWeights, path, z, temperatures[t]! - temperatures[t - 1]!);
    const density = between(path, temperatures[t]!);
    const step = { stepSize: stepSizeAt(t, acceptance[t - 2] ?? NaN), leapfrogSteps, key: { ...key, step: t } };
    const moved: HamiltonianState = await hamiltonianTransition(density, { z, density: await density(z) }, step);
    acceptance[t - 1] = moved.acceptance;
    z = moved.z;
  }
  return { logWeights, z, acceptance };
}

async function accumulate(
  logWeights: Float64Array,
  { initial, target }: Path,
  z: NdArray,
  step: number,
): Promise<void> {
  const [from, to] = [(await initial(z)).value.data, (await target(z)).value.data];
  for (let chain = 0; chain < logWeights.length; chain++) {
    // A weight of 0 stays 0, wherever its chain goes.
    if (logWeights[chain]! > -Infinity) logWeights[chain]! += step * (to[chain]! - from[chain]!);
  }
}

/** (1 - beta) log f_0 + beta log f_1. */
function between({ initial, target }: Path, beta: number): LogDensity {
  const mixed = (a: NdArray, b: NdArray): NdArray =>
    ndArray(
      a.shape,
      a.data.map((value, i) => (1 - beta) * value + beta * b.data[i]!),
    );
  return async (z) => {
    const [from, to] = [await initial(z), await target(z)];
    return { value: mixed(from.value, to.value), gradient: mixed(from.gradient, to.gradient) };
  };
}

/**
 * Step sizes for {@link annealedImportanceSampling}, one per temperature but the first, from a run of its own on chains of
 * its own: 5 % larger after a temperature at which more than `acceptance` of the chains moved, else 5 % smaller. Not
 * adapted in the run that counts, whose weights would lose their unbiasedness by it.
 *
 * @throws TypeError, RangeError as {@link annealedImportanceSampling}; an `acceptance` outside (0, 1).
 */
export async function tunedStepSizes(
  start: NdArray,
  options: Omit<AnnealingOptions, "stepSize"> & {
    /** The first step size. */
    readonly stepSize: number;
    /** The share of chains that should move. Default: 0.65, about the best in many dimensions (Neal 2011). */
    readonly acceptance?: number;
  },
): Promise<Float64Array> {
  const { acceptance = 0.65, stepSize } = options;
  requirePositive("acceptance", acceptance);
  requirePositive("stepSize", stepSize);
  if (acceptance >= 1) throw new RangeError(`"acceptance" expected a number below 1, got ${acceptance}`);
  const annealing = await checked(start, options);
  const sizes = new Float64Array(annealing.temperatures.length - 1);
  await anneal(start, options, annealing, (t, before) => {
    sizes[t - 1] = t === 1 ? stepSize : sizes[t - 2]! * (before > acceptance ? 1.05 : 1 / 1.05);
    return sizes[t - 1]!;
  });
  return sizes;
}

/**
 * T + 1 temperatures from 0 to 1, closer together at both ends, where the densities change fastest (Grosse et al. 2015):
 * (s(u) - s(-d)) / (s(d) - s(-d)) with s the logistic function and u evenly spaced over [-d, d].
 *
 * @param transitions T, a positive integer.
 * @param steepness d, positive; the larger, the closer. Default: 4.
 * @throws TypeError, RangeError naming the argument.
 */
export function sigmoidTemperatures(transitions: number, steepness = 4): Float64Array {
  requireCount("transitions", transitions);
  requirePositive("steepness", steepness);
  const s = (u: number) => 1 / (1 + Math.exp(-u));
  const low = s(-steepness);
  const range = s(steepness) - low;
  return Float64Array.from({ length: transitions + 1 }, (_, t) =>
    t === transitions ? 1 : (s(steepness * ((2 * t) / transitions - 1)) - low) / range,
  );
}

export interface BidirectionalBound {
  /** log of the mean of w over the forward chains, nats: at most log p(x) in expectation. */
  readonly lower: number;
  /** -log of the mean of 1 / w over the backward chains, nats: at least log p(x) in expectation. */
  readonly upper: number;
  /** Standard errors of the two, as of {@link importanceSampledLogLikelihood}. */
  readonly lowerError: number;
  readonly upperError: number;
}

/**
 * The bracket of bidirectional Monte Carlo (Grosse, Ghahramani and Adams 2015) around log p(x) of one x, from chains run
 * forwards and backwards. `upper - lower` bounds, in expectation, how far either is off.
 *
 * @throws TypeError, RangeError naming the run without chains or with weights that are no numbers.
 */
export function bidirectionalBound(
  forward: Pick<AnnealingRun, "logWeights">,
  backward: Pick<AnnealingRun, "logWeights">,
): BidirectionalBound {
  requireList("forward.logWeights", forward?.logWeights);
  requireList("backward.logWeights", backward?.logWeights);
  const lower = logMean("forward.logWeights", forward.logWeights);
  const upper = logMean(
    "backward.logWeights",
    backward.logWeights.map((value) => -value),
  );
  return { lower: lower.value, upper: -upper.value, lowerError: lower.error, upperError: upper.error };
}

function logMean(name: string, logWeights: Float64Array): { value: number; error: number } {
  requireCount(`${name}.length`, logWeights.length);
  const accumulator = new LogWeightAccumulator(1);
  for (const logWeight of logWeights) {
    if (!(logWeight < Infinity)) throw new RangeError(`"${name}" expected no NaN and no weight beyond all bounds`);
    accumulator.add([logWeight]);
  }
  const { logLikelihood, standardError } = accumulator.estimate();
  return { value: logLikelihood[0]!, error: standardError[0]! };
}

interface Checked {
  readonly temperatures: ArrayLike<number>;
  readonly stepSizes: ArrayLike<number>;
  readonly path: Path;
}

async function checked(start: NdArray, options: AnnealingOptions): Promise<Checked> {
  requireShape("start", start, [undefined, undefined]);
  const { temperatures, stepSize, leapfrogSteps = LEAPFROG_STEPS, key } = options;
  requireCount("start.shape[0]", start.shape[0]!);
  requireCount("leapfrogSteps", leapfrogSteps);
  requireKind("key.stream", key?.stream, "String");
  splitSeed(key.seed);
  requireTemperatures(temperatures);
  const transitions = temperatures.length - 1;
  const stepSizes = typeof stepSize === "number" ? new Float64Array(transitions).fill(stepSize) : stepSize;
  requireList("stepSize", stepSizes);
  if (stepSizes.length !== transitions) {
    throw new RangeError(`"stepSize" expected ${transitions}, one per transition, got ${stepSizes.length}`);
  }
  for (let t = 0; t < transitions; t++) requirePositive("stepSize", stepSizes[t]!);
  for (const name of ["initial", "target"] as const) await requireDensity(name, options[name], start);
  return {
    temperatures,
    stepSizes,
    path: { initial: remembering(options.initial), target: remembering(options.target) },
  };
}

/** Asks once where the same array comes twice in a row, as it does between a weight and the transition after it. */
function remembering(density: LogDensity): LogDensity {
  let last: { readonly z: NdArray; readonly value: ReturnType<LogDensity> } | undefined;
  return (z) => {
    if (last?.z !== z) last = { z, value: density(z) };
    return last.value;
  };
}

function requireTemperatures(temperatures: ArrayLike<number>): void {
  requireList("temperatures", temperatures);
  const last = temperatures.length - 1;
  if (last < 1 || temperatures[0] !== 0 || temperatures[last] !== 1) {
    throw new RangeError(
      `"temperatures" expected numbers from 0 to 1, got ${temperatures[0]} to ${temperatures[last]}`,
    );
  }
  for (let t = 1; t <= last; t++) {
    if (temperatures[t]! > temperatures[t - 1]!) continue;
    throw new RangeError(
      `"temperatures" expected growing numbers, got ${temperatures[t]} after ${temperatures[t - 1]}`,
    );
  }
}

async function requireDensity(name: string, density: LogDensity, start: NdArray): Promise<void> {
  requireFunction(name, density);
  const { value, gradient }: LogDensityValue = await density(start);
  requireNdArray(`${name}().value`, value);
  requireShape(`${name}().value`, value, [start.shape[0]]);
  requireShape(`${name}().gradient`, gradient, start.shape);
  const bad = value.data.findIndex((logDensity) => !(logDensity < Infinity));
  if (bad >= 0) {
    throw new RangeError(
      `"${name}" expected log-densities below Infinity at the start, got ${value.data[bad]} for chain ${bad}`,
    );
  }
}
