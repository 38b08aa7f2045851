import type { Families, FamilyName } from "../distributions/distribution.ts";
import type { MathOps } from "../math-ops.ts";
import { klContinuousBernoulli } from "./continuous-bernoulli.ts";
import { crossKl, hasCrossEntropy } from "./cross.ts";
import { klDiagonalGaussian } from "./diagonal-gaussian.ts";
import { klBinomial, klBinomialBernoulli, klOfCounts } from "./counts.ts";
import { klBernoulli, klCategorical } from "./discrete.ts";
import { klDiscretisedLogistic } from "./discretised-logistic.ts";
import { klBeta, klDirichlet, klExponential, klGamma, klPoisson } from "./gamma.ts";
import { parametersOf } from "../distributions/shapes.ts";
import { infiniteLike, infinity } from "./infinity.ts";
import { klCauchy, klGumbel, klHalfNormal, klLaplace, klNormal, klWeibull } from "./location-scale.ts";
import { klDiagonalFull, klFullDiagonal, klFullFull } from "./multivariate-normal.ts";
import {
  klBernoulliBinomial,
  klBernoulliPoisson,
  klBetaUniform,
  klContinuousBernoulliUniform,
  klExponentialGamma,
  klExponentialWeibull,
  klGammaExponential,
  klStudentTNormal,
  klUniform,
  klWeibullExponential,
} from "./special-cases.ts";
import { containment, isContained } from "./supports.ts";
import { klVonMisesFisher } from "./von-mises-fisher.ts";

type KlFormula<P extends FamilyName, Q extends FamilyName> = <T>(
  ops: MathOps<T>,
  p: Families<T>[P],
  q: Families<T>[Q],
) => T;

/** Pairs with formulas of their own. */
const FORMULAS: { readonly [P in FamilyName]?: { readonly [Q in FamilyName]?: KlFormula<P, Q> } } = {
  bernoulli: { bernoulli: klBernoulli, binomial: klBernoulliBinomial, poisson: klBernoulliPoisson },
  beta: { beta: klBeta, uniform: klBetaUniform },
  binomial: { bernoulli: klBinomialBernoulli, binomial: klBinomial, poisson: klOfCounts },
  categorical: { categorical: klCategorical },
  cauchy: { cauchy: klCauchy },
  continuousBernoulli: { continuousBernoulli: klContinuousBernoulli, uniform: klContinuousBernoulliUniform },
  diagonalNormal: { diagonalNormal: klDiagonalGaussian, multivariateNormal: klDiagonalFull },
  dirichlet: { dirichlet: klDirichlet },
  discretisedLogistic: { discretisedLogistic: klDiscretisedLogistic },
  exponential: { exponential: klExponential, gamma: klExponentialGamma, weibull: klExponentialWeibull },
  gamma: { gamma: klGamma, exponential: klGammaExponential },
  gumbel: { gumbel: klGumbel },
  halfNormal: { halfNormal: klHalfNormal },
  laplace: { laplace: klLaplace },
  logNormal: { logNormal: klNormal },
  multivariateNormal: { diagonalNormal: klFullDiagonal, multivariateNormal: klFullFull },
  normal: { normal: klNormal },
  poisson: { poisson: klPoisson },
  studentT: { normal: klStudentTNormal },
  uniform: { uniform: klUniform },
  vonMisesFisher: { vonMisesFisher: klVonMisesFisher },
  weibull: { weibull: klWeibull, exponential: klWeibullExponential },
};

/** Pairs whose KL is infinite though the supports are nested: p's tail is too heavy, or p has outcomes that q has not. */
const INFINITE: { readonly [P in FamilyName]?: readonly FamilyName[] } = {
  cauchy: ["normal", "laplace", "gumbel", "logistic"],
  studentT: ["gumbel"],
  poisson: ["bernoulli", "binomial"],
};

/** What is known of KL(p || q) without the parameters. */
export type KlOutcome = "closed form" | "infinite" | "closed form or infinite";

/** undefined: no closed form. */
export function klOutcome(p: FamilyName, q: FamilyName): KlOutcome | undefined {
  const nested = containment(p, q);
  if (nested === "never" || INFINITE[p]?.includes(q)) return "infinite";
  if (FORMULAS[p]?.[q] === undefined && !(nested !== undefined && hasCrossEntropy(p, q))) return undefined;
  return nested === "by parameters" || MAY_BE_INFINITE[p]?.includes(q) ? "closed form or infinite" : "closed form";
}

/** Pairs whose KL is infinite for some parameters, though the supports are nested. */
const MAY_BE_INFINITE: { readonly [P in FamilyName]?: readonly FamilyName[] } = {
  bernoulli: ["binomial"],
  binomial: ["bernoulli", "binomial"],
  laplace: ["gumbel"],
  logistic: ["gumbel"],
  studentT: ["normal", "laplace"],
};

/** KL(p || q) of a pair that has an outcome. */
export function closedForm<T>(ops: MathOps<T>, p: Families<T>[FamilyName], q: Families<T>[FamilyName]): T {
  const formula = FORMULAS[p.family]?.[q.family] as KlFormula<FamilyName, FamilyName> | undefined;
  if (formula !== undefined) return formula(ops, p, q);
  if (klOutcome(p.family, q.family) === "infinite") return infiniteLike(ops, arraysOf(p), arraysOf(q));
  const kl = crossKl(ops, p, q);
  if (containment(p.family, q.family) === "always") return kl;
  return ops.select(isContained(ops, p, q), kl, infinity(ops));
}

const arraysOf = <T>(p: Families<T>[FamilyName]): readonly T[] => parametersOf(p).map(([, value]) => value);
