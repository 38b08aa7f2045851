import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type Arena, BUILDS, noise, openArena } from "./support.ts";

interface Product {
  readonly transA: boolean;
  readonly transB: boolean;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly activation: number;
}

interface Operands {
  readonly a: Float32Array;
  readonly b: Float32Array;
  readonly bias?: Float32Array | undefined;
}

interface Way {
  /** So many elements of A may not be zero; by default all. */
  readonly atMost?: number;
  /** So many of B; by default it is not counted. */
  readonly atMostOfB?: number;
  /** Shares. */
  readonly count?: number;
}

/** Noise of which about `density` is kept; what is not is zero, some of it negative zero. */
function sparseNoise(n: number, density: number, seed: number): Float32Array {
  const where = noise(n, seed + 1);
  return noise(n, seed).map((x, i) => (Math.abs(where[i]!) < density ? x : where[i]! < 0 ? -0 : 0));
}

/** Rows at and around groups of four and eight and the most that are listed at once; columns around blocks of 32 and the narrower ones that end a row. */
const rows = fc.oneof(fc.integer({ min: 4, max: 40 }), fc.constantFrom(255, 256, 257, 300));
const columns = fc.oneof(fc.integer({ min: 1, max: 60 }), fc.constantFrom(63, 64, 65, 80, 88, 96, 100));
const depth = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(255, 256, 257, 300, 784));
const products = fc.record({
  transA: fc.boolean(),
  transB: fc.boolean(),
  m: rows,
  n: columns,
  k: depth,
  activation: fc.integer({ min: 0, max: 4 }),
});

