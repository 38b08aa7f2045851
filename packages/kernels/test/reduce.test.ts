import type { KernelExports } from "@isthmus/kernels";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { BUILDS, EPS, noise, openArena, type Arena } from "./support.ts";

describe.each(BUILDS)("reductions, $title", ({ build, missing }) => {
  let arena: Arena;
  let kernels: KernelExports;
  beforeAll(async () => {
    if (missing) return;
    arena = await openArena(build);
    kernels = arena.kernels.exports;
  });

  function reduce(name: "sum" | "max", x: Float32Array, outer: number, n: number, inner: number): Float32Array {
    const y = arena.floats(new Float32Array(outer * inner).fill(NaN));
    kernels[name](arena.floats(x), y, outer, n, inner);
    const result = arena.read(y, outer * inner);
    arena.release();
    return result;
  }

  /** Within the bound that the kernel states, whatever n is. */
  function expectSums(actual: Float32Array, x: Float32Array, outer: number, n: number, inner: number): void {
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        let sum = 0;
        let size = 0;
        for (let k = 0; k < n; k++) {
          sum += x[(o * n + k) * inner + i]!;
          size += Math.abs(x[(o * n + k) * inner + i]!);
        }
        expect(Math.abs(actual[o * inner + i]! - sum)).toBeLessThanOrEqual(72 * EPS * size);
      }
    }
  }

  const sizes = [
    fc.integer({ min: 0, max: 4 }),
    fc.integer({ min: 0, max: 150 }),
    fc.integer({ min: 1, max: 45 }),
  ] as const;

  it.skipIf(missing)("sum equals the float64 sum for any split of the axes", () => {
    fc.assert(
      fc.property(...sizes, fc.integer(), (outer, n, inner, seed) => {
        const x = noise(outer * n * inner, seed);
        expectSums(reduce("sum", x, outer, n, inner), x, outer, n, inner);
      }),
    );
  });

  it.skipIf(missing).each([
    [1, 1_000_003, 1],
    [1, 250_001, 4],
    [1, 60_007, 17],
    [1, 20_011, 37],
    [3, 5_000, 20],
  ])("sum of [%i, %i, %i] ones and thirds keeps its digits", (outer, n, inner) => {
    const x = new Float32Array(outer * n * inner).fill(1 / 3);
    expectSums(reduce("sum", x, outer, n, inner), x, outer, n, inner);
  });

  it.skipIf(missing).each([1, 3, 16, 21, 37])("sum carries infinities and NaN, width %i", (inner) => {
    const n = 300;
    const x = new Float32Array(n * inner).fill(1);
    x[70 * inner] = Infinity;
    expect(reduce("sum", x, 1, n, inner)[0]).toBe(Infinity);
    x[200 * inner] = -Infinity;
    expect(reduce("sum", x, 1, n, inner)[0]).toBeNaN();
    x[70 * inner] = 1;
    expect(reduce("sum", x, 1, n, inner)[0]).toBe(-Infinity);
  });

  it.skipIf(missing)("max equals Math.max, NaN included", () => {
    const value = fc.oneof(fc.float({ noNaN: true }), fc.constantFrom(NaN, -0, 0));
    fc.assert(
      fc.property(...sizes, fc.array(value, { minLength: 1, maxLength: 30 }), (outer, n, inner, values) => {
        const x = Float32Array.from({ length: outer * n * inner }, (_, i) => values[(i * 31) % values.length]!);
        const expected = Float32Array.from({ length: outer * inner }, (_, at) => {
          const o = Math.floor(at / inner);
          return Array.from({ length: n }, (_unused, k) => x[(o * n + k) * inner + (at % inner)]!).reduce(
            (a, b) => Math.max(a, b),
            -Infinity,
          );
        });
        expect(reduce("max", x, outer, n, inner)).toEqual(expected);
      }),
    );
  });

  it.skipIf(missing)(
    "the greatest of a row is NaN wherever one is, and 0 where there is one beside -0, in rows of any length",
    () => {
      for (let n = 1; n <= 40; n++) {
        for (let at = 0; at < n; at++) {
          const rowWith = (others: number, value: number) => new Float32Array(n).fill(others).with(at, value);
          expect(reduce("max", rowWith(-1, Number.NaN), 1, n, 1)).toEqual(Float32Array.of(Number.NaN));
          expect(reduce("max", rowWith(-0, 0), 1, n, 1)).toEqual(Float32Array.of(0));
          expect(reduce("max", rowWith(-Infinity, -2), 1, n, 1)).toEqual(Float32Array.of(-2));
          const both = rowWith(3, -Infinity).with((at + 1) % n, Infinity);
          expect(reduce("max", both, 1, n, 1)).toEqual(Float32Array.of(Infinity));
          expect(reduce("max", both.with(at, Number.NaN), 1, n, 1)).toEqual(Float32Array.of(Number.NaN));
        }
        expect(reduce("max", new Float32Array(n).fill(-0), 1, n, 1)).toEqual(Float32Array.of(-0));
      }
    },
  );

  it.skipIf(missing)(
    "the same is the greatest of a column, of any number of rows, and its neighbours do not matter",
    () => {
      const inner = 11;
      for (let n = 1; n <= 9; n++) {
        for (const [others, value, greatest] of [
          [-1, NaN, NaN],
          [-0, 0, 0],
          [-0, -0, -0],
          [-Infinity, -2, -2],
          [Infinity, -Infinity, n > 1 ? Infinity : -Infinity],
        ] as const) {
          for (let at = 0; at < n * inner; at++) {
            const column = at % inner;
            const x = Float32Array.from({ length: n * inner }, (_, i) => (i % inner === column ? others : 5));
            const expected = new Float32Array(inner).fill(5).with(column, greatest);
            expect(reduce("max", x.with(at, value), 1, n, inner)).toEqual(expected);
          }
        }
      }
    },
  );
});
