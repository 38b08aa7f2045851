import { ACTIVATIONS, GATES } from "@isthmus/kernels";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { BUILDS, EPS, noise, openArena, type Arena } from "./support.ts";

interface Product {
  readonly transA: boolean;
  readonly transB: boolean;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** C and the sum of the terms' magnitudes, in float64. */
function reference({ transA, transB, m, n, k }: Product, a: Float32Array, b: Float32Array, bias?: Float32Array) {
  const c = new Float64Array(m * n);
  const size = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = bias?.[j] ?? 0;
      let magnitude = Math.abs(sum);
      for (let p = 0; p < k; p++) {
        const term = a[transA ? p * m + i : i * k + p]! * b[transB ? j * k + p : p * n + j]!;
        sum += term;
        magnitude += Math.abs(term);
      }
      c[i * n + j] = sum;
      size[i * n + j] = magnitude;
    }
  }
  return { c, size };
}

/** Runs `gemm` between guard words, with C and the scratch full of NaN beforehand. */
function run(arena: Arena, product: Product, a: Float32Array, b: Float32Array, bias?: Float32Array, activation = 0) {
  const { transA, transB, m, n, k } = product;
  const { gemm, gemmScratch } = arena.kernels.exports;
  const scratchBytes = gemmScratch(+transA, +transB, m, n, k);
  const scratch = arena.bytes(new Uint8Array(scratchBytes).fill(0xff));
  const c = arena.floats(new Float32Array(m * n).fill(NaN));
  const biasAt = bias ? arena.floats(bias) : 0;
  gemm(+transA, +transB, m, n, k, arena.floats(a), arena.floats(b), c, biasAt, activation, scratch);
  const result = arena.read(c, m * n);
  arena.release();
  return result;
}

/** Every product is rounded once, every addition once; k + 2 roundings with the bias and the last rounding. */
function expectClose(actual: Float32Array, { c, size }: ReturnType<typeof reference>, k: number): void {
  for (let i = 0; i < actual.length; i++) {
    const tolerance = (k + 2) * EPS * size[i]! + 2 ** -149;
    if (!(Math.abs(actual[i]! - c[i]!) <= tolerance)) {
      expect.fail(`element ${i}: got ${actual[i]}, expected ${c[i]} within ${tolerance}`);
    }
  }
}

/** Sizes at and around the edges of tiles (4, 6, 8), direct paths and blocks. */
const edge = fc.oneof(fc.integer({ min: 1, max: 26 }), fc.constantFrom(31, 32, 33, 47, 48, 49, 63, 64, 65, 100));
const depth = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(255, 256, 257, 258, 511, 513, 784));
const flags = { transA: fc.boolean(), transB: fc.boolean() };

