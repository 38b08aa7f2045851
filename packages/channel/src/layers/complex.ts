/**
 * Complex numbers in graphs, decided once: the last axis is the pair [real part, imaginary part], so n of them are [..., n, 2]. Flat, as
 * dense layers and codebooks have them, they are [..., 2 n], the two parts of each side by side; the order in memory is the same.
 */
import { formatShape, type GraphBuilder, type Node, type Shape } from "@isthmus/graph";

/** Real and imaginary parts, [..., n] each. */
export interface ComplexParts {
  readonly re: Node;
  readonly im: Node;
}

/** [..., 2 n] -> [..., n, 2]. @throws RangeError an odd or unknown last size. */
export function toComplex(build: GraphBuilder, x: Node): Node {
  const size = x.shape.at(-1);
  if (typeof size !== "number" || size % 2 === 1) {
    throw new RangeError(`toComplex: "x" expected an even last size, got ${formatShape(x.shape)}`);
  }
  return build.reshape(x, [...x.shape.slice(0, -1), size / 2, 2]);
}

/** [..., n, 2] -> [..., 2 n]. @throws RangeError when they are no pairs. */
export function toReal(build: GraphBuilder, z: Node): Node {
  const leading = requirePairs("toReal", "z", z);
  return build.reshape(z, [...leading.slice(0, -1), 2 * (leading.at(-1) as number)]);
}

/** [..., n, 2] -> two of [..., n]. @throws RangeError when they are no pairs. */
export function complexParts(build: GraphBuilder, z: Node): ComplexParts {
  const leading = requirePairs("complexParts", "z", z);
  const part = (begin: number): Node => build.reshape(build.slice(z, { axis: -1, begin, end: begin + 1 }), leading);
  return { re: part(0), im: part(1) };
}

/** Two of [..., n] -> [..., n, 2]. */
export function complexOf(build: GraphBuilder, { re, im }: ComplexParts): Node {
  return build.concat([build.expandDims(re, -1), build.expandDims(im, -1)], -1);
}

/** a b; the leading axes broadcast. @throws RangeError when they are no pairs. */
export function complexMultiply(build: GraphBuilder, a: Node, b: Node): Node {
  return complexOf(build, product(build, complexParts(build, a), complexParts(build, b)));
}

/**
 * a / b = a conj(b) / |b|^2; the leading axes broadcast.
 *
 * @param floor Added to |b|^2, so that a learned divisor may pass through 0. Default: 0.
 * @throws RangeError when they are no pairs.
 */
export function complexDivide(build: GraphBuilder, a: Node, b: Node, floor = 0): Node {
  const { re, im } = complexParts(build, b);
  const above = product(build, complexParts(build, a), { re, im: build.neg(im) });
  const below = build.add(build.add(build.square(re), build.square(im)), build.scalar(floor));
  return complexOf(build, { re: build.div(above.re, below), im: build.div(above.im, below) });
}

/** |z|^2: [..., n, 2] -> [..., n]. */
export function squaredMagnitude(build: GraphBuilder, z: Node): Node {
  requirePairs("squaredMagnitude", "z", z);
  return build.sum(build.square(z), { axes: [-1] });
}

const DOUBLINGS = 5;
/** 1 / j! for j = 0 .. 11. */
const INVERSE_FACTORIALS = Array.from({ length: 12 }, (_, j) =>
  Array.from({ length: j }, (__, i) => 1 / (i + 1)).reduce((a, b) => a * b, 1),
);

/**
 * exp(i angle), angle in radians: [..., n] -> [..., n, 2]. A graph has no sine: the series of exp(i angle / 32) to the 11th power, squared
 * five times. Its error for |angle| <= 8 pi is below 1e-8 in exact arithmetic, and some 32 roundings.
 */
export function complexPhase(build: GraphBuilder, angle: Node): Node {
  const x = build.mul(angle, build.scalar(2 ** -DOUBLINGS));
  const square = build.neg(build.square(x));
  const series = (first: number): Node => {
    const terms = INVERSE_FACTORIALS.filter((_, j) => j % 2 === first).toReversed();
    return terms
      .slice(1)
      .reduce((sum, term) => build.add(build.mul(sum, square), build.scalar(term)), build.scalar(terms[0]!));
  };
  let parts: ComplexParts = { re: series(0), im: build.mul(x, series(1)) };
  for (let i = 0; i < DOUBLINGS; i++) parts = product(build, parts, parts);
  return complexOf(build, parts);
}

