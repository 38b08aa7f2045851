import { requireOperands } from "../arguments.ts";
import type { MathOps } from "../math-ops.ts";
import type { Beta } from "./beta.ts";
import { stretched } from "./broadcast.ts";
import type { Dirichlet } from "./dirichlet.ts";
import type { Gamma } from "./gamma.ts";
import { requireDistribution } from "./parameters.ts";
import { less } from "./support.ts";
import type { VonMisesFisher } from "./von-mises-fisher.ts";
import { cosineSampleSlope } from "./von-mises-fisher-slope.ts";

/** The families whose draws have implicit gradients here. */
export interface ImplicitGradients<T> {
  readonly gamma: Readonly<Record<"concentration" | "rate", T>>;
  readonly beta: Readonly<Record<"alpha" | "beta", T>>;
  /** [..., i, j]: the derivative of x_i by concentration j. */
  readonly dirichlet: Readonly<Record<"concentration", T>>;
  /** By concentration [..., i]; by the mean direction [..., i, j], for moves of it along the sphere. */
  readonly vonMisesFisher: Readonly<Record<"concentration" | "meanDirection", T>>;
}

/**
 * How a draw x moves with the parameters it was drawn with, so that E[f(x)] has the gradient E[f'(x) dx/da], for families
 * that no differentiable transform of fixed noise gives (Figurnov, Mohamed and Mnih 2018). With the distribution function F
 * held at its value, F(x; a) = u,
 *
 *     dx/da = -(dF/da) / p(x)
 *
 * Of a Dirichlet draw, x_j moves so as the Beta variable that it is, and the others keep their proportions. Of a von
 * Mises-Fisher draw, its cosine with the mean direction moves so with the concentration; with the mean direction it turns.
 *
 * @throws TypeError when `p` is of another family or `x` no array; IsthmusError `OPS_UNSUPPORTED` on engines without the
 * special functions.
 */
export function implicitGradients<T, F extends keyof ImplicitGradients<T>>(
  ops: MathOps<T>,
  p: (Gamma<T> | Beta<T> | Dirichlet<T> | VonMisesFisher<T>) & { readonly family: F },
  x: T,
): ImplicitGradients<T>[F] {
  requireDistribution("p", p);
  requireOperands({ x });
  const rules = { gamma: ofGamma, beta: ofBeta, dirichlet: ofDirichlet, vonMisesFisher: ofVonMisesFisher };
  if (!Object.hasOwn(rules, p.family)) {
    throw new TypeError(`"p.family" expected one of ${Object.keys(rules).join(", ")}, got "${String(p.family)}"`);
  }
  const rule = rules[p.family] as (ops: MathOps<T>, p: Distribution, x: T) => ImplicitGradients<T>[F];
  return rule(ops, p, x);
}

type Distribution = { readonly family: string };

/** x = y / rate with y of rate 1: dx/da = (dy/da) / rate, dx/d rate = -x / rate. */
function ofGamma<T>(ops: MathOps<T>, { concentration, rate }: Gamma<T>, x: T): ImplicitGradients<T>["gamma"] {
  const slope = ops.gammaSampleSlope(concentration, ops.mul(rate, x));
  return { concentration: ops.div(slope, rate), rate: stretched(ops, ops.neg(ops.div(x, rate)), concentration) };
}

/** By beta it is that of 1 - x by its alpha, mirrored. */
function ofBeta<T>(ops: MathOps<T>, { alpha, beta }: Beta<T>, x: T): ImplicitGradients<T>["beta"] {
  return {
    alpha: ops.betaSampleSlope(alpha, beta, x),
    beta: ops.neg(ops.betaSampleSlope(beta, alpha, less(ops, 1, x))),
  };
}

/** x_j is Beta(a_j, sum a - a_j): dx_i/da_j = (dx_j/da_j) (1 if i is j, else -x_i / sum of all but x_j) */
function ofDirichlet<T>(ops: MathOps<T>, { concentration: a }: Dirichlet<T>, x: T): ImplicitGradients<T>["dirichlet"] {
  const rest = ops.sub(ops.sum(a, { axes: [-1], keepDims: true }), a);
  const own = ops.betaSampleSlope(a, rest, x);
  const isSame = identity(ops, Number(ops.shape(a).at(-1)));
  const others = ops.select(isSame, ops.scalar(0), ops.expandDims(x, -1));
  const total = ops.sum(others, { axes: [-2], keepDims: true });
  const shares = ops.div(others, ops.select(ops.greater(total, ops.scalar(0)), total, ops.scalar(1)));
  return { concentration: ops.mul(ops.expandDims(own, -2), ops.sub(isSame, shares)) };
}

/**
 * With w = m^T x: x = w m + sqrt(1 - w^2) t, t across m and fixed, so that dx/dw = (m - w x) / (1 - w^2); and the rotation
 * that turns m to m + dm turns x to x + (m^T x) dm - (dm^T x) m.
 */
function ofVonMisesFisher<T>(ops: MathOps<T>, p: VonMisesFisher<T>, x: T): ImplicitGradients<T>["vonMisesFisher"] {
  const { meanDirection: m } = p;
  const w = ops.sum(ops.mul(m, x), { axes: [-1], keepDims: true });
  const cosineSlope = ops.expandDims(cosineSampleSlope(ops, p, ops.sum(w, { axes: [-1] })), -1);
  const across = ops.sub(m, ops.mul(w, x));
  const sine = ops.sum(ops.square(ops.sub(x, ops.mul(w, m))), { axes: [-1], keepDims: true });
  const isPole = ops.equal(sine, ops.scalar(0));
  const along = ops.div(across, ops.select(isPole, ops.scalar(1), sine));
  const turn = ops.mul(ops.expandDims(w, -1), identity(ops, Number(ops.shape(m).at(-1))));
  return {
    concentration: ops.mul(cosineSlope, along),
    meanDirection: ops.sub(turn, ops.mul(ops.expandDims(m, -1), ops.expandDims(x, -2))),
  };
}

function identity<T>(ops: MathOps<T>, size: number): T {
  const values = Array.from({ length: size * size }, (_, at) => (at % (size + 1) === 0 ? 1 : 0));
  return ops.constant([size, size], values);
}