describe.each(BUILDS)("sparseGemm, $build", ({ build, missing }) => {
  let arena: Arena;
  beforeAll(async () => {
    if (!missing) arena = await openArena(build);
  });

  /** C by `gemm`, and by `sparseGemm` in `count` shares, the last first, with C and the scratch full of NaN beforehand. */
  function both(product: Product, { a, b, bias }: Operands, { atMost = a.length, atMostOfB, count = 1 }: Way = {}) {
    const { transA, transB, m, n, k, activation } = product;
    const { countNonZero, gemm, gemmScratch, sparseGemm, sparseGemmScratch } = arena.kernels.exports;
    const transposed = +transA + 2 * +transB;
    const room = (bytes: number) => arena.bytes(new Uint8Array(bytes).fill(0xff));
    const [aAt, bAt, biasAt] = [arena.floats(a), arena.floats(b), bias ? arena.floats(bias) : 0];
    const [dense, sparse] = [room(4 * m * n), room(4 * m * n)];
    const [tallyA, tallyB] = [0, 1].map(() => arena.words(new Uint32Array(2))) as [number, number];
    gemm(+transA, +transB, m, n, k, aAt, bAt, dense, biasAt, activation, room(gemmScratch(+transA, +transB, m, n, k)));
    countNonZero(aAt, a.length, atMost, tallyA);
    if (atMostOfB !== undefined) countNonZero(bAt, b.length, atMostOfB, tallyB);
    const tallies = [tallyA, atMostOfB === undefined ? 0 : tallyB] as const;
    const scratch = room(count * sparseGemmScratch(transposed, m, n, k));
    const operands = [aAt, bAt, sparse, biasAt, activation, scratch, ...tallies] as const;
    for (let i = count - 1; i >= 0; i--) sparseGemm(transposed, m, n, k, ...operands, count > 1 ? count * 256 + i : 0);
    const firstInScratch = [...new Uint32Array(arena.kernels.memory.buffer, scratch, 2)];
    const results = { dense: arena.read(dense, m * n), sparse: arena.read(sparse, m * n), firstInScratch };
    arena.release();
    return results;
  }

  const bits = (values: Float32Array) => Buffer.from(values.buffer);

  it.skipIf(missing)("leaves the bits of gemm, in any number of shares, and writes C alone", () => {
    fc.assert(
      fc.property(
        products,
        fc.constantFrom(0, 0.02, 0.2, 0.6, 1),
        fc.boolean(),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(1, 1e-30),
        fc.integer(),
        (product, density, withBias, count, scale, seed) => {
          const a = sparseNoise(product.m * product.k, density, seed).map((x) => x * scale);
          const b = noise(product.k * product.n, seed + 2).map((x) => x * scale);
          const bias = withBias ? noise(product.n, seed + 3).map((x) => (x < -0.5 ? -0 : x)) : undefined;
          const { dense, sparse } = both(product, { a, b, bias }, { count });
          expect(Buffer.compare(bits(sparse), bits(dense))).toBe(0);
        },
      ),
      { numRuns: 200 },
    );
  });

  it.skipIf(missing)("is gemm when more is not zero than may be", () => {
    const product = { transA: true, transB: false, m: 40, n: 30, k: 300, activation: 1 };
    const a = sparseNoise(40 * 300, 0.5, 1);
    const { dense, sparse } = both(product, { a, b: noise(30 * 300, 3) }, { atMost: 10, count: 3 });
    expect(Buffer.compare(bits(sparse), bits(dense))).toBe(0);
  });

  it.skipIf(missing).each([NaN, Infinity, -Infinity])("zero times %d is NaN, wherever in B it is", (bad) => {
    fc.assert(
      fc.property(products, fc.nat(), fc.integer({ min: 1, max: 3 }), (shape, where, count) => {
        const product = { ...shape, activation: 0, k: shape.k + 1 };
        const a = sparseNoise(product.m * product.k, 0.1, 5);
        const b = noise(product.k * product.n, 6);
        b[where % b.length] = bad;
        const { dense, sparse } = both(product, { a, b }, { count });
        expect(sparse).toEqual(dense);
        expect(sparse.some((x) => !Number.isFinite(x))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  describe("for a B that may be mostly zero", () => {
    const turned = fc.record({
      transA: fc.boolean(),
      transB: fc.boolean(),
      m: rows,
      n: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.constantFrom(32, 33, 34, 50)).map((eights) => 8 * eights),
      k: depth,
      activation: fc.constant(0),
    });
    const counts = fc.integer({ min: 1, max: 4 });

    it.skipIf(missing)("leaves the bits of gemm, in any number of shares, and writes C alone", () => {
      fc.assert(
        fc.property(
          turned,
          fc.constantFrom(0, 0.02, 0.2, 0.6, 1),
          counts,
          fc.constantFrom(1, 1e-30),
          fc.integer(),
          (product, density, count, scale, seed) => {
            const a = noise(product.m * product.k, seed).map((x) => x * scale);
            const b = sparseNoise(product.k * product.n, density, seed + 2).map((x) => x * scale);
            const { dense, sparse } = both(product, { a, b }, { atMost: -1, atMostOfB: b.length, count });
            expect(Buffer.compare(bits(sparse), bits(dense))).toBe(0);
          },
        ),
        { numRuns: 200 },
      );
    });

    it.skipIf(missing)("lists what of B is not zero, when A has too few zeros and B enough", () => {
      const product = { transA: true, transB: false, m: 300, n: 96, k: 100, activation: 0 };
      const a = noise(300 * 100, 1);
      const b = new Float32Array(100 * 96);
      b[5 * 96] = 7;
      const listed = [...new Uint32Array(Float32Array.of(7).buffer), 5 * 32 * 4];
      expect(both(product, { a, b }, { atMost: -1, atMostOfB: 1 }).firstInScratch).toEqual(listed);
      expect(both(product, { a, b }, { atMost: -1, atMostOfB: 0 }).firstInScratch).not.toEqual(listed);
      expect(both(product, { a, b }, { atMostOfB: 1 }).firstInScratch).not.toEqual(listed);
    });

    it.skipIf(missing)("leaves the bits of gemm when A has zeros enough as well, and when neither has", () => {
      const product = { transA: true, transB: false, m: 300, n: 96, k: 100, activation: 0 };
      const [a, b] = [sparseNoise(300 * 100, 0.2, 1), sparseNoise(100 * 96, 0.5, 2)];
      for (const way of [{ atMostOfB: b.length }, { atMost: -1, atMostOfB: 10 }]) {
        const { dense, sparse } = both(product, { a, b }, { ...way, count: 3 });
        expect(Buffer.compare(bits(sparse), bits(dense))).toBe(0);
      }
    });

    it.skipIf(missing).each([NaN, Infinity, -Infinity])("zero times %d is NaN, wherever in A it is", (bad) => {
      fc.assert(
        fc.property(turned, fc.nat(), counts, (shape, where, count) => {
          const product = { ...shape, k: shape.k + 1 };
          const a = noise(product.m * product.k, 6);
          const b = sparseNoise(product.k * product.n, 0.1, 5);
          a[where % a.length] = bad;
          const { dense, sparse } = both(product, { a, b }, { atMost: -1, atMostOfB: b.length, count });
          expect(sparse).toEqual(dense);
          expect(sparse.some((x) => !Number.isFinite(x))).toBe(true);
        }),
        { numRuns: 30 },
      );
    });
  });

  describe("sparseRows", () => {
    const few = fc.record({
      m: fc.integer({ min: 1, max: 3 }),
      n: columns,
      k: depth,
      activation: fc.integer({ min: 0, max: 4 }),
    });

    /** C by `gemm`, and by `sparseRows` where `finite` says that B is. */
    function bothRows({ m, n, k, activation }: Omit<Product, "transA" | "transB">, operands: Operands, finite: number) {
      const { a, b, bias } = operands;
      const { countNonZero, gemm, sparseRows } = arena.kernels.exports;
      const [aAt, bAt, biasAt] = [arena.floats(a), arena.floats(b), bias ? arena.floats(bias) : 0];
      const [dense, sparse] = [0, 1].map(() => arena.bytes(new Uint8Array(4 * m * n).fill(0xff))) as [number, number];
      const [tally, flag] = [arena.words(new Uint32Array(2)), arena.words(Uint32Array.of(finite))];
      gemm(0, 0, m, n, k, aAt, bAt, dense, biasAt, activation, 0);
      countNonZero(aAt, a.length, a.length, tally);
      sparseRows(m, n, k, aAt, bAt, sparse, biasAt, activation, tally, flag);
      const results = { dense: arena.read(dense, m * n), sparse: arena.read(sparse, m * n) };
      arena.release();
      return results;
    }

    it.skipIf(missing)("leaves the bits of gemm", () => {
      fc.assert(
        fc.property(
          few,
          fc.constantFrom(0, 0.02, 0.2, 1),
          fc.boolean(),
          fc.integer(),
          (product, density, has, seed) => {
            const a = sparseNoise(product.m * product.k, density, seed);
            const b = noise(product.k * product.n, seed + 2);
            const bias = has ? noise(product.n, seed + 3).map((x) => (x < -0.5 ? -0 : x)) : undefined;
            const { dense, sparse } = bothRows(product, { a, b, bias }, 1);
            expect(Buffer.compare(bits(sparse), bits(dense))).toBe(0);
          },
        ),
        { numRuns: 200 },
      );
    });

    it.skipIf(missing)("does not read what zeros would multiply, unless B may hold what is not finite", () => {
      const product = { m: 2, n: 30, k: 40, activation: 0 };
      const b = noise(30 * 40, 1).fill(NaN, 30 * 8, 30 * 12);
      const a = new Float32Array(2 * 40).fill(1, 0, 4);
      expect(bothRows(product, { a, b }, 1).sparse.every(Number.isFinite)).toBe(true);
      const { dense, sparse } = bothRows(product, { a, b }, 0);
      expect(sparse).toEqual(dense);
      expect(sparse.every(Number.isNaN)).toBe(true);
    });
  });

  it.skipIf(missing)("carries NaN, infinities and denormals of A to their rows", () => {
    const [m, n, k] = [20, 30, 40];
    const a = new Float32Array(m * k);
    a[3] = NaN;
    a[2 * k + 5] = -Infinity;
    a[4 * k + 7] = 2 ** -149;
    const b = new Float32Array(k * n).fill(1);
    const product = { transA: false, transB: false, m, n, k, activation: 0 };
    const expected = new Map([
      [0, NaN],
      [2, -Infinity],
      [4, 2 ** -149],
    ]);
    const wanted = Float32Array.from({ length: m * n }, (_, i) => expected.get(Math.floor(i / n)) ?? 0);
    expect(both(product, { a, b }).sparse).toEqual(wanted);
  });

  it.skipIf(missing)("counts what is not zero", () => {
    const { countNonZero } = arena.kernels.exports;
    const values = fc.array(fc.constantFrom(0, -0, 1, -3, NaN, Infinity, 2 ** -149), { maxLength: 40 });
    fc.assert(
      fc.property(values, fc.nat(40), (x, atMost) => {
        const tally = arena.words(Uint32Array.of(7, 7));
        countNonZero(arena.floats(x), x.length, atMost, tally);
        const found = [...new Uint32Array(arena.kernels.memory.buffer, tally, 2)];
        const count = x.filter((value) => value !== 0).length;
        expect(found).toEqual([count, +(count <= atMost)]);
        arena.release();
      }),
    );
  });
});
