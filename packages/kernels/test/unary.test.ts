import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { BUILDS, openArena, ulp, type Arena } from "./support.ts";

type Name =
  | "neg"
  | "abs"
  | "sign"
  | "step"
  | "exp"
  | "expm1"
  | "log"
  | "log1p"
  | "sqrt"
  | "square"
  | "sigmoid"
  | "tanh"
  | "softplus"
  | "relu"
  | "erf"
  | "round";

/** float64 reference and the greatest error seen in sweeps, in ulp of the float32 result (0.5: correctly rounded). */
const FUNCTIONS: Readonly<Record<Name, { f: (x: number) => number; ulps: number }>> = {
  neg: { f: (x) => -x, ulps: 0 },
  abs: { f: Math.abs, ulps: 0 },
  sign: { f: Math.sign, ulps: 0 },
  step: { f: (x) => (x > 0 ? 1 : 0), ulps: 0 },
  exp: { f: Math.exp, ulps: 1 },
  expm1: { f: Math.expm1, ulps: 1.6 },
  log: { f: Math.log, ulps: 0.9 },
  log1p: { f: Math.log1p, ulps: 0.9 },
  sqrt: { f: Math.sqrt, ulps: 0.5 },
  square: { f: (x) => x * x, ulps: 0.5 },
  sigmoid: { f: (x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x))), ulps: 3 },
  tanh: { f: Math.tanh, ulps: 2.5 },
  softplus: { f: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), ulps: 2.1 },
  erf: { f: erf, ulps: 1.3 },
  round: { f: nearestEven, ulps: 0 },
  relu: { f: (x) => (x < 0 ? 0 : x), ulps: 0 },
};
/** Math.round takes halves up. */
function nearestEven(x: number): number {
  const up = Math.round(x);
  return up - x === 0.5 && up % 2 !== 0 ? up - 1 : up;
}

/** Series below 2.5, continued fraction above (Abramowitz, Stegun 1964, 7.1.6 and 7.1.14). */
function erf(x: number): number {
  const t = Math.abs(x);
  if (Number.isNaN(x) || t === 0 || t > 6) return x > 6 ? 1 : x < -6 ? -1 : x;
  let [term, sum, tail] = [t, 0, t];
  for (let n = 1; n < 80; n++) {
    sum += term;
    term *= (2 * t * t) / (2 * n + 1);
  }
  for (let k = 60; k > 0; k--) tail = t + k / 2 / tail;
  const density = Math.exp(-t * t) / Math.sqrt(Math.PI);
  return Math.sign(x) * (t < 2.5 ? 2 * density * sum : 1 - density / tail);
}

const NAMES = Object.keys(FUNCTIONS) as Name[];

const LARGEST = (2 - 2 ** -23) * 2 ** 127;
const SMALLEST = 2 ** -149;
const SMALLEST_NORMAL = 2 ** -126;

function apply(arena: Arena, name: Name, x: Float32Array): Float32Array {
  const at = arena.floats(x);
  const y = arena.floats(new Float32Array(x.length).fill(NaN));
  arena.kernels.exports[name](at, y, x.length);
  const result = arena.read(y, x.length);
  arena.release();
  return result;
}

/** Greatest error in ulp; results that are zero, infinite or NaN must be so exactly, with their sign. */
function worstUlps(f: (x: number) => number, x: Float32Array, y: Float32Array): number {
  let worst = 0;
  for (let i = 0; i < x.length; i++) {
    const expected = f(x[i]!);
    const rounded = Math.fround(expected);
    if (rounded === 0 || !Number.isFinite(rounded)) {
      const nearlyZero = rounded === 0 && expected !== 0 && Math.abs(y[i]!) <= SMALLEST;
      if (!nearlyZero && !Object.is(y[i], rounded)) expect.fail(`f(${x[i]}): got ${y[i]}, expected ${rounded}`);
    } else {
      worst = Math.max(worst, Math.abs(y[i]! - expected) / ulp(expected));
      if (Number.isNaN(y[i])) expect.fail(`f(${x[i]}) is NaN`);
    }
  }
  return worst;
}

/** Every sign, exponent and kind of mantissa: bit patterns 4093 apart (a prime). */
function overAllFloats(): Float32Array {
  const bits = Uint32Array.from({ length: Math.floor(2 ** 32 / 4093) }, (_, i) => i * 4093);
  return new Float32Array(bits.buffer);
}

function between(low: number, high: number, n: number): Float32Array {
  return Float32Array.from({ length: n }, (_, i) => low + ((high - low) * i) / n);
}

