import type { ArrayOps } from "../array-ops.ts";
import { requireOperands } from "../arguments.ts";
import type { DiagonalGaussian } from "../gaussian.ts";
import { ndArray, requireNdArray } from "../nd-array.ts";
import type { NdArray } from "../nd-array.ts";
import { requireCount, requireFinite, requireFunction, requirePositive, requireShape } from "./require.ts";

export interface InferenceGaps<T> {
  /** log p(x) - ELBO(q*): what the family of posteriors costs, even at its best q* for each x. */
  readonly approximation: T;
  /** ELBO(q*) - ELBO(q): what it costs that one encoder serves all x. */
  readonly amortisation: T;
  /** Their sum, log p(x) - ELBO(q) = KL(q(z | x) || p(z | x)). */
  readonly inference: T;
}

/**
 * The inference gap in its two parts (Cremer, Li and Duvenaud 2018), nats, of the shape of the arguments.
 *
 * @param bounds `logLikelihood` log p(x), exact or an estimate of it; `refitted` the ELBO of the best q for each x, such
 * as {@link refittedPosterior} finds; `amortised` the ELBO of the encoder's q.
 * @throws TypeError naming the argument when one is not an array.
 */
export function inferenceGaps<T>(
  ops: ArrayOps<T>,
  bounds: { readonly logLikelihood: T; readonly refitted: T; readonly amortised: T },
): InferenceGaps<T> {
  const { logLikelihood, refitted, amortised } = bounds;
  requireOperands({ logLikelihood, refitted, amortised });
  return {
    approximation: ops.sub(logLikelihood, refitted),
    amortisation: ops.sub(refitted, amortised),
    inference: ops.sub(logLikelihood, amortised),
  };
}

/** The gradient of the sum of all ELBOs, exact or an estimate, in `mu` and `logVar`, each [examples, dimensions]. */
export type ElboGradient = (
  q: DiagonalGaussian<NdArray>,
  step: number,
) => DiagonalGaussian<NdArray> | Promise<DiagonalGaussian<NdArray>>;

export interface RefitOptions {
  /** Steps of Adam. */
  readonly steps: number;
  /** Of the first step, in units of z and of log variance; falls linearly to 0. Default: 0.05. */
  readonly learningRate?: number;
}

/**
 * The posterior of each x fitted to it alone: gradient ascent on the ELBO from the encoder's q, by Adam (Kingma and Ba
 * 2015, beta1 0.9, beta2 0.999) with a learning rate that falls to 0. As good as its steps; it is not told when to stop.
 *
 * @throws (the promise rejects) TypeError, RangeError naming the argument; also when the gradient has another shape or is not finite.
 */
export async function refittedPosterior(
  start: DiagonalGaussian<NdArray>,
  gradient: ElboGradient,
  { steps, learningRate = 0.05 }: RefitOptions,
): Promise<DiagonalGaussian<NdArray>> {
  requireNdArray("start.mu", start?.mu);
  requireShape("start.logVar", start.logVar, start.mu.shape);
  requireFunction("gradient", gradient);
  requireCount("steps", steps);
  requirePositive("learningRate", learningRate);
  const [mu, logVar] = [ascent(start.mu.data.length), ascent(start.mu.data.length)];
  let q = start;
  for (let step = 1; step <= steps; step++) {
    const slope = await gradient(q, step);
    const rate = learningRate * (1 - (step - 1) / steps);
    requireShape("gradient().mu", slope.mu, q.mu.shape);
    requireShape("gradient().logVar", slope.logVar, q.mu.shape);
    q = { mu: mu(q.mu, slope.mu, rate), logVar: logVar(q.logVar, slope.logVar, rate) };
  }
  return q;
}

/** Adam's step upwards, with moments of its own. */
function ascent(count: number): (x: NdArray, g: NdArray, rate: number) => NdArray {
  const [first, second] = [new Float64Array(count), new Float64Array(count)];
  let [scale1, scale2] = [1, 1];
  return (x, g, rate) => {
    scale1 *= BETA_1;
    scale2 *= BETA_2;
    requireFinite("gradient()", g.data);
    const data = x.data.map((value, i) => {
      const slope = g.data[i]!;
      first[i] = BETA_1 * first[i]! + (1 - BETA_1) * slope;
      second[i] = BETA_2 * second[i]! + (1 - BETA_2) * slope * slope;
      return value + (rate * first[i]!) / (1 - scale1) / (Math.sqrt(second[i]! / (1 - scale2)) + EPSILON);
    });
    return ndArray(x.shape, data);
  };
}

const BETA_1 = 0.9;
const BETA_2 = 0.999;
const EPSILON = 1e-8;
