/** Log-densities of single numbers, as the textbooks write them: what the package's formulas are checked against. */
import { gammaln } from "./gammaln.ts";
import type { Point, Support } from "./quadrature.ts";

export type Parameters = Readonly<Record<string, number>>;

export interface Density {
  readonly support: Support | "counts";
  readonly log: (point: Point) => number;
  /** Where the density has a kink, or its mass is. */
  readonly breaks: readonly number[];
}

const line = (log: (x: number) => number, breaks: readonly number[]): Density => ({
  support: "line",
  log: ({ x }) => log(x),
  breaks,
});
const halfLine = (log: (x: number) => number, breaks: readonly number[]): Density => ({
  ...line(log, breaks),
  support: "halfLine",
});

const HALF_LOG_2_PI = Math.log(2 * Math.PI) / 2;

const normalLog = (z: number): number => -(z * z) / 2 - HALF_LOG_2_PI;

/** By family, from parameters under the package's names. */
export const DENSITIES: Readonly<Record<string, (p: Parameters) => Density>> = {
  normal: ({ loc, scale }) => line((x) => normalLog((x - loc!) / scale!) - Math.log(scale!), [loc!]),
  laplace: ({ loc, scale }) => line((x) => -Math.abs(x - loc!) / scale! - Math.log(2 * scale!), [loc!]),
  gumbel: ({ loc, scale }) =>
    line((x) => -(x - loc!) / scale! - Math.exp(-(x - loc!) / scale!) - Math.log(scale!), [loc!]),
  logistic: ({ loc, scale }) =>
    line(
      (x) => {
        const z = Math.abs(x - loc!) / scale!;
        return -z - 2 * Math.log1p(Math.exp(-z)) - Math.log(scale!);
      },
      [loc!],
    ),
  cauchy: ({ loc, scale }) => line((x) => -Math.log(Math.PI * scale!) - Math.log1p(((x - loc!) / scale!) ** 2), [loc!]),
  studentT: ({ df, loc, scale }) => {
    const constant = gammaln((df! + 1) / 2) - gammaln(df! / 2) - Math.log(df! * Math.PI) / 2 - Math.log(scale!);
    return line((x) => constant - ((df! + 1) / 2) * Math.log1p(((x - loc!) / scale!) ** 2 / df!), [loc!]);
  },
  exponential: ({ rate }) => halfLine((x) => Math.log(rate!) - rate! * x, [1 / rate!]),
  gamma: ({ concentration: a, rate: b }) => {
    const constant = a! * Math.log(b!) - gammaln(a!);
    return halfLine((x) => constant + (a! - 1) * Math.log(x) - b! * x, [a! / b!]);
  },
  logNormal: ({ loc, scale }) =>
    halfLine((x) => normalLog((Math.log(x) - loc!) / scale!) - Math.log(scale! * x), [Math.exp(loc!)]),
  weibull: ({ scale, concentration: k }) =>
    halfLine((x) => Math.log(k! / scale!) + (k! - 1) * Math.log(x / scale!) - (x / scale!) ** k!, [scale!]),
  halfNormal: ({ scale }) => halfLine((x) => Math.LN2 + normalLog(x / scale!) - Math.log(scale!), [scale!]),
  beta: ({ alpha: a, beta: b }) => {
    const constant = gammaln(a! + b!) - gammaln(a!) - gammaln(b!);
    const log = ({ x, toRight }: Point) => constant + (a! - 1) * Math.log(x) + (b! - 1) * Math.log(toRight);
    return { support: "unit", log, breaks: [0.5] };
  },
  continuousBernoulli: ({ logits: l }) => {
    const constant = l === 0 ? 0 : Math.log(l! / Math.expm1(l!));
    return { support: "unit", log: ({ x }) => constant + l! * x, breaks: [0.5] };
  },
  uniform: ({ low, high }) => ({ support: [low!, high!], log: () => -Math.log(high! - low!), breaks: [] }),
  bernoulli: ({ logits: l }) => counts((k) => (k > 1 ? -Infinity : k * l! - Math.log1p(Math.exp(l!)))),
  poisson: ({ rate }) => counts((k) => k * Math.log(rate!) - rate! - gammaln(k + 1)),
  binomial: ({ trials: n, logits: l }) =>
    counts((k) => {
      if (k > n!) return -Infinity;
      return gammaln(n! + 1) - gammaln(k + 1) - gammaln(n! - k + 1) + k * l! - n! * Math.log1p(Math.exp(l!));
    }),
};

function counts(log: (k: number) => number): Density {
  return { support: "counts", log: ({ x }) => log(x), breaks: [] };
}