describe.each(BUILDS)("unary kernels, $title", ({ build, missing }) => {
  let arena: Arena;
  beforeAll(async () => {
    if (!missing) arena = await openArena(build);
  });

  it.skipIf(missing).each(NAMES)("%s stays within its stated ulps over the whole range", (name) => {
    const { f, ulps } = FUNCTIONS[name];
    for (const x of [overAllFloats(), between(-2.1, 2.1, 200_001), between(-120, 120, 200_001)]) {
      expect(worstUlps(f, x, apply(arena, name, x))).toBeLessThanOrEqual(ulps);
    }
  });

  it.skipIf(missing).each(NAMES)("%s is right for any length, in place, and writes nothing else", (name) => {
    const { f, ulps } = FUNCTIONS[name];
    const values = fc.array(fc.float(), { maxLength: 40 });
    fc.assert(
      fc.property(values, (numbers) => {
        const x = Float32Array.from(numbers);
        const y = apply(arena, name, x);
        expect(worstUlps(f, x, y)).toBeLessThanOrEqual(ulps);
        const at = arena.floats(x);
        arena.kernels.exports[name](at, at, x.length);
        expect(arena.read(at, x.length)).toEqual(y);
        arena.release();
      }),
      { numRuns: 100 },
    );
  });

  const edges: readonly [Name, readonly (readonly [x: number, y: number])[]][] = [
    [
      "neg",
      [
        [0, -0],
        [-0, 0],
        [Infinity, -Infinity],
        [NaN, NaN],
      ],
    ],
    [
      "abs",
      [
        [-0, 0],
        [-Infinity, Infinity],
        [-SMALLEST, SMALLEST],
        [NaN, NaN],
      ],
    ],
    [
      "sign",
      [
        [0, 0],
        [-0, -0],
        [SMALLEST, 1],
        [-SMALLEST, -1],
        [Infinity, 1],
        [-Infinity, -1],
        [NaN, NaN],
      ],
    ],
    [
      "step",
      [
        [0, 0],
        [-0, 0],
        [SMALLEST, 1],
        [-1, 0],
        [Infinity, 1],
        [NaN, 0],
      ],
    ],
    [
      "exp",
      [
        [0, 1],
        [-0, 1],
        [Infinity, Infinity],
        [-Infinity, 0],
        [NaN, NaN],
        [89, Infinity],
        [-104, 0],
        [SMALLEST, 1],
        [LARGEST, Infinity],
        [-LARGEST, 0],
      ],
    ],
    [
      "expm1",
      [
        [0, 0],
        [-0, -0],
        [SMALLEST, SMALLEST],
        [-SMALLEST, -SMALLEST],
        [Infinity, Infinity],
        [-Infinity, -1],
        [NaN, NaN],
        [-LARGEST, -1],
      ],
    ],
    [
      "log",
      [
        [1, 0],
        [0, -Infinity],
        [-0, -Infinity],
        [-SMALLEST, NaN],
        [-Infinity, NaN],
        [Infinity, Infinity],
        [NaN, NaN],
      ],
    ],
    [
      "log1p",
      [
        [0, 0],
        [-0, -0],
        [SMALLEST, SMALLEST],
        [-SMALLEST_NORMAL, -SMALLEST_NORMAL],
        [-1, -Infinity],
        [-1.5, NaN],
        [-Infinity, NaN],
        [Infinity, Infinity],
        [NaN, NaN],
      ],
    ],
    [
      "sqrt",
      [
        [0, 0],
        [-0, -0],
        [4, 2],
        [-1, NaN],
        [Infinity, Infinity],
        [NaN, NaN],
      ],
    ],
    [
      "square",
      [
        [-0, 0],
        [-3, 9],
        [LARGEST, Infinity],
        [-Infinity, Infinity],
        [NaN, NaN],
      ],
    ],
    [
      "sigmoid",
      [
        [0, 0.5],
        [-0, 0.5],
        [Infinity, 1],
        [-Infinity, 0],
        [LARGEST, 1],
        [-LARGEST, 0],
        [NaN, NaN],
      ],
    ],
    [
      "tanh",
      [
        [0, 0],
        [-0, -0],
        [SMALLEST, SMALLEST],
        [-SMALLEST, -SMALLEST],
        [Infinity, 1],
        [-Infinity, -1],
        [NaN, NaN],
      ],
    ],
    [
      "softplus",
      [
        [-Infinity, 0],
        [Infinity, Infinity],
        [LARGEST, LARGEST],
        [-LARGEST, 0],
        [NaN, NaN],
      ],
    ],
    [
      "erf",
      [
        [0, 0],
        [-0, -0],
        [SMALLEST, SMALLEST],
        [-SMALLEST, -SMALLEST],
        [Infinity, 1],
        [-Infinity, -1],
        [LARGEST, 1],
        [NaN, NaN],
      ],
    ],
    [
      "round",
      [
        [0, 0],
        [-0, -0],
        [0.5, 0],
        [-0.5, -0],
        [1.5, 2],
        [2.5, 2],
        [-2.5, -2],
        [8388607.5, 8388608],
        [LARGEST, LARGEST],
        [-Infinity, -Infinity],
        [Infinity, Infinity],
        [NaN, NaN],
      ],
    ],
    [
      "relu",
      [
        [0, 0],
        [-0, -0],
        [-SMALLEST, 0],
        [SMALLEST, SMALLEST],
        [-Infinity, 0],
        [Infinity, Infinity],
        [NaN, NaN],
      ],
    ],
  ];
  it.skipIf(missing).each(edges)("%s at its edges", (name, table) => {
    const x = Float32Array.from(table, ([from]) => from);
    expect([...apply(arena, name, x)]).toEqual(table.map(([, to]) => Math.fround(to)));
  });
});
