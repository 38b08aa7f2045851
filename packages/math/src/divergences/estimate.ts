/** Divergences of any two distributions from samples, on the float64 reference. */
import { requireKind } from "../arguments.ts";
import { batchShapeOf, withBatch } from "../distributions/batch.ts";
import { broadcastShape } from "../distributions/broadcast.ts";
import type { Distribution } from "../distributions/distribution.ts";
import { logProb } from "../distributions/operations.ts";
import { requireDistribution } from "../distributions/parameters.ts";
import { sample } from "../distributions/sample.ts";
import { times } from "../distributions/support.ts";
import { IsthmusError } from "../errors.ts";
import { kl } from "../kl/kl.ts";
import type { NdArray } from "../nd-array.ts";
import { ndArrayOps as ops } from "../nd-array-ops.ts";
import type { NoiseKey } from "../noise.ts";
import { fDivergenceIntegrand } from "./f-divergence.ts";
import type { FDivergence } from "./f-divergence.ts";

export interface EstimateOptions {
  /** Draws, half of them from p and half from q: an even number, at least 4. */
  readonly samples: number;
  readonly key: NoiseKey;
}

/** A divergence, [...batch], and where it is from. */
export interface DivergenceEstimate {
  readonly value: NdArray;
  readonly method: "closed-form" | "monte-carlo";
  /** Of a Monte-Carlo value: its estimated standard deviation; NaN where the value is infinite. */
  readonly standardError?: NdArray;
}

/**
 * KL(p || q): the closed form of `kl` where there is one, else {@link estimateDivergence}. The `method` says which.
 *
 * @throws TypeError, RangeError naming a bad argument.
 */
export function klDivergence(
  p: Distribution<NdArray>,
  q: Distribution<NdArray>,
  options: EstimateOptions,
): DivergenceEstimate {
  try {
    return { value: kl(ops, p, q), method: "closed-form" };
  } catch (error) {
    if (!(error instanceof IsthmusError && error.code === "KL_NO_CLOSED_FORM")) throw error;
    return estimateDivergence("kl", p, q, options);
  }
}

/**
 * An f-divergence from draws of which half are from p and half from q: unbiased also where their supports differ, and never
 * negative. It is infinite where a draw from one has no mass in the other and the divergence is then infinite. The standard
 * error is honest when the integrand has a variance: always for the bounded divergences, not for a KL or chi^2 that rare
 * draws dominate.
 *
 * @throws TypeError, RangeError naming a bad argument.
 */
export function estimateDivergence(
  name: FDivergence,
  p: Distribution<NdArray>,
  q: Distribution<NdArray>,
  { samples, key }: EstimateOptions,
): DivergenceEstimate {
  requireDistribution("p", p);
  requireDistribution("q", q);
  requireKind("samples", samples, "Number");
  if (!(samples >= 4 && Number.isSafeInteger(samples / 2))) {
    throw new RangeError(`"samples" expected an even number of at least 4, got ${samples}`);
  }
  const batch = broadcastShape("q", batchShapeOf(p), batchShapeOf(q)) as readonly number[];
  const [own, other] = [withBatch(p, batch), withBatch(q, batch)];
  const halves = [own, other].map((from, half) => {
    const x = sample(from, { ...key, stream: `${key.stream}/${half === 0 ? "p" : "q"}` }, [samples / 2]);
    return momentsOf(fDivergenceIntegrand(ops, name, ops.sub(logProb(ops, own, x), logProb(ops, other, x))));
  });
  const [fromP, fromQ] = halves as [Moments, Moments];
  return {
    value: times(ops, 0.5, ops.add(fromP.mean, fromQ.mean)),
    method: "monte-carlo",
    standardError: times(ops, 0.5, ops.sqrt(ops.add(fromP.squaredError, fromQ.squaredError))),
  };
}

/** The mean over the first axis, and the square of its standard error. */
interface Moments {
  readonly mean: NdArray;
  readonly squaredError: NdArray;
}

function momentsOf(values: NdArray): Moments {
  const n = values.shape[0]!;
  const mean = ops.mean(values, { axes: [0] });
  const spread = ops.sum(ops.square(ops.sub(values, mean)), { axes: [0] });
  return { mean, squaredError: times(ops, 1 / (n * (n - 1)), spread) };
}
