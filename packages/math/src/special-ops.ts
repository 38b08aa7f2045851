/**
 * Special functions, elementwise and broadcasting, over an opaque array type `T`. The float64 `NdArray` has all of them; an
 * engine without kernels for one refuses it by name with an `IsthmusError` `OPS_UNSUPPORTED` that says what to do.
 *
 * Outside its domain a function is NaN, at a pole infinite (NaN where the pole has two signs); NaN stays NaN. Inverses
 * are of distribution functions and take probabilities. How far each may be from the truth stands in the README.
 */
export interface SpecialOps<T> {
  /** `(2 / sqrt(pi))` times the integral of `exp(-t^2)` from 0 to x. */
  erf(x: T): T;
  /** `1 - erf(x)`, with all its digits in the upper tail. */
  erfc(x: T): T;
  /** The x with `erf(x) = y`. */
  erfInv(y: T): T;
  /** P(Z <= x) of a standard normal Z. */
  normalCdf(x: T): T;
  /** log P(Z <= x), with all its digits in both tails. */
  logNormalCdf(x: T): T;
  /** The x with `normalCdf(x) = p`. */
  normalQuantile(p: T): T;

  /** log |Gamma(x)|. */
  logGamma(x: T): T;
  /** d/dx log Gamma(x). */
  digamma(x: T): T;
  /** d^2/dx^2 log Gamma(x). */
  trigamma(x: T): T;
  /** log B(a, b) = log Gamma(a) + log Gamma(b) - log Gamma(a + b); a, b >= 0. */
  logBeta(a: T, b: T): T;

  /** P(a, x): the distribution function of a gamma variable of shape a > 0 and rate 1 at x >= 0. */
  gammaP(a: T, x: T): T;
  /** Q(a, x) = 1 - P(a, x), with all its digits in the upper tail. */
  gammaQ(a: T, x: T): T;
  /** The x with P(a, x) = p. */
  gammaPInv(a: T, p: T): T;
  /** dx/da of a sample x of the gamma distribution of shape a and rate 1, its quantile P(a, x) held (implicit reparameterisation). */
  gammaSampleSlope(a: T, x: T): T;
  /** I_x(a, b): the distribution function of a beta variable with a, b > 0 at x in [0, 1]. */
  betaI(a: T, b: T, x: T): T;
  /** The x with I_x(a, b) = p. */
  betaIInv(a: T, b: T, p: T): T;
  /** dx/da of a sample x of the beta distribution, its quantile I_x(a, b) held; dx/db is `-betaSampleSlope(b, a, 1 - x)`. */
  betaSampleSlope(a: T, b: T, x: T): T;

  /** log I_v(x) of the modified Bessel function of the first kind, order v >= 0, x >= 0. */
  logBesselI(v: T, x: T): T;
}
