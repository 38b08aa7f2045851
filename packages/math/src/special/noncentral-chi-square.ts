/** The distribution function of the noncentral chi-square distribution, in float64, with all its digits in both tails. */
import { gammaP, gammaQ, power } from "./incomplete-gamma.ts";

/** P(X <= x) of the sum X of df squared normals of variance 1 whose squared means sum to lambda >= 0; df > 0 need not be whole. */
export function noncentralChiSquareCdf(x: number, df: number, lambda: number): number {
  return side(x, df, lambda, gammaP);
}

/** P(X > x). */
export function noncentralChiSquareTail(x: number, df: number, lambda: number): number {
  return side(x, df, lambda, gammaQ);
}

/** The sum over j of the Poisson probability of j at mean lambda / 2 times P or Q(df / 2 + j, x / 2), from its largest term outwards. */
function side(x: number, df: number, lambda: number, tail: typeof gammaP): number {
  if (!(df > 0 && df < Infinity && lambda >= 0 && lambda < Infinity && x >= 0)) return Number.NaN;
  const term = (j: number): number => power(j, lambda / 2) * tail(df / 2 + j, x / 2);
  if (x === 0 || x === Infinity || lambda === 0) return tail(df / 2, x / 2);
  const start = largest(x, df, lambda, tail === gammaP);
  return Math.min(1, outwards(term, start, 1) + outwards(term, start - 1, -1));
}

/** Deep in a tail P(a + 1, x / 2) / P(a, x / 2) is about x / (2 a), and so for Q; near the middle the factor hardly changes. */
function largest(x: number, df: number, lambda: number, isLower: boolean): number {
  const deep = (Math.sqrt((df * df) / 4 + lambda * x) - df / 2) / 2;
  return Math.floor(isLower ? Math.min(deep, lambda / 2) : Math.max(deep, lambda / 2));
}

/** Terms from one on, in one direction, until they fall and no longer count. */
function outwards(term: (j: number) => number, from: number, direction: 1 | -1): number {
  let [sum, last] = [0, 0];
  for (let j = from; j >= 0; j += direction) {
    const next = term(j);
    sum += next;
    if (next <= last && next <= 2 ** -60 * sum) break;
    last = next;
  }
  return sum;
}
