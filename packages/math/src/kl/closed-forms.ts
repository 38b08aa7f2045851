import type { ArrayOps } from "../array-ops.ts";
import type { Families, FamilyName } from "../distributions/distribution.ts";
import { klContinuousBernoulli } from "./continuous-bernoulli.ts";
import { klDiagonalGaussian } from "./diagonal-gaussian.ts";
import { klBernoulli, klBinomial, klCategorical } from "./discrete.ts";
import { klBeta, klDirichlet, klExponential, klGamma, klPoisson } from "./gamma.ts";
import { klCauchy, klGumbel, klHalfNormal, klLaplace, klNormal, klWeibull } from "./location-scale.ts";
import { klDiagonalFull, klFullDiagonal, klFullFull } from "./multivariate-normal.ts";

/** KL(p || q) of one pair of families. */
export type KlFormula<P extends FamilyName, Q extends FamilyName> = <T>(
  ops: ArrayOps<T>,
  p: Families<T>[P],
  q: Families<T>[Q],
) => T;

/** Formulas of their own: those of two members of one family, and of Gaussians. */
export const CLOSED_FORMS: { readonly [P in FamilyName]?: { readonly [Q in FamilyName]?: KlFormula<P, Q> } } = {
  bernoulli: { bernoulli: klBernoulli },
  beta: { beta: klBeta },
  binomial: { binomial: klBinomial },
  categorical: { categorical: klCategorical },
  cauchy: { cauchy: klCauchy },
  continuousBernoulli: { continuousBernoulli: klContinuousBernoulli },
  diagonalNormal: { diagonalNormal: klDiagonalGaussian, multivariateNormal: klDiagonalFull },
  dirichlet: { dirichlet: klDirichlet },
  exponential: { exponential: klExponential },
  gamma: { gamma: klGamma },
  gumbel: { gumbel: klGumbel },
  halfNormal: { halfNormal: klHalfNormal },
  laplace: { laplace: klLaplace },
  logNormal: { logNormal: klNormal },
  multivariateNormal: { diagonalNormal: klFullDiagonal, multivariateNormal: klFullFull },
  normal: { normal: klNormal },
  poisson: { poisson: klPoisson },
  weibull: { weibull: klWeibull },
};
