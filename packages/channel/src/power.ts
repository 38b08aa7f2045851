/** What a codebook spends, and whether that is what it may. */
import { IsthmusError } from "@isthmus/math";
import { pointEnergies, type Codebook } from "./codebook.ts";
import { dimensions } from "./units.ts";

/** Powers are per use: of real ones x^2, of complex ones |x|^2. */
export interface Power {
  /** Mean of all uses of all points. */
  readonly average: number;
  /** Mean of the use of greatest mean power. */
  readonly worstUse: number;
  /** ||x||^2 / n of the points of least and greatest energy. */
  readonly leastPoint: number;
  readonly greatestPoint: number;
  /** The greatest |x| of a use. */
  readonly amplitude: number;
  /** Peak over mean power, linear. */
  readonly peakToAverage: number;
  /** The greatest |mean| of a real dimension. */
  readonly offset: number;
}

/** Measures a codebook whose messages are equally likely. */
export function measurePower(book: Codebook): Power {
  const energies = pointEnergies(book).map((energy) => energy / book.n);
  const uses = usePowers(book);
  const average = energies.reduce((sum, energy) => sum + energy, 0) / book.size;
  const peak = uses.reduce((most, power) => Math.max(most, power), 0);
  const means = Float64Array.from({ length: book.n }, (_, use) => meanOf(uses, use, book.n));
  const columns = dimensions(book);
  return {
    average,
    worstUse: Math.max(...means),
    leastPoint: energies.reduce((least, energy) => Math.min(least, energy), Infinity),
    greatestPoint: energies.reduce((most, energy) => Math.max(most, energy), 0),
    amplitude: Math.sqrt(peak),
    peakToAverage: peak / average,
    offset: Math.max(...Array.from({ length: columns }, (_, i) => Math.abs(meanOf(book.points, i, columns)))),
  };
}

/** Power of each use of each point, [M, n]. */
function usePowers({ points, size, n, complex }: Codebook): Float64Array {
  return Float64Array.from({ length: size * n }, (_, at) =>
    complex ? points[2 * at]! ** 2 + points[2 * at + 1]! ** 2 : points[at]! ** 2,
  );
}

function meanOf(values: Float64Array, column: number, columns: number): number {
  let sum = 0;
  for (let at = column; at < values.length; at += columns) sum += values[at]!;
  return (sum * columns) / values.length;
}

/**
 * What a codebook is bound by. `energy`: ||x||^2 = n of every point. `average`: mean power at most 1. `perUse`: of each use. `amplitude`: |x| at
 * most 1 in every use, or at most the number. `least` and `most`: every real dimension of every point in between. `peakToAverage`: at most that
 * much, linear, at an average power of at most 1.
 */
export type PowerConstraint =
  | "energy"
  | "average"
  | "perUse"
  | "amplitude"
  | { readonly amplitude: number }
  | { readonly least: number; readonly most: number }
  | { readonly peakToAverage: number };

/**
 * Holds a codebook to its constraint.
 *
 * @param tolerance Relative; the default allows for float32 networks.
 * @throws IsthmusError `CHANNEL_POWER` with what was measured.
 */
export function requirePower(book: Codebook, constraint: PowerConstraint, tolerance = 1e-4): void {
  const power = measurePower(book);
  const excess = excessOf(book, power, constraint);
  if (excess <= tolerance) return;
  throw new IsthmusError(
    "CHANNEL_POWER",
    `"${book.name}" breaks its ${constraintText(constraint)} constraint by ${(excess * 100).toPrecision(3)} %`,
    {
      ...power,
      constraint,
    },
  );
}

function constraintText(constraint: PowerConstraint): string {
  if (typeof constraint === "string") return constraint;
  if ("amplitude" in constraint) return `amplitude ${constraint.amplitude}`;
  if ("least" in constraint) return `[${constraint.least}, ${constraint.most}]`;
  return `peak-to-average power ${constraint.peakToAverage}`;
}

/** By how much of 1, or of the number or half the range, a constraint is broken; at most 0 when it is kept. */
function excessOf({ points }: Codebook, power: Power, constraint: PowerConstraint): number {
  if (constraint === "energy") return Math.max(power.greatestPoint - 1, 1 - power.leastPoint);
  if (constraint === "average") return power.average - 1;
  if (constraint === "perUse") return power.worstUse - 1;
  if (constraint === "amplitude") return power.amplitude - 1;
  if ("amplitude" in constraint) return power.amplitude / constraint.amplitude - 1;
  if ("peakToAverage" in constraint)
    return Math.max(power.average - 1, power.peakToAverage / constraint.peakToAverage - 1);
  const { least, most } = constraint;
  const beyond = points.reduce((farthest, x) => Math.max(farthest, x - most, least - x), -Infinity);
  return beyond / ((most - least) / 2);
}
