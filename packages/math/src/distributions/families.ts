import { bernoulliFormulas } from "./bernoulli.ts";
import { betaFormulas } from "./beta.ts";
import { binomialFormulas } from "./binomial.ts";
import { categoricalFormulas } from "./categorical.ts";
import { cauchyFormulas } from "./cauchy.ts";
import { continuousBernoulliFormulas } from "./continuous-bernoulli.ts";
import { diagonalNormalFormulas } from "./diagonal-normal.ts";
import { dirichletFormulas } from "./dirichlet.ts";
import { discretisedLogisticFormulas } from "./discretised-logistic.ts";
import { exponentialFormulas } from "./exponential.ts";
import { gammaFormulas } from "./gamma.ts";
import { gumbelFormulas } from "./gumbel.ts";
import { halfNormalFormulas } from "./half-normal.ts";
import { laplaceFormulas } from "./laplace.ts";
import { logNormalFormulas } from "./log-normal.ts";
import { logisticFormulas } from "./logistic.ts";
import { multivariateNormalFormulas } from "./multivariate-normal.ts";
import { normalFormulas } from "./normal.ts";
import { poissonFormulas } from "./poisson.ts";
import { relaxedOneHotCategoricalFormulas } from "./relaxed-one-hot-categorical.ts";
import { studentTFormulas } from "./student-t.ts";
import { uniformFormulas } from "./uniform.ts";
import { vonMisesFisherFormulas } from "./von-mises-fisher.ts";
import { weibullFormulas } from "./weibull.ts";
import type { FamilyName } from "./distribution.ts";
import type { Formulas } from "./formulas.ts";

/** Families that are not made of others. */
export type BasicName = Exclude<FamilyName, "mixture" | "independent">;

/** What is known of each family that is not made of others. */
export const FAMILIES: { readonly [F in BasicName]: Formulas<F> } = {
  normal: normalFormulas,
  diagonalNormal: diagonalNormalFormulas,
  multivariateNormal: multivariateNormalFormulas,
  bernoulli: bernoulliFormulas,
  continuousBernoulli: continuousBernoulliFormulas,
  categorical: categoricalFormulas,
  relaxedOneHotCategorical: relaxedOneHotCategoricalFormulas,
  laplace: laplaceFormulas,
  gumbel: gumbelFormulas,
  logistic: logisticFormulas,
  discretisedLogistic: discretisedLogisticFormulas,
  uniform: uniformFormulas,
  exponential: exponentialFormulas,
  gamma: gammaFormulas,
  beta: betaFormulas,
  dirichlet: dirichletFormulas,
  poisson: poissonFormulas,
  studentT: studentTFormulas,
  vonMisesFisher: vonMisesFisherFormulas,
  logNormal: logNormalFormulas,
  cauchy: cauchyFormulas,
  weibull: weibullFormulas,
  binomial: binomialFormulas,
  halfNormal: halfNormalFormulas,
};
