/** Gauss and Legendre's rule on [-1, 1]: roots of the polynomial P_n by Newton's method, and their weights. */
function gaussLegendre(n: number): readonly (readonly [node: number, weight: number])[] {
  return Array.from({ length: n }, (_, i) => {
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    for (let step = 0; step < 8; step++) x -= legendre(n, x).value / legendre(n, x).slope;
    return [x, 2 / ((1 - x * x) * legendre(n, x).slope ** 2)] as const;
  });
}

function legendre(n: number, x: number): { readonly value: number; readonly slope: number } {
  let [before, value] = [1, x];
  for (let k = 2; k <= n; k++) [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
  return { value, slope: (n * (x * value - before)) / (x * x - 1) };
}

const RULE = gaussLegendre(40);

/** The integral of f over [a, b] in one panel of 40 points. */
function panel(f: (t: number) => number, a: number, b: number): number {
  const [middle, half] = [(a + b) / 2, (b - a) / 2];
  return half * RULE.reduce((sum, [node, weight]) => sum + weight * f(middle + half * node), 0);
}

/** A point of the support: x, and how far it is from the right end (1 - x on the unit interval), without cancellation. */
export interface Point {
  readonly x: number;
  readonly toRight: number;
}

export type Support = "line" | "halfLine" | "unit" | readonly [low: number, high: number];

/**
 * The integral of f over a support, in panels of a variable t that makes tails and end points harmless: x = sinh t on the
 * line, exp t on the half line, s(t) between two ends; `breaks` are the x where f has a kink.
 */
export function integrate(f: (point: Point) => number, support: Support, breaks: readonly number[] = []): number {
  const { to, from, ends } = CHANGES[support === "line" || support === "halfLine" ? support : "interval"](support);
  const inner = breaks.map(from).filter((t) => t > ends[0] && t < ends[1]);
  const count = Math.ceil(ends[1] - ends[0]);
  const edges = Array.from({ length: count + 1 }, (_, i) => ends[0] + ((ends[1] - ends[0]) * i) / count);
  const marks = [...new Set([...edges, ...inner])].sort((a, b) => a - b);
  const g = (t: number) => {
    const { point, slope } = to(t);
    const value = f(point);
    return value === 0 ? 0 : value * slope;
  };
  return marks.slice(1).reduce((sum, mark, i) => sum + panel(g, marks[i]!, mark), 0);
}

interface Change {
  readonly to: (t: number) => { readonly point: Point; readonly slope: number };
  readonly from: (x: number) => number;
  readonly ends: readonly [number, number];
}

const sigmoid = (t: number): number => (t < 0 ? Math.exp(t) / (1 + Math.exp(t)) : 1 / (1 + Math.exp(-t)));

const CHANGES: Readonly<Record<"line" | "halfLine" | "interval", (support: Support) => Change>> = {
  line: () => ({
    to: (t) => ({ point: { x: Math.sinh(t), toRight: Infinity }, slope: Math.cosh(t) }),
    from: Math.asinh,
    ends: [-60, 60],
  }),
  halfLine: () => ({
    to: (t) => ({ point: { x: Math.exp(t), toRight: Infinity }, slope: Math.exp(t) }),
    from: Math.log,
    ends: [-200, 60],
  }),
  interval: (support) => {
    const [low, high] = support === "unit" ? [0, 1] : (support as readonly [number, number]);
    const width = high - low;
    return {
      to: (t) => ({
        point: { x: low + width * sigmoid(t), toRight: 1 - high + width * sigmoid(-t) },
        slope: width * sigmoid(t) * sigmoid(-t),
      }),
      from: (x) => Math.log((x - low) / (high - x)),
      ends: [-150, 150],
    };
  },
};
