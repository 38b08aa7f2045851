import type { MathOps } from "../math-ops.ts";
import { less, plus, times } from "./support.ts";
import { meanCosine } from "./von-mises-fisher.ts";
import type { VonMisesFisher } from "./von-mises-fisher.ts";

/**
 * dw/dk of the cosine w of a draw, with density f(w) proportional to exp(k w) (1 - w^2)^((d - 3) / 2) and mean A:
 *
 *     dw/dk = -(1 / f(w)) dF/dk = -(1 / f(w)) integral from -1 to w of (t - A) f(t) dt
 *
 * or, as the whole integral is 0, plus that from w to 1. Of the two the one on the side of w is taken: with
 * t = s (1 - (1 - s w) v^2), s the sign of w, its integrand is smooth in v for every d, and Gauss and Legendre's rule sums it.
 * Its terms cancel far in the tail: the relative error is some epsilons over the tail's probability.
 */
export function cosineSampleSlope<T>(ops: MathOps<T>, p: VonMisesFisher<T>, w: T): T {
  const side = ops.select(ops.greater(ops.scalar(0), w), ops.scalar(-1), ops.scalar(1));
  const [s, gap] = [side, less(ops, 1, ops.mul(side, w))].map((x) => ops.expandDims(x, -1)) as [T, T];
  const k = ops.mul(s, ops.expandDims(p.concentration, -1));
  const centre = ops.mul(s, ops.expandDims(meanCosine(ops, p), -1));
  const d = Number(ops.shape(p.meanDirection).at(-1));
  const v2 = ops.constant(
    [NODES.length],
    NODES.map(({ v }) => v * v),
  );
  const t = less(ops, 1, ops.mul(gap, v2));
  const logRatio = ops.log(ops.div(plus(ops, t, 1), less(ops, 2, gap)));
  const logF = ops.add(ops.mul(ops.mul(k, gap), less(ops, 1, v2)), times(ops, (d - 3) / 2, logRatio));
  const weights = ops.constant(
    [NODES.length],
    NODES.map(({ v, weight }) => 2 * weight * v ** (d - 2)),
  );
  const terms = ops.mul(ops.mul(ops.sub(t, centre), ops.exp(logF)), weights);
  return ops.sum(ops.mul(gap, terms), { axes: [-1] });
}

interface QuadratureNode {
  readonly v: number;
  readonly weight: number;
}

/** Gauss and Legendre's rule on (0, 1): the roots of P_n(2 v - 1) by Newton's method. */
function gaussLegendre(n: number): readonly QuadratureNode[] {
  return Array.from({ length: n }, (_, i) => {
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    for (let step = 0; step < 6; step++) x -= legendre(n, x).value / legendre(n, x).slope;
    return { v: (1 + x) / 2, weight: 1 / ((1 - x * x) * legendre(n, x).slope ** 2) };
  });
}

/** P_n(x) and its derivative, by Bonnet's recursion. */
function legendre(n: number, x: number): { readonly value: number; readonly slope: number } {
  let [before, value] = [1, x];
  for (let k = 2; k <= n; k++) [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
  return { value, slope: (n * (x * value - before)) / (x * x - 1) };
}

const NODES: readonly QuadratureNode[] = /* @__PURE__ */ gaussLegendre(64);
