import type { ArrayOps } from "../array-ops.ts";
import { FINITE, POSITIVE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";
import type { MathOps } from "../math-ops.ts";
import type { Formulas } from "./formulas.ts";
import { drawLogGamma } from "./gamma.ts";
import { halfStep } from "./gamma-terms.ts";
import { less, located, plus, standardised, times } from "./support.ts";

/** Student's t distribution with `df` degrees of freedom, moved and scaled, elementwise; `scale` is not its standard deviation. */
export interface StudentT<T> {
  readonly family: "studentT";
  readonly df: T;
  readonly loc: T;
  readonly scale: T;
}

const DOMAINS: Domains<StudentTParameters<unknown>> = { df: POSITIVE, loc: FINITE, scale: POSITIVE };

type StudentTParameters<T> = Omit<StudentT<T>, "family">;

/** @throws TypeError, RangeError naming the parameter that is no array, out of its domain or of a shape that does not broadcast. */
export function studentT<T>(ops: ArrayOps<T>, { df, loc, scale }: StudentTParameters<T>): StudentT<T> {
  requireParameters(ops, "studentT", { df, loc, scale }, DOMAINS);
  return { family: "studentT", df, loc, scale };
}

export const studentTFormulas: Formulas<"studentT"> = {
  /** log p = -(v + 1) / 2 log(1 + z^2 / v) - log B(v / 2, 1 / 2) - log(v) / 2 - log scale, v = df */
  logProb: (ops, p, x) => {
    const square = ops.div(ops.square(standardised(ops, x, p)), p.df);
    const tail = ops.mul(times(ops, 0.5, plus(ops, p.df, 1)), ops.log1p(square));
    return ops.neg(ops.add(tail, ops.add(logBetaHalf(ops, p.df), logWidth(ops, p))));
  },
  /** (v + 1) / 2 (psi((v + 1) / 2) - psi(v / 2)) + log B(v / 2, 1 / 2) + log(v) / 2 + log scale */
  entropy: (ops, p) => {
    return ops.add(halfStep(ops, times(ops, 0.5, p.df)), ops.add(logBetaHalf(ops, p.df), logWidth(ops, p)));
  },
  /** NaN where df <= 1. */
  mean: (ops, { df, loc }) => ops.select(ops.greater(df, ops.scalar(1)), loc, none(ops)),
  /** scale^2 v / (v - 2); infinite where 1 < df <= 2, NaN where df <= 1. */
  variance: (ops, { df, scale }) => {
    const excess = plus(ops, df, -2);
    const isFinite = ops.greater(excess, ops.scalar(0));
    const one = ops.scalar(1);
    const finite = ops.mul(ops.square(scale), ops.div(df, ops.select(isFinite, excess, one)));
    const other = ops.select(ops.greater(df, one), ops.neg(ops.log(ops.scalar(0))), none(ops));
    return ops.select(isFinite, finite, other);
  },
  /** With q = z^2 / (v + z^2): 1/2 + sign(z) I_q(1/2, v/2) / 2 in the middle, I_(1 - q)(v/2, 1/2) / 2 in the tails. */
  cdf: (ops, p, x) => {
    const z = standardised(ops, x, p);
    const half = ops.scalar(0.5);
    const halfDf = times(ops, 0.5, p.df);
    const total = ops.add(p.df, ops.square(z));
    const centre = ops.mul(ops.sign(z), ops.betaI(half, halfDf, ops.div(ops.square(z), total)));
    const tail = times(ops, 0.5, ops.betaI(halfDf, half, ops.div(p.df, total)));
    const isPositive = ops.greater(z, ops.scalar(0));
    const far = ops.select(isPositive, less(ops, 1, tail), tail);
    return ops.select(ops.greater(p.df, ops.square(z)), plus(ops, times(ops, 0.5, centre), 0.5), far);
  },
  /** With t = 2 min(u, 1 - u): z^2 = v q / (1 - q), I_q(1/2, v/2) = 1 - t in the middle, I_(1 - q)(v/2, 1/2) = t in the tails. */
  inverseCdf: (ops, p, u) => {
    const t = times(ops, 2, ops.minimum(u, less(ops, 1, u)));
    const half = ops.scalar(0.5);
    const halfDf = times(ops, 0.5, p.df);
    const q = ops.betaIInv(half, halfDf, less(ops, 1, t));
    const rest = ops.betaIInv(halfDf, half, t);
    const odds = ops.select(ops.greater(t, half), ops.div(q, less(ops, 1, q)), ops.div(less(ops, 1, rest), rest));
    return located(ops, ops.mul(ops.sign(plus(ops, u, -0.5)), ops.sqrt(ops.mul(p.df, odds))), p);
  },
  /** A normal, divided by the root of an independent chi-square per degree of freedom. */
  draw: ({ df, loc, scale }, random) => {
    const logChiSquare = Math.LN2 + drawLogGamma(df / 2, random);
    return loc + scale * random.normal() * Math.exp((Math.log(df) - logChiSquare) / 2);
  },
};

/** log B(v / 2, 1 / 2) = log(sqrt(pi) Gamma(v / 2) / Gamma((v + 1) / 2)), without cancellation for large v. */
const logBetaHalf = <T>(ops: MathOps<T>, v: T): T => ops.logBeta(times(ops, 0.5, v), ops.scalar(0.5));

const logWidth = <T>(ops: MathOps<T>, { df, scale }: StudentT<T>): T => {
  return ops.add(times(ops, 0.5, ops.log(df)), ops.log(scale));
};

/** NaN, which no constant may hold. */
const none = <T>(ops: MathOps<T>): T => ops.log(ops.scalar(-1));
