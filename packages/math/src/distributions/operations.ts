import { requireOperands } from "../arguments.ts";
import type { MathOps } from "../math-ops.ts";
import { stretched } from "./broadcast.ts";
import type { Distribution, FamilyName } from "./distribution.ts";
import { FAMILIES } from "./families.ts";
import type { Formulas, NoiseKind, Operations } from "./formulas.ts";
import { independentFormulas } from "./independent.ts";
import { mixtureFormulas } from "./mixture.ts";
import { noClosedForm } from "./no-closed-form.ts";
import { requireDistribution } from "./parameters.ts";
import { parametersOf } from "./shapes.ts";

/**
 * log p(x) in nats: the density of continuous families, the probability of discrete ones; -Infinity where it is 0.
 * Elementwise families: the shape that `x` and the parameters broadcast to. Families with an event on the last axis:
 * that shape without it.
 *
 * @throws TypeError when `p` is no distribution or `x` no array; RangeError for shapes that do not broadcast.
 */
export function logProb<T>(ops: MathOps<T>, p: Distribution<T>, x: T): T {
  requireOperands({ x });
  return formula("logProb", p)(ops, p, x);
}

/**
 * -E[log p(x)] in nats: differential entropy, which may be negative, of continuous families.
 *
 * @throws TypeError as {@link logProb}; IsthmusError `DISTRIBUTION_NO_CLOSED_FORM` where there is none.
 */
export function entropy<T>(ops: MathOps<T>, p: Distribution<T>): T {
  return full(ops, p, formula("entropy", p)(ops, p));
}

/**
 * E[x], elementwise. Where the expectation does not exist it is NaN, or refused.
 *
 * @throws TypeError as {@link logProb}; IsthmusError `DISTRIBUTION_NO_CLOSED_FORM` where there is none.
 */
export function mean<T>(ops: MathOps<T>, p: Distribution<T>): T {
  return full(ops, p, formula("mean", p)(ops, p));
}

/**
 * E[(x - E[x])^2], elementwise, also of families with an event. Infinity where it diverges, NaN without a mean.
 *
 * @throws TypeError as {@link logProb}; IsthmusError `DISTRIBUTION_NO_CLOSED_FORM` where there is none.
 */
export function variance<T>(ops: MathOps<T>, p: Distribution<T>): T {
  return full(ops, p, formula("variance", p)(ops, p));
}

/**
 * P(X <= x), elementwise.
 *
 * @throws TypeError as {@link logProb}; IsthmusError `DISTRIBUTION_NO_CLOSED_FORM` where there is none.
 */
export function cdf<T>(ops: MathOps<T>, p: Distribution<T>, x: T): T {
  requireOperands({ x });
  return formula("cdf", p)(ops, p, x);
}

/**
 * The x with P(X <= x) = u, 0 < u < 1, elementwise.
 *
 * @throws TypeError as {@link logProb}; IsthmusError `DISTRIBUTION_NO_CLOSED_FORM` where there is none.
 */
export function inverseCdf<T>(ops: MathOps<T>, p: Distribution<T>, u: T): T {
  requireOperands({ u });
  return formula("inverseCdf", p)(ops, p, u);
}

/**
 * A draw as a differentiable function of the parameters and of standard noise `base`, which {@link noiseOf} names, of
 * the shape of the draw.
 *
 * @throws TypeError as {@link logProb}; IsthmusError `DISTRIBUTION_NO_CLOSED_FORM` where there is no such function.
 */
export function reparameterised<T>(ops: MathOps<T>, p: Distribution<T>, base: T): T {
  requireOperands({ base });
  return transformOf(p)(ops, p, base);
}

/** The noise that {@link reparameterised} starts from. @throws as {@link reparameterised}. */
export function noiseOf(p: Distribution<unknown>): NoiseKind {
  if (p.family === "independent") return noiseOf(p.base);
  transformOf(p);
  return formulasOf(p).noise ?? "uniform";
}

function transformOf(p: Distribution<unknown>): NonNullable<Formulas<FamilyName>["reparameterised"]> {
  const { reparameterised: transform, inverseCdf: inverse } = formulasOf(p);
  const serves = transform ?? inverse;
  if (serves === undefined) throw noClosedForm("reparameterised", p.family);
  return serves;
}

function formula<K extends "logProb" | "entropy" | "mean" | "variance" | "cdf" | "inverseCdf">(
  operation: K,
  p: Distribution<unknown>,
): NonNullable<Formulas<FamilyName>[K]> {
  const found = formulasOf(p)[operation];
  if (!found) throw noClosedForm(operation, p.family);
  return found;
}

/**
 * The formulas of a record's own family.
 *
 * @throws TypeError unless `p` is a distribution of a known family.
 */
export function formulasOf(p: Distribution<unknown>): Formulas<FamilyName> {
  requireDistribution("p", p);
  if (p.family === "mixture") return mixtureFormulas(OPERATIONS) as Formulas<FamilyName>;
  if (p.family === "independent") return independentFormulas(OPERATIONS) as Formulas<FamilyName>;
  if (Object.hasOwn(FAMILIES, p.family)) return FAMILIES[p.family] as Formulas<FamilyName>;
  throw new TypeError(`"p.family" expected a known family, got "${String((p as { family: unknown }).family)}"`);
}

const OPERATIONS: Operations = { logProb, entropy, mean, variance, cdf, reparameterised };

/** Elementwise results have the shape of all parameters, also where the formula leaves one out. */
function full<T>(ops: MathOps<T>, p: Distribution<T>, result: T): T {
  if (p.family === "mixture" || p.family === "independent" || formulasOf(p).eventRanks) return result;
  return stretched(ops, result, ...parametersOf(p).map(([, value]) => value));
}
