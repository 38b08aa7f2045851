import type { ArrayOps } from "../array-ops.ts";
import type { MathOps } from "../math-ops.ts";
import { requireKind } from "../arguments.ts";
import { FINITE, requireParameters } from "./parameters.ts";
import type { Domains } from "./parameters.ts";
import type { Formulas } from "./formulas.ts";
import { plus } from "./support.ts";

/**
 * A logistic variable rounded to the nearest of `levels` values, evenly spaced from `low` to `high`, both included;
 * what falls outside goes to the end values (Salimans et al. 2017, equation 2). Elementwise.
 */
export interface DiscretisedLogistic<T> {
  readonly family: "discretisedLogistic";
  readonly loc: T;
  /** Natural logarithm of the scale. */
  readonly logScale: T;
  readonly low: number;
  readonly high: number;
  /** How many values there are, at least 2. */
  readonly levels: number;
}

const DOMAINS: Domains<Pick<DiscretisedLogistic<unknown>, "loc" | "logScale">> = { loc: FINITE, logScale: FINITE };

/** @throws TypeError, RangeError naming the parameter that is of the wrong kind, out of its domain or of a shape that does not broadcast. */
export function discretisedLogistic<T>(
  ops: ArrayOps<T>,
  { loc, logScale, low, high, levels }: Omit<DiscretisedLogistic<T>, "family">,
): DiscretisedLogistic<T> {
  requireParameters(ops, "discretisedLogistic", { loc, logScale }, DOMAINS);
  requireLattice(low, high, levels);
  return { family: "discretisedLogistic", loc, logScale, low, high, levels };
}

function requireLattice(low: number, high: number, levels: number): void {
  for (const [name, value] of Object.entries({ low, high, levels })) {
    requireKind(`discretisedLogistic.${name}`, value, "Number");
    if (!Number.isFinite(value))
      throw new RangeError(`"discretisedLogistic.${name}" expected a finite number, got ${value}`);
  }
  if (!(low < high)) throw new RangeError(`"discretisedLogistic.high" expected a number above ${low}, got ${high}`);
  if (!Number.isInteger(levels) || levels < 2) {
    throw new RangeError(`"discretisedLogistic.levels" expected an integer of at least 2, got ${levels}`);
  }
}

/**
 * A value's interval reaches half a step to both sides; with its ends a and b, standardised, and s the sigmoid
 *
 *     log(s(b) - s(a)) = log s(b) + log s(-a) + log(1 - exp(a - b))
 *
 * which never takes the logarithm of a difference that has no digits left; the lowest value keeps the first term, the
 * highest the second.
 */
export const discretisedLogisticFormulas: Formulas<"discretisedLogistic"> = {
  logProb: (ops, p, x) => {
    const half = stepOf(p) / 2;
    const [a, b] = [ends(ops, p, plus(ops, x, -half)), ends(ops, p, plus(ops, x, half))];
    const isLowest = ops.greater(ops.scalar(p.low + half), x);
    const isHighest = ops.greater(x, ops.scalar(p.high - half));
    const logBelow = ops.neg(ops.softplus(ops.neg(b)));
    const logAbove = ops.neg(ops.softplus(a));
    const inside = ops.add(ops.add(logBelow, logAbove), logWidth(ops, p));
    return ops.select(isLowest, logBelow, ops.select(isHighest, logAbove, inside));
  },
  entropy: (ops, p) => overLevels(ops, p, (_, logP) => ops.neg(logP)),
  mean: (ops, p) => overLevels(ops, p, (v) => v),
  variance: (ops, p) => {
    const centre = ops.expandDims(
      overLevels(ops, p, (v) => v),
      -1,
    );
    return overLevels(ops, p, (v) => ops.square(ops.sub(v, centre)));
  },
  /** P(X <= x), of x on the lattice */
  cdf: (ops, p, x) => {
    const half = stepOf(p) / 2;
    const below = ops.sigmoid(ends(ops, p, plus(ops, x, half)));
    return ops.select(ops.greater(x, ops.scalar(p.high - half)), ops.scalar(1), below);
  },
  draw: (p, random) => {
    const u = random.uniform();
    const y = p.loc + Math.exp(p.logScale) * (Math.log(u) - Math.log1p(-u));
    const level = Math.round((y - p.low) / stepOf(p));
    return p.low + stepOf(p) * Math.min(Math.max(level, 0), p.levels - 1);
  },
};

type Lattice = Pick<DiscretisedLogistic<unknown>, "low" | "high" | "levels">;

const stepOf = ({ low, high, levels }: Lattice): number => (high - low) / (levels - 1);

function ends<T>(ops: ArrayOps<T>, { loc, logScale }: DiscretisedLogistic<T>, x: T): T {
  return ops.mul(ops.sub(x, loc), ops.exp(ops.neg(logScale)));
}

/** log(1 - exp(-step / scale)); from step = exp(10) scale on it is 0 in every digit, and so is its gradient. */
function logWidth<T>(ops: ArrayOps<T>, p: DiscretisedLogistic<T>): T {
  const logStep = ops.minimum(ops.sub(ops.log(ops.scalar(stepOf(p))), p.logScale), ops.scalar(10));
  return ops.log(ops.neg(ops.expm1(ops.neg(ops.exp(logStep)))));
}

/** The expectation of f(value, log p(value)), which is summed over all levels: [...] of work [..., levels]. */
function overLevels<T>(ops: MathOps<T>, p: DiscretisedLogistic<T>, f: (value: T, logP: T) => T): T {
  const wide = { ...p, loc: ops.expandDims(p.loc, -1), logScale: ops.expandDims(p.logScale, -1) };
  const values = ops.constant(
    [p.levels],
    Array.from({ length: p.levels }, (_, i) => p.low + i * stepOf(p)),
  );
  const logP = discretisedLogisticFormulas.logProb(ops, wide, values);
  return ops.sum(ops.mul(ops.exp(logP), f(values, logP)), { axes: [-1] });
}
