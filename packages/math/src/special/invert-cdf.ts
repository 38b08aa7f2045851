/** A distribution function to invert. */
export interface Inverted {
  readonly start: number;
  /** The support. */
  readonly low: number;
  readonly high: number;
  readonly cdf: (x: number) => number;
  /** 1 - cdf, with its own digits. */
  readonly tail: (x: number) => number;
  readonly density: (x: number) => number;
  /** Derivative of the logarithm of the density. */
  readonly bend: (x: number) => number;
}

/**
 * The x with cdf(x) = p, 0 < p < 1: log cdf, or log tail where that is smaller, by Halley's steps inside a bracket that
 * only shrinks; where a step would leave it, half-way, by the exponent where that is far.
 */
export function invertCdf(p: number, { start, low, high, cdf, tail, density, bend }: Inverted): number {
  const [side, target, sign] = p > 0.5 ? ([tail, 1 - p, -1] as const) : ([cdf, p, 1] as const);
  let [below, above] = [low, high];
  let x = Math.min(Math.max(start, low + Number.MIN_VALUE), high);
  for (let step = 0; step < 200; step++) {
    const reached = side(x);
    const error = sign * Math.log(reached / target);
    if (error === 0) return x;
    if (error > 0) above = x;
    else below = x;
    const slope = density(x) / reached;
    const newton = error / slope;
    const turn = 0.5 * newton * (bend(x) - sign * slope);
    let next = x - newton / (1 + Math.max(-0.5, Math.min(0.5, -turn)));
    if (!(next > below && next < above)) next = between(below, above);
    if (Math.abs(next - x) <= 2 ** -53 * Math.abs(x)) return next;
    x = next;
  }
  return x;
}

/** Inside an interval of non-negative numbers: the geometric mean where its ends are orders of magnitude apart. */
function between(below: number, above: number): number {
  if (above === Infinity) return below === 0 ? 1 : 2 * below;
  if (below === 0) return above < 1e-3 ? above * 1e-3 : above / 2;
  return above > 4 * below ? Math.sqrt(below) * Math.sqrt(above) : (below + above) / 2;
}
