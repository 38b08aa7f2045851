import type { ArrayOps } from "../array-ops.ts";
import { requireOperands } from "../arguments.ts";
import { formatShape } from "../nd-array.ts";
import { FINITE, POSITIVE, requireBatch, requireRank, requireValues } from "./parameters.ts";
import { LOG_2_PI } from "../gaussian.ts";
import type { MathOps } from "../math-ops.ts";
import { drawBeta } from "./beta.ts";
import type { Formulas } from "./formulas.ts";
import type { Random } from "./random.ts";
import { plus, times } from "./support.ts";

/** A distribution of directions, unit vectors on the last axis: density proportional to exp(concentration meanDirection^T x). */
export interface VonMisesFisher<T> {
  readonly family: "vonMisesFisher";
  /** Unit vectors, [..., dimensions], of at least 2 dimensions. */
  readonly meanDirection: T;
  /** Without the event axis: [...]. */
  readonly concentration: T;
}

/** The squared length of a unit vector that was computed in float32 is right to some of its epsilons. */
const UNIT_TOLERANCE = 1e-5;

/** @throws TypeError, RangeError naming the parameter that is no array, of too low a rank, no unit vector or not positive and finite. */
export function vonMisesFisher<T>(
  ops: ArrayOps<T>,
  { meanDirection, concentration }: Omit<VonMisesFisher<T>, "family">,
): VonMisesFisher<T> {
  const name = "vonMisesFisher.meanDirection";
  requireOperands({ [name]: meanDirection, "vonMisesFisher.concentration": concentration });
  requireRank(ops, name, meanDirection, 1);
  requireValues(ops, name, meanDirection, FINITE);
  requireUnit(ops, name, meanDirection);
  requireValues(ops, "vonMisesFisher.concentration", concentration, POSITIVE);
  requireBatch(ops, "vonMisesFisher.concentration", concentration, 0, ops.shape(meanDirection).slice(0, -1));
  return { family: "vonMisesFisher", meanDirection, concentration };
}

function requireUnit<T>(ops: ArrayOps<T>, name: string, x: T): void {
  const shape = ops.shape(x);
  const size = shape.at(-1);
  if (typeof size !== "number" || size < 2) {
    throw new RangeError(`"${name}" expected at least 2 dimensions on its last axis, got shape ${formatShape(shape)}`);
  }
  const values = ops.values?.(x) ?? [];
  for (let start = 0; start < values.length; start += size) {
    let square = 0;
    for (let at = start; at < start + size; at++) square += values[at]! ** 2;
    if (Math.abs(square - 1) <= UNIT_TOLERANCE) continue;
    throw new RangeError(
      `"${name}" expected unit vectors, got one of length ${Math.sqrt(square)} at row ${start / size}`,
    );
  }
}

/** log p = k m^T x + log C(k), C(k) = k^(d/2 - 1) / ((2 pi)^(d/2) I_(d/2 - 1)(k)) (Mardia and Jupp 2000, 9.3.4) */
export const vonMisesFisherFormulas: Formulas<"vonMisesFisher"> = {
  eventRanks: { meanDirection: 1 },
  logProb: (ops, p, x) => {
    const cosine = ops.sum(ops.mul(p.meanDirection, x), { axes: [-1] });
    return ops.add(ops.mul(p.concentration, cosine), logConstant(ops, p));
  },
  /** -k A(k) - log C(k) */
  entropy: (ops, p) => ops.neg(ops.add(ops.mul(p.concentration, meanCosine(ops, p)), logConstant(ops, p))),
  mean: (ops, p) => ops.mul(ops.expandDims(meanCosine(ops, p), -1), p.meanDirection),
  /** A / k + (1 - d A / k - A^2) m^2 */
  variance: (ops, p) => {
    const d = dimensionsOf(ops, p);
    const a = meanCosine(ops, p);
    const across = ops.div(a, p.concentration);
    const along = ops.sub(plus(ops, times(ops, -d, across), 1), ops.square(a));
    const squares = ops.mul(ops.expandDims(along, -1), ops.square(p.meanDirection));
    return ops.add(ops.expandDims(across, -1), squares);
  },
  drawEvent: ({ meanDirection, concentration }, random) => {
    return reflected(drawAboutPole(meanDirection.length, concentration[0]!, random), meanDirection);
  },
};

const dimensionsOf = <T>(ops: MathOps<T>, p: VonMisesFisher<T>): number => Number(ops.shape(p.meanDirection).at(-1));

function logConstant<T>(ops: MathOps<T>, p: VonMisesFisher<T>): T {
  const d = dimensionsOf(ops, p);
  const logBessel = ops.logBesselI(ops.scalar(d / 2 - 1), p.concentration);
  return ops.sub(plus(ops, times(ops, d / 2 - 1, ops.log(p.concentration)), (-d / 2) * LOG_2_PI), logBessel);
}

/** A(k) = E[m^T x] = I_(d/2)(k) / I_(d/2 - 1)(k) */
export function meanCosine<T>(ops: MathOps<T>, p: VonMisesFisher<T>): T {
  const d = dimensionsOf(ops, p);
  const [above, at] = [d / 2, d / 2 - 1].map((v) => ops.logBesselI(ops.scalar(v), p.concentration)) as [T, T];
  return ops.exp(ops.sub(above, at));
}

/**
 * A draw about (1, 0, ..., 0): its cosine w by rejection, the rest uniform on the sphere across (Wood 1994, algorithm VM*;
 * Davidson et al. 2018, algorithm 1). With z a Beta((d - 1) / 2, (d - 1) / 2) draw
 *
 *     w = (1 - (1 + b) z) / (1 - (1 - b) z),   1 - w = 2 b z / (1 - (1 - b) z),   1 + w = 2 (1 - z) / (1 - (1 - b) z)
 */
function drawAboutPole(d: number, k: number, random: Random): Float64Array {
  const b = (d - 1) / (2 * k + Math.hypot(2 * k, d - 1));
  const x0 = (1 - b) / (1 + b);
  const c = k * x0 + (d - 1) * Math.log1p(-(x0 ** 2));
  for (;;) {
    const z = drawBeta((d - 1) / 2, (d - 1) / 2, random);
    const bottom = 1 - (1 - b) * z;
    const w = (1 - (1 + b) * z) / bottom;
    if (k * w + (d - 1) * Math.log1p(-x0 * w) - c < Math.log(random.uniform())) continue;
    const across = (2 * Math.sqrt(b * z * (1 - z))) / bottom;
    return Float64Array.of(w, ...drawDirection(d - 1, random).map((component) => across * component));
  }
}

function drawDirection(d: number, random: Random): Float64Array {
  const normals = Float64Array.from({ length: d }, () => random.normal());
  const length = Math.hypot(...normals);
  return normals.map((component) => component / length);
}

/** The reflection that takes (1, 0, ..., 0) to `direction`. */
function reflected(x: Float64Array, direction: Float64Array): Float64Array {
  const across = direction.map((component, i) => (i === 0 ? 1 : 0) - component);
  const square = across.reduce((sum, component) => sum + component ** 2, 0);
  if (square === 0) return x;
  const factor = (2 * across.reduce((sum, component, i) => sum + component * x[i]!, 0)) / square;
  return x.map((component, i) => component - factor * across[i]!);
}
