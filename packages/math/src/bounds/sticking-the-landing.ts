import type { ArrayOps } from "../array-ops.ts";
import { kindOf, requireKind } from "../arguments.ts";
import { requireFunction } from "./require.ts";
import { sampledElbo } from "./elbo.ts";
import type { SampledElboTerms } from "./elbo.ts";

export interface StickingTheLandingTerms<T, Q> extends Pick<SampledElboTerms<T>, "logLikelihood" | "logPrior"> {
  /** q(z | x): a record of parameter arrays, which the drawn z was made from. */
  readonly q: Q;
  /** log q(z | x) of the drawn z, per example, under the parameters it is given, which are those of `q`. */
  readonly logDensity: (q: Q) => T;
}

/**
 * The sticking-the-landing surrogate (Roeder, Wu and Duvenaud 2017): the sampled ELBO with the parameters of
 * q constant inside log q(z | x), so that they are reached through z only. What is left out, the score
 * d log q(z; phi) / d phi at fixed z, has expectation 0.
 *
 * A surrogate: its gradient in phi is unbiased for the gradient of the ELBO, and without variance where q is the true
 * posterior. Its value is a one-sample estimate of the ELBO, but it is not a function of phi with that gradient.
 *
 * @example
 * stickingTheLandingSurrogate(ops, { logLikelihood, logPrior, q, logDensity: (q) => gaussianLogProb(ops, z, q) });
 *
 * @throws TypeError naming the argument of the wrong kind.
 */
export function stickingTheLandingSurrogate<T, Q extends object>(
  ops: ArrayOps<T>,
  { logLikelihood, logPrior, q, logDensity }: StickingTheLandingTerms<T, Q>,
): T {
  requireFunction("logDensity", logDensity);
  return sampledElbo(ops, { logLikelihood, logPrior, logPosterior: logDensity(stopParameterGradients(ops, q)) });
}

/**
 * A distribution whose parameters are constant to differentiation: every array of the record, and of the records with a
 * `family` and lists of them inside it, behind `stopGradient`; numbers and names as they are.
 *
 * @throws TypeError unless `q` is a record.
 */
export function stopParameterGradients<T, Q extends object>(ops: ArrayOps<T>, q: Q): Q {
  requireKind("q", q, "Object");
  const stopped = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(stopped);
    if (typeof value !== "object" || value === null) return value;
    return isDistribution(value) ? stopParameterGradients(ops, value) : ops.stopGradient(value as T);
  };
  return Object.fromEntries(Object.entries(q).map(([name, value]) => [name, stopped(value)])) as Q;
}

function isDistribution(value: object): boolean {
  return kindOf((value as { family?: unknown }).family) === "String";
}
