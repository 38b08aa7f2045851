import { GATES } from "@isthmus/kernels";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { BUILDS, EPS, noise, openArena, type Arena } from "./support.ts";

interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** Around edges of blocks: 128 rows of A, 32 of B, 208 k's and their sixteens; distances of rows that are copied or read in place. */
const products: fc.Arbitrary<Product> = fc.record({
  m: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(128, 129, 260)),
  n: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(63, 64, 65, 100)),
  k: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constantFrom(207, 208, 209, 244, 248, 256, 260, 264, 417, 512, 640)),
});

/** What relu might have left, and what it cannot: all that is not above zero ends the gradient. */
const resultOf = (count: number, density: number, seed: number) =>
  noise(count, seed).map((x, i) => ((x + 1) / 2 < density ? 1 + x : [0, -0, -1, Number.NaN][i % 4]!));

describe.each(BUILDS)("gatedGemm, $title", ({ build, missing }) => {
  let arena: Arena;
  beforeAll(async () => {
    if (!missing) arena = await openArena(build);
  });

  /** C in `count` shares, the last first, where at most `atMost` of y may be not zero for each to be computed by itself. */
  function gated({ m, n, k }: Product, a: Float32Array, b: Float32Array, y: Float32Array, atMost: number, count = 1) {
    const { countNonZero, gatedGemm, gatedGemmScratch } = arena.kernels.exports;
    const [yAt, tally] = [arena.floats(y), arena.words(new Uint32Array(2))];
    countNonZero(yAt, y.length, atMost, tally);
    const scratch = arena.bytes(new Uint8Array(count * gatedGemmScratch(m, n, k)).fill(0xff));
    const operands = [arena.floats(a), arena.floats(b)] as const;
    const c = arena.floats(new Float32Array(m * n).fill(Number.NaN));
    for (let i = count - 1; i >= 0; i--) gatedGemm(m, n, k, ...operands, c, yAt, scratch, tally, (count << 8) | i);
    const result = arena.read(c, m * n);
    arena.release();
    return result;
  }

  it.skipIf(missing)("is the float64 product where relu lets it through, else 0, and writes C alone", () => {
    fc.assert(
      fc.property(products, fc.constantFrom(0, 0.1, 0.5, 1), fc.integer(), (product, density, seed) => {
        const { m, n, k } = product;
        const [a, b, y] = [noise(m * k, seed), noise(n * k, seed + 1), resultOf(m * n, density, seed + 2)];
        gated(product, a, b, y, y.length).forEach((value, at) => {
          const [i, j] = [Math.floor(at / n), at % n];
          const terms = Array.from({ length: k }, (_, p) => a[i * k + p]! * b[j * k + p]!);
          const wanted = y[at]! > 0 ? terms.reduce((sum, term) => sum + term, 0) : 0;
          const size = terms.reduce((sum, term) => sum + Math.abs(term), 0);
          expect(Math.abs(value - wanted)).toBeLessThanOrEqual(y[at]! > 0 ? (k + 2) * EPS * size : 0);
        });
      }),
    );
  });

  it.skipIf(missing)("has the same bits in any number of shares", () => {
    fc.assert(
      fc.property(products, fc.integer({ min: 2, max: 5 }), fc.integer(), (product, count, seed) => {
        const { m, n, k } = product;
        const [a, b, y] = [noise(m * k, seed), noise(n * k, seed + 1), resultOf(m * n, 0.5, seed + 2)];
        const whole = gated(product, a, b, y, y.length);
        expect(gated(product, a, b, y, y.length, count)).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });

  it.skipIf(missing)("is gemm with its gate when more is not zero than may be", () => {
    const product = { m: 37, n: 70, k: 300 };
    const [a, b, y] = [noise(37 * 300, 1), noise(70 * 300, 2), resultOf(37 * 70, 0.5, 3)];
    const { gemm, gemmScratch } = arena.kernels.exports;
    const scratch = arena.bytes(new Uint8Array(gemmScratch(0, 1, 37, 70, 300)));
    const c = arena.floats(new Float32Array(37 * 70));
    gemm(0, 1, 37, 70, 300, arena.floats(a), arena.floats(b), c, arena.floats(y), GATES.reluGrad, scratch);
    const expected = arena.read(c, 37 * 70);
    arena.release();
    for (const count of [1, 3]) expect(gated(product, a, b, y, 10, count)).toEqual(expected);
  });

  it.skipIf(missing).each([NaN, Infinity])("sees %d in B where relu lets it through, and only there", (bad) => {
    const product = { m: 9, n: 40, k: 50 };
    const y = resultOf(9 * 40, 0.5, 1);
    const b = noise(40 * 50, 2);
    b[7 * 50 + 3] = bad;
    const c = gated(product, new Float32Array(9 * 50), b, y, y.length);
    expect(c).toEqual(y.map((value, at) => (at % 40 === 7 && value > 0 ? NaN : 0)));
  });
});
