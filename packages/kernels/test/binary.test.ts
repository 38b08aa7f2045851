import type { KernelExports } from "@isthmus/kernels";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { BUILDS, EPS, noise, openArena, type Arena } from "./support.ts";

type Name = "add" | "sub" | "mul" | "div" | "maximum" | "minimum" | "greater" | "equal";
const round = Math.fround;

/** Every one of these is rounded once, so the float32 result is known to the bit. */
const FUNCTIONS: Readonly<Record<Name, (a: number, b: number) => number>> = {
  add: (a, b) => round(a + b),
  sub: (a, b) => round(a - b),
  mul: (a, b) => round(a * b),
  div: (a, b) => round(a / b),
  maximum: Math.max,
  minimum: Math.min,
  greater: (a, b) => (a > b ? 1 : 0),
  equal: (a, b) => (a === b ? 1 : 0),
};
const NAMES = Object.keys(FUNCTIONS) as Name[];

/** How an operand of [outer, inner] is laid out. */
const LAYOUTS = {
  same: { outer: (inner: number) => inner, inner: 1, size: (o: number, i: number) => o * i },
  scalar: { outer: () => 0, inner: 0, size: () => 1 },
  row: { outer: () => 0, inner: 1, size: (_: number, i: number) => i },
  column: { outer: () => 1, inner: 0, size: (o: number) => o },
  padded: { outer: (inner: number) => inner + 3, inner: 1, size: (o: number, i: number) => o * (i + 3) },
} as const;
type Layout = keyof typeof LAYOUTS;

const layout = fc.constantFrom(...(Object.keys(LAYOUTS) as Layout[]));
const outer = fc.integer({ min: 0, max: 9 });
const inner = fc.integer({ min: 0, max: 21 });

function operand(name: Layout, o: number, i: number, seed: number) {
  const { size, outer: outerStride, inner: innerStride } = LAYOUTS[name];
  const values = noise(size(o, i), seed).map((x, at) => (at % 7 === 3 ? 0.25 : x));
  return {
    values,
    outer: outerStride(i),
    inner: innerStride,
    at: (r: number, c: number) => values[r * outerStride(i) + c * innerStride]!,
  };
}

function table(o: number, i: number, element: (row: number, column: number) => number): Float32Array {
  return Float32Array.from({ length: o * i }, (_, at) => element(Math.floor(at / i), at % i));
}

describe.each(BUILDS)("binary kernels, $title", ({ build, missing }) => {
  let arena: Arena;
  let kernels: KernelExports;
  beforeAll(async () => {
    if (missing) return;
    arena = await openArena(build);
    kernels = arena.kernels.exports;
  });

  it.skipIf(missing).each(NAMES)("%s broadcasts every layout against every other", (name) => {
    fc.assert(
      fc.property(layout, layout, outer, inner, fc.integer(), (left, right, o, i, seed) => {
        const a = operand(left, o, i, seed);
        const b = operand(right, o, i, seed + 1);
        const y = arena.floats(new Float32Array(o * i).fill(NaN));
        kernels[name](arena.floats(a.values), arena.floats(b.values), y, o, i, a.outer, a.inner, b.outer, b.inner);
        expect(arena.read(y, o * i)).toEqual(table(o, i, (r, c) => FUNCTIONS[name](a.at(r, c), b.at(r, c))));
        arena.release();
      }),
      { numRuns: 200 },
    );
  });

  it.skipIf(missing).each(NAMES)("%s may overwrite a dense operand", (name) => {
    const a = noise(35, 1);
    const b = noise(7, 2);
    const at = arena.floats(a);
    kernels[name](at, arena.floats(b), at, 5, 7, 7, 1, 0, 1);
    expect(arena.read(at, 35)).toEqual(a.map((x, i) => FUNCTIONS[name](x, b[i % 7]!)));
    arena.release();
  });

  it.skipIf(missing).each(NAMES)("%s keeps IEEE's rules for NaN, infinities and signed zeros", (name) => {
    const specials = [0, -0, 1, -1, 2 ** -149, 2 ** 127, Infinity, -Infinity, NaN];
    const a = Float32Array.from(specials.flatMap((x) => specials.map(() => x)));
    const b = Float32Array.from(specials.flatMap(() => specials));
    const y = arena.floats(new Float32Array(a.length));
    kernels[name](arena.floats(a), arena.floats(b), y, 1, a.length, a.length, 1, a.length, 1);
    expect(arena.read(y, a.length)).toEqual(a.map((x, i) => FUNCTIONS[name](x, b[i]!)));
    arena.release();
  });

  const gradients = {
    reluGrad: (g: number, y: number) => (y > 0 ? g : 0),
    sigmoidGrad: (g: number, y: number) => g * y * (1 - y),
    tanhGrad: (g: number, y: number) => g * (1 - y * y),
  };
  it.skipIf(missing).each(Object.keys(gradients) as (keyof typeof gradients)[])(
    "%s for every layout of the cotangent",
    (name) => {
      fc.assert(
        fc.property(layout, outer, inner, fc.integer(), (shape, o, i, seed) => {
          const g = operand(shape, o, i, seed);
          const y = noise(o * i, seed + 1);
          const dx = arena.floats(new Float32Array(o * i).fill(NaN));
          kernels[name](arena.floats(g.values), arena.floats(y), dx, o, i, g.outer, g.inner);
          const expected = table(o, i, (r, c) => gradients[name](g.at(r, c), y[r * i + c]!));
          const actual = arena.read(dx, o * i);
          // at most three roundings of factors no greater than 2, and the reference's own
          for (let k = 0; k < o * i; k++) expect(Math.abs(actual[k]! - expected[k]!)).toBeLessThanOrEqual(8 * EPS);
          arena.release();
        }),
        { numRuns: 100 },
      );
    },
  );

  it.skipIf(missing)("reluGrad is exact: g or 0", () => {
    const g = Float32Array.of(1, 2, -3, 4, NaN, 6);
    const y = Float32Array.of(0, 1e-40, 5, -0, 1, NaN);
    const dx = arena.floats(new Float32Array(6).fill(9));
    kernels.reluGrad(arena.floats(g), arena.floats(y), dx, 1, 6, 6, 1);
    expect([...arena.read(dx, 6)]).toEqual([0, 2, -3, 0, NaN, 0]);
    arena.release();
  });

  it.skipIf(missing)("select takes a where the condition is not zero", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(0, -0, 1, -2, NaN), fc.float(), fc.float()), { maxLength: 30 }),
        (rows) => {
          const [cond, a, b] = [0, 1, 2].map((column) => Float32Array.from(rows, (row) => row[column]!));
          const y = arena.floats(new Float32Array(rows.length).fill(9));
          kernels.select(arena.floats(cond!), arena.floats(a!), arena.floats(b!), y, rows.length);
          expect(arena.read(y, rows.length)).toEqual(a!.map((x, i) => (cond![i] === 0 ? b![i]! : x)));
          arena.release();
        },
      ),
    );
  });
});
