import { requireCount, requireFinite, requireShape } from "../bounds/require.ts";
import { columnOf } from "../columns.ts";
import type { NdArray } from "../nd-array.ts";
import { entropyOfShares } from "../shares.ts";

export interface ImportanceScores {
  /** sum_i rho_i D_i, rho_i a latent's share of all importance: 1 when no latent tells of two factors; 0 when none tells. */
  readonly disentanglement: number;
  /** sum_j sigma_j C_j, sigma_j a factor's share of all importance: 1 when no factor is told by two latents; 0 likewise. */
  readonly completeness: number;
  /** D_i of each latent; 0 for one that is of no importance. */
  readonly perLatentDisentanglement: Float64Array;
  /** C_j of each factor; 0 for one that nothing tells. */
  readonly perFactorCompleteness: Float64Array;
}

/**
 * Of the importance R_ij of latent i in telling factor j (Eastwood, Williams 2018, section 2), both in [0, 1]:
 *
 *     D_i = 1 - H(P_i.) / log(factors)     P_ij = R_ij / sum_k R_ik       rho_i = sum_j R_ij / sum_kj R_kj
 *     C_j = 1 - H(Q_.j) / log(latents)     Q_ij = R_ij / sum_k R_kj       sigma_j = sum_i R_ij / sum_ik R_ik
 *
 * The paper has C_j alone; their mean by sigma_j keeps out a factor that nothing tells, of which chance has the word.
 * Among one factor or one latent alone an importance is not divided: its score is 1.
 *
 * @param importances [latents, factors], none negative, in one unit for all factors.
 * @throws TypeError, RangeError naming the argument: a wrong shape, no latent or factor, numbers that are negative or not
 * finite.
 */
export function importanceScores(importances: NdArray): ImportanceScores {
  requireShape("importances", importances, [undefined, undefined]);
  const { shape, data } = importances;
  const [latents, factors] = shape as [number, number];
  requireCount("importances.shape[0]", latents);
  requireCount("importances.shape[1]", factors);
  requireFinite("importances", data);
  const negative = data.findIndex((value) => value < 0);
  if (negative >= 0) throw new RangeError(`"importances" expected none below 0, got ${data[negative]} at ${negative}`);
  const rows = Array.from({ length: latents }, (_, i) => data.subarray(i * factors, (i + 1) * factors));
  const columns = Array.from({ length: factors }, (_, j) => columnOf(data, factors, j));
  const perLatentDisentanglement = Float64Array.from(rows, concentration);
  const perFactorCompleteness = Float64Array.from(columns, concentration);
  return {
    disentanglement: weightedMean(perLatentDisentanglement, rows.map(sum)),
    completeness: weightedMean(perFactorCompleteness, columns.map(sum)),
    perLatentDisentanglement,
    perFactorCompleteness,
  };
}

/** 1 for one share that has all, 0 for shares that are equal or none. */
function concentration(importances: Float64Array): number {
  const all = sum(importances);
  if (all === 0) return 0;
  if (importances.length === 1) return 1;
  return Math.max(0, 1 - entropyOfShares(importances.map((one) => one / all)) / Math.log(importances.length));
}

/** 0 without any weight. */
function weightedMean(values: Float64Array, weights: readonly number[]): number {
  const all = sum(weights);
  return all === 0 ? 0 : sum(values.map((value, at) => value * weights[at]!)) / all;
}

function sum(values: Float64Array | readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
