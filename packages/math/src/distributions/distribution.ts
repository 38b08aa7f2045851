import type { Bernoulli } from "./bernoulli.ts";
import type { Beta } from "./beta.ts";
import type { Binomial } from "./binomial.ts";
import type { Categorical } from "./categorical.ts";
import type { Cauchy } from "./cauchy.ts";
import type { ContinuousBernoulli } from "./continuous-bernoulli.ts";
import type { DiagonalNormal } from "./diagonal-normal.ts";
import type { Dirichlet } from "./dirichlet.ts";
import type { DiscretisedLogistic } from "./discretised-logistic.ts";
import type { Exponential } from "./exponential.ts";
import type { Gamma } from "./gamma.ts";
import type { Gumbel } from "./gumbel.ts";
import type { HalfNormal } from "./half-normal.ts";
import type { Independent } from "./independent.ts";
import type { Laplace } from "./laplace.ts";
import type { LogNormal } from "./log-normal.ts";
import type { Logistic } from "./logistic.ts";
import type { Mixture } from "./mixture.ts";
import type { MultivariateNormal } from "./multivariate-normal.ts";
import type { Normal } from "./normal.ts";
import type { Poisson } from "./poisson.ts";
import type { RelaxedOneHotCategorical } from "./relaxed-one-hot-categorical.ts";
import type { StudentT } from "./student-t.ts";
import type { Uniform } from "./uniform.ts";
import type { VonMisesFisher } from "./von-mises-fisher.ts";
import type { Weibull } from "./weibull.ts";

/** Every family's record, by its tag. */
export interface Families<T> {
  readonly normal: Normal<T>;
  readonly diagonalNormal: DiagonalNormal<T>;
  readonly multivariateNormal: MultivariateNormal<T>;
  readonly bernoulli: Bernoulli<T>;
  readonly continuousBernoulli: ContinuousBernoulli<T>;
  readonly categorical: Categorical<T>;
  readonly relaxedOneHotCategorical: RelaxedOneHotCategorical<T>;
  readonly laplace: Laplace<T>;
  readonly gumbel: Gumbel<T>;
  readonly logistic: Logistic<T>;
  readonly discretisedLogistic: DiscretisedLogistic<T>;
  readonly uniform: Uniform<T>;
  readonly exponential: Exponential<T>;
  readonly gamma: Gamma<T>;
  readonly beta: Beta<T>;
  readonly dirichlet: Dirichlet<T>;
  readonly poisson: Poisson<T>;
  readonly studentT: StudentT<T>;
  readonly vonMisesFisher: VonMisesFisher<T>;
  readonly mixture: Mixture<T>;
  readonly logNormal: LogNormal<T>;
  readonly cauchy: Cauchy<T>;
  readonly weibull: Weibull<T>;
  readonly binomial: Binomial<T>;
  readonly halfNormal: HalfNormal<T>;
  readonly independent: Independent<T>;
}

export type FamilyName = keyof Families<unknown>;

/**
 * A distribution is a plain record: the tag `family` and parameters, arrays of any type. Elementwise families are one
 * distribution per element of their broadcast parameters; the others have their event on the last axis.
 */
export type Distribution<T> = Families<T>[FamilyName];