describe.each(BUILDS)("gemm, $title", ({ build, missing }) => {
  let arena: Arena;
  beforeAll(async () => {
    if (!missing) arena = await openArena(build);
  });

  it.skipIf(missing)("equals the float64 product for sizes around tile edges, and writes C alone", () => {
    fc.assert(
      fc.property(
        fc.record({ ...flags, m: edge, n: edge, k: depth }),
        fc.boolean(),
        fc.integer(),
        (product, withBias, seed) => {
          const a = noise(product.m * product.k, seed);
          const b = noise(product.k * product.n, seed + 1);
          const bias = withBias ? noise(product.n, seed + 2) : undefined;
          expectClose(run(arena, product, a, b, bias), reference(product, a, b, bias), product.k);
        },
      ),
      { numRuns: 300 },
    );
  });

  it.skipIf(missing).each([
    [128, 400, 784],
    [784, 400, 128],
    [5, 811, 300],
    [300, 403, 5],
    [400, 20, 128],
    [131, 31, 600],
  ])("equals the float64 product at %i x %i x %i, all transposes", (m, n, k) => {
    const a = noise(m * k, 1);
    const b = noise(k * n, 2);
    for (const [transA, transB] of [
      [false, false],
      [false, true],
      [true, false],
      [true, true],
    ] as const) {
      const product = { transA, transB, m, n, k };
      expectClose(run(arena, product, a, b), reference(product, a, b), k);
    }
  });

  it.skipIf(missing).each([NaN, Infinity, -Infinity])("zero times %d is NaN", (bad) => {
    const [m, n, k] = [9, 70, 40];
    const b = new Float32Array(k * n).fill(1);
    b[5 * n + 3] = bad;
    const c = run(arena, { transA: false, transB: false, m, n, k }, new Float32Array(m * k), b);
    expect(c).toEqual(Float32Array.from({ length: m * n }, (_, i) => (i % n === 3 ? NaN : 0)));
  });

  it.skipIf(missing)("applies the elementwise kernel's own bits as activation", () => {
    const { exports } = arena.kernels;
    const names = ["relu", "sigmoid", "tanh", "softplus"] as const;
    fc.assert(
      fc.property(edge, edge, depth, fc.constantFrom(...names), fc.integer(), (m, n, k, name, seed) => {
        const product = { transA: false, transB: false, m, n, k };
        const operands = [noise(m * k, seed), noise(k * n, seed + 1), noise(n, seed + 2)] as const;
        const plain = run(arena, product, ...operands);
        const x = arena.floats(plain);
        exports[name](x, x, plain.length);
        const expected = arena.read(x, plain.length);
        arena.release();
        expect(run(arena, product, ...operands, ACTIVATIONS[name])).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it.skipIf(missing)("takes a gradient through an activation with the elementwise kernel's own bits", () => {
    const { exports } = arena.kernels;
    const names = ["reluGrad", "sigmoidGrad", "tanhGrad"] as const;
    fc.assert(
      fc.property(
        fc.record({ ...flags, m: edge, n: edge, k: depth }),
        fc.constantFrom(...names),
        fc.integer(),
        (product, name, seed) => {
          const { m, n, k } = product;
          const operands = [noise(m * k, seed), noise(k * n, seed + 1)] as const;
          const y = noise(m * n, seed + 2);
          const [g, yAt] = [arena.floats(run(arena, product, ...operands)), arena.floats(y)];
          exports[name](g, yAt, g, m, n, n, 1);
          const expected = arena.read(g, m * n);
          arena.release();
          expect(run(arena, product, ...operands, y, GATES[name])).toEqual(expected);
        },
      ),
      { numRuns: 100 },
    );
  });

  it.skipIf(missing)("of few rows has a gradient through relu with the same bits, wherever it goes through", () => {
    const results = fc.array(fc.constantFrom(-1, -0, 0, Number.NaN, 1e-40, 1, Infinity), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(results, fc.integer({ min: 1, max: 3 }), depth, fc.integer(), (row, m, k, seed) => {
        const n = row.length;
        const product = { transA: false, transB: true, m, n, k };
        const operands = [noise(m * k, seed), noise(k * n, seed + 1)] as const;
        const y = Float32Array.from({ length: m * n }, (_, i) => row[(i + Math.floor(i / n)) % n]!);
        const expected = run(arena, product, ...operands).map((g, i) => (y[i]! > 0 ? g : 0));
        expect(run(arena, product, ...operands, y, GATES.reluGrad)).toEqual(expected);
      }),
    );
  });

  it.skipIf(missing)("gives the same bits for a transposed copy of an operand as for the operand", () => {
    const [m, n, k] = [37, 53, 300];
    const a = noise(m * k, 1);
    const b = noise(k * n, 2);
    const at = Float32Array.from({ length: k * m }, (_, i) => a[(i % m) * k + Math.floor(i / m)]!);
    const bt = Float32Array.from({ length: n * k }, (_, i) => b[(i % k) * n + Math.floor(i / k)]!);
    const expected = run(arena, { transA: false, transB: false, m, n, k }, a, b);
    expect(run(arena, { transA: true, transB: false, m, n, k }, at, b)).toEqual(expected);
    expect(run(arena, { transA: false, transB: true, m, n, k }, a, bt)).toEqual(expected);
    expect(run(arena, { transA: true, transB: true, m, n, k }, at, bt)).toEqual(expected);
  });

  it.skipIf(missing)("of few columns has the bits of one of many", () => {
    const many = 40;
    const shapes = fc.record({
      transA: fc.boolean(),
      m: fc.integer({ min: 20, max: 280 }),
      n: fc.integer({ min: 1, max: 34 }),
      k: fc.constantFrom(20, 32, 100, 257, 300),
    });
    fc.assert(
      fc.property(shapes, fc.integer({ min: 0, max: 4 }), fc.integer(), ({ transA, m, n, k }, activation, seed) => {
        const a = noise(m * k, seed);
        const [rows, biases] = [noise(n * k, seed + 1), noise(n, seed + 2)];
        const extended = (values: Float32Array, length: number) => {
          const longer = new Float32Array(length);
          longer.set(values);
          return longer;
        };
        const product = { transA, transB: true, m, n, k };
        const few = run(arena, product, a, rows, biases, activation);
        const wide = { ...product, n: many };
        const all = run(arena, wide, a, extended(rows, many * k), extended(biases, many), activation);
        expect(few).toEqual(Float32Array.from({ length: m * n }, (_, i) => all[Math.floor(i / n) * many + (i % n)]!));
      }),
      { numRuns: 100 },
    );
  });

  it.skipIf(missing)("is the activated bias when k is 0 and nothing when m or n is", () => {
    const bias = Float32Array.of(-1, 0.5, 2, -3, 4, 5, -6, 7, 8);
    const empty = new Float32Array(0);
    const product = { transA: false, transB: false, m: 2, n: 9, k: 0 };
    const expected = [0, 0.5, 2, 0, 4, 5, 0, 7, 8];
    expect([...run(arena, product, empty, empty, bias, ACTIVATIONS.relu)]).toEqual([...expected, ...expected]);
    expect(run(arena, { ...product, m: 0, k: 3 }, empty, noise(27, 1))).toHaveLength(0);
    expect(run(arena, { ...product, n: 0, k: 3 }, noise(6, 1), empty)).toHaveLength(0);
  });

  it.skipIf(missing)("carries NaN and infinities of A to their rows", () => {
    const a = new Float32Array(5 * 7).fill(1);
    a[1 * 7 + 3] = NaN;
    a[2 * 7 + 6] = Infinity;
    const c = run(arena, { transA: false, transB: false, m: 5, n: 9, k: 7 }, a, new Float32Array(63).fill(1));
    expect(new Set(c.subarray(0, 9))).toEqual(new Set([7]));
    expect(new Set(c.subarray(9, 18))).toEqual(new Set([NaN]));
    expect(new Set(c.subarray(18, 27))).toEqual(new Set([Infinity]));
  });
});
