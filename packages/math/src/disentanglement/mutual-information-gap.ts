import { requireCount, requireFinite, requireShape } from "../bounds/require.ts";
import { columnOf } from "../columns.ts";
import type { DiagonalGaussian } from "../gaussian.ts";
import type { NdArray } from "../nd-array.ts";
import { entropyOfShares } from "../shares.ts";
import { normalCdf } from "../special/error-function.ts";
import { type FactorIndices, sharesOf, type VaryingFactor, varyingFactors } from "./factors.ts";

export interface MutualInformationGapOptions {
  /**
   * Equal intervals of each latent's range, at least 2. What is told apart within one is not seen: the information is
   * that of the interval, from below. Default: 100.
   */
  readonly bins?: number;
}

/** Figures of factors are those of the factors that vary. */
export interface MutualInformationGap {
  /** MIG: the mean of the gaps, in [0, 1]. */
  readonly value: number;
  /** Which factors vary, by their places among all. */
  readonly varying: readonly number[];
  /** (I(z_first; v_k) - I(z_second; v_k)) / H(v_k) of each factor. */
  readonly gaps: Float64Array;
  /** I(z_j; v_k), nats, [latents, factors]. */
  readonly information: NdArray;
  /** H(v_k), nats, of each factor. */
  readonly entropies: Float64Array;
}

/**
 * How much more the most telling latent says of a factor than the next one does, as a share of all there is to say (Chen,
 * Li, Grosse, Duvenaud 2018, equation 6, with the mutual information of equation 5):
 *
 *     MIG = mean_k (I(z_j(k); v_k) - max_(j != j(k)) I(z_j; v_k)) / H(v_k)      j(k) = argmax_j I(z_j; v_k)
 *
 * z_j is a draw of q(z_j | x) = N(mu_j, exp(logVar_j)) for an item x, each item as likely as the other; so a latent that
 * the posterior has given up, whose means still move a little, tells next to nothing. The expectation over draws is exact:
 * every Gaussian's mass in each of `bins` equal intervals, from 4 of its deviations below the lowest mean to as many above
 * the highest, and the two tails. One latent alone has a second that tells nothing. The time is items latents bins.
 *
 * @param q the posteriors of the items, `mu` and `logVar` [items, latents].
 * @param factors of the same items.
 * @throws TypeError, RangeError naming the argument: a wrong shape, numbers that are not finite, indices that are no
 * values, factors none of which varies, an option out of range.
 */
export function mutualInformationGap(
  q: DiagonalGaussian<NdArray>,
  factors: FactorIndices,
  { bins = 100 }: MutualInformationGapOptions = {},
): MutualInformationGap {
  requirePosteriors(q);
  requireCount("bins", bins, 2);
  const [items, latents] = q.mu.shape as [number, number];
  const varying = varyingFactors(factors, items);
  const information = new Float64Array(latents * varying.length);
  for (let j = 0; j < latents; j++) {
    const joints = jointTables(marginal(q, j), varying, bins);
    joints.forEach((joint, k) => (information[j * varying.length + k] = mutualInformation(joint, bins)));
  }
  const entropies = Float64Array.from(varying, (factor) => entropyOfShares(sharesOf(factor)));
  const gaps = entropies.map((entropy, k) => {
    const told = columnOf(information, varying.length, k).sort();
    return (told.at(-1)! - (told.at(-2) ?? 0)) / entropy;
  });
  return {
    value: gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length,
    varying: varying.map(({ index }) => index),
    gaps,
    information: { shape: [latents, varying.length], data: information },
    entropies,
  };
}

function requirePosteriors({ mu, logVar }: DiagonalGaussian<NdArray>): void {
  requireShape("q.mu", mu, [undefined, undefined]);
  requireShape("q.logVar", logVar, mu.shape);
  requireCount("q.mu.shape[0]", mu.shape[0]!);
  requireCount("q.mu.shape[1]", mu.shape[1]!);
  requireFinite("q.mu", mu.data);
  requireFinite("q.logVar", logVar.data);
}

/** Of one latent, [items] each. */
interface Gaussians {
  readonly means: Float64Array;
  readonly deviations: Float64Array;
}

function marginal({ mu, logVar }: DiagonalGaussian<NdArray>, latent: number): Gaussians {
  const latents = mu.shape[1]!;
  const deviations = columnOf(logVar.data, latents, latent).map((v) => Math.exp(v / 2));
  return { means: columnOf(mu.data, latents, latent), deviations };
}

/** Deviations between the outermost means and the tails. */
const REACH = 4;

/** p(v_k, bin) of each factor, [values, bins] each. */
function jointTables(gaussians: Gaussians, factors: readonly VaryingFactor[], bins: number): Float64Array[] {
  const edges = edgesOf(gaussians, bins);
  const items = gaussians.means.length;
  const joints = factors.map(({ count }) => new Float64Array(count * bins));
  gaussians.means.forEach((mean, item) => {
    const masses = massesBetween(edges, mean, gaussians.deviations[item]!);
    factors.forEach(({ values }, k) => {
      const row = joints[k]!.subarray(values[item]! * bins, (values[item]! + 1) * bins);
      masses.forEach((mass, bin) => (row[bin]! += mass / items));
    });
  });
  return joints;
}

/** Between the bins, [bins - 1]: the range is theirs, the tails belong to the first and the last. */
function edgesOf({ means, deviations }: Gaussians, bins: number): Float64Array {
  let [low, high] = [Infinity, -Infinity];
  means.forEach((mean, item) => {
    low = Math.min(low, mean - REACH * deviations[item]!);
    high = Math.max(high, mean + REACH * deviations[item]!);
  });
  return Float64Array.from({ length: bins - 1 }, (_, edge) => low + ((high - low) * (edge + 1)) / bins);
}

/** A Gaussian's masses below the first edge, from edge to edge, above the last. A deviation of 0 is a point's. */
function massesBetween(edges: Float64Array, mean: number, deviation: number): Float64Array {
  const masses = new Float64Array(edges.length + 1);
  let below = 0;
  edges.forEach((edge, bin) => {
    const next = edge === mean ? 0.5 : normalCdf((edge - mean) / deviation);
    masses[bin] = next - below;
    below = next;
  });
  masses[edges.length] = 1 - below;
  return masses;
}

/** Of the rows and columns of a joint table, nats: H(v) + H(bin) - H(v, bin), not below 0 by rounding. */
function mutualInformation(joint: Float64Array, bins: number): number {
  const rows = new Float64Array(joint.length / bins);
  const columns = new Float64Array(bins);
  joint.forEach((p, at) => {
    rows[Math.floor(at / bins)]! += p;
    columns[at % bins]! += p;
  });
  return Math.max(0, entropyOfShares(rows) + entropyOfShares(columns) - entropyOfShares(joint));
}
