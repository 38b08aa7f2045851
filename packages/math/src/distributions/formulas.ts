import type { MathOps } from "../math-ops.ts";
import type { Distribution, Families, FamilyName } from "./distribution.ts";
import type { Random } from "./random.ts";

/** What is known of a family in closed form. What is left out has none, or none over `MathOps`. */
export interface Formulas<F extends FamilyName> {
  /** How many of the last axes of a parameter belong to the event; of one not named: none. */
  readonly eventRanks?: Readonly<Record<string, number>>;
  readonly logProb: <T>(ops: MathOps<T>, p: Families<T>[F], x: T) => T;
  readonly entropy?: <T>(ops: MathOps<T>, p: Families<T>[F]) => T;
  readonly mean?: <T>(ops: MathOps<T>, p: Families<T>[F]) => T;
  readonly variance?: <T>(ops: MathOps<T>, p: Families<T>[F]) => T;
  readonly cdf?: <T>(ops: MathOps<T>, p: Families<T>[F], x: T) => T;
  readonly inverseCdf?: <T>(ops: MathOps<T>, p: Families<T>[F], u: T) => T;
  /** A differentiable transform of standard noise. Left out where `inverseCdf` serves, with uniform noise. */
  readonly reparameterised?: <T>(ops: MathOps<T>, p: Families<T>[F], base: T) => T;
  /** The noise that `reparameterised` starts from. */
  readonly noise?: NoiseKind;
  /** One draw of an elementwise family, for those that are not drawn by their transform. */
  readonly draw?: (p: Families<number>[F], random: Random) => number;
  /** One event of a family that has its event on the last axis. */
  readonly drawEvent?: (p: Families<Float64Array>[F], random: Random) => ArrayLike<number>;
}

/** Standard noise: N(0, 1), the uniform distribution on (0, 1), or the standard Cauchy, a ratio of two normals. */
export type NoiseKind = "normal" | "uniform" | "cauchy";

/** The operations that families made of others ask of those. */
export interface Operations {
  readonly logProb: <T>(ops: MathOps<T>, p: Distribution<T>, x: T) => T;
  readonly entropy: <T>(ops: MathOps<T>, p: Distribution<T>) => T;
  readonly mean: <T>(ops: MathOps<T>, p: Distribution<T>) => T;
  readonly variance: <T>(ops: MathOps<T>, p: Distribution<T>) => T;
  readonly cdf: <T>(ops: MathOps<T>, p: Distribution<T>, x: T) => T;
  readonly reparameterised: <T>(ops: MathOps<T>, p: Distribution<T>, base: T) => T;
}