export interface ConvolveOptions {
  /** Keep what comes after the last x: n + L - 1 numbers rather than n. Default: false. */
  readonly tail?: boolean;
}

/**
 * y_i = sum_l h_l x_(i - l), l from 0, x being 0 before it begins: x [rows, n, 2], h [rows or 1, L, 2] -> [rows, n, 2].
 *
 * @throws RangeError for other shapes.
 */
export function complexConvolve(build: GraphBuilder, x: Node, h: Node, { tail = false }: ConvolveOptions = {}): Node {
  const [n, length] = [sizeOf("x", x), sizeOf("h", h)];
  const taps = complexParts(build, h);
  const parts = complexParts(build, x);
  const terms = Array.from({ length }, (_, l) =>
    product(
      build,
      mapParts(parts, (part) => delayed(build, part, l, tail ? n + length - 1 : n)),
      {
        re: build.slice(taps.re, { axis: 1, begin: l, end: l + 1 }),
        im: build.slice(taps.im, { axis: 1, begin: l, end: l + 1 }),
      },
    ),
  );
  const total = (of: keyof ComplexParts): Node => terms.map((term) => term[of]).reduce((a, b) => build.add(a, b));
  return complexOf(build, { re: total("re"), im: total("im") });
}

function sizeOf(argument: string, z: Node): number {
  const leading = requirePairs("complexConvolve", argument, z);
  if (leading.length === 2) return leading[1] as number;
  throw new RangeError(`complexConvolve: "${argument}" expected [rows, n, 2], got ${formatShape(z.shape)}`);
}

/** [rows, n] -> [rows, size]: zeros first, then x; what does not fit is lost. */
function delayed(build: GraphBuilder, x: Node, by: number, size: number): Node {
  const n = x.shape[1] as number;
  const kept = build.slice(x, { axis: 1, begin: 0, end: Math.max(1, Math.min(n, size - by)) });
  const shifted = build.pad(kept, { axis: 1, before: by, after: Math.max(0, size - by - n) });
  return build.slice(shifted, { axis: 1, begin: 0, end: size });
}

export interface ComplexDenseOptions {
  /** Parameters are `<name>.real`, `<name>.imaginary` [n, units] and `<name>.bias` [units, 2]. */
  readonly name: string;
  readonly units: number;
}

/**
 * x W + b with complex W and b: x [batch, n, 2] -> [batch, units, 2]. All parts start uniform in +-1/sqrt(2 n), as those of the real layer
 * from 2 n numbers.
 *
 * @throws RangeError for other shapes.
 */
export function complexDense(build: GraphBuilder, x: Node, { name, units }: ComplexDenseOptions): Node {
  const leading = requirePairs("complexDense", "x", x);
  if (leading.length !== 2)
    throw new RangeError(`complexDense "${name}": "x" expected [batch, n, 2], got ${formatShape(x.shape)}`);
  const n = leading[1] as number;
  const init = { kind: "uniform", limit: 1 / Math.sqrt(2 * n) } as const;
  const a = build.state(`${name}.real`, { shape: [n, units], init });
  const b = build.state(`${name}.imaginary`, { shape: [n, units], init });
  const bias = build.state(`${name}.bias`, { shape: [units, 2], init });
  return build.scope(name.replaceAll(".", "/"), () => {
    const { re, im } = complexParts(build, x);
    const y = {
      re: build.sub(build.matmul(re, a), build.matmul(im, b)),
      im: build.add(build.matmul(re, b), build.matmul(im, a)),
    };
    return build.add(complexOf(build, y), bias);
  });
}

function product(build: GraphBuilder, a: ComplexParts, b: ComplexParts): ComplexParts {
  return {
    re: build.sub(build.mul(a.re, b.re), build.mul(a.im, b.im)),
    im: build.add(build.mul(a.re, b.im), build.mul(a.im, b.re)),
  };
}

const mapParts = ({ re, im }: ComplexParts, change: (part: Node) => Node): ComplexParts => ({
  re: change(re),
  im: change(im),
});

/** The shape without the pairs. */
function requirePairs(operation: string, argument: string, z: Node): Shape {
  if (z.shape.length >= 2 && z.shape.at(-1) === 2 && typeof z.shape.at(-2) === "number") return z.shape.slice(0, -1);
  throw new RangeError(`${operation}: "${argument}" expected pairs [..., n, 2], got ${formatShape(z.shape)}`);
}
