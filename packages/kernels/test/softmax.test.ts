import type { KernelExports } from "@isthmus/kernels";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { BUILDS, EPS, noise, openArena, type Arena } from "./support.ts";

/** log sum e^x of a row, in float64. */
function logSum(row: Float32Array): number {
  const most = row.reduce((a, b) => Math.max(a, b), -Infinity);
  return most + Math.log(row.reduce((sum, value) => sum + Math.exp(value - most), 0));
}

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

describe.each(BUILDS)("softmax and its kin, $title", ({ build, missing }) => {
  let arena: Arena;
  let kernels: KernelExports;
  beforeAll(async () => {
    if (missing) return;
    arena = await openArena(build);
    kernels = arena.kernels.exports;
  });

  const sizes = [
    fc.integer({ min: 0, max: 4 }),
    fc.integer({ min: 1, max: 40 }),
    fc.constantFrom(1, 10, 80),
    fc.integer(),
  ] as const;
  const rowOf = (x: Float32Array, row: number, n: number) => x.subarray(row * n, (row + 1) * n);

  /** Checks y[i] = f(row, i) to `bound(row, i)`, row by row. */
  function expectRows(
    y: Float32Array,
    n: number,
    f: (row: number, i: number) => number,
    bound: (row: number, i: number) => number,
  ): void {
    y.forEach((value, at) => {
      const [row, i] = [Math.floor(at / n), at % n];
      expect(Math.abs(value - f(row, i))).toBeLessThanOrEqual(bound(row, i));
    });
  }

  it.skipIf(missing)("softmax and logSoftmax, also in place", () => {
    fc.assert(
      fc.property(...sizes, (rows, n, scale, seed) => {
        const x = noise(rows * n, seed).map((value) => value * scale);
        const at = arena.floats(x);
        const y = arena.floats(new Float32Array(rows * n).fill(NaN));
        kernels.softmax(at, y, rows, n);
        const sums = Array.from({ length: rows }, (_, row) => logSum(rowOf(x, row, n)));
        const p = (row: number, i: number) => Math.exp(x[row * n + i]! - sums[row]!);
        // x - max is off by half an ulp of at most 2 scale, exp by 2 eps; the sum by 5 eps more, the quotient by 1.
        const relative = (4 * scale + 12) * EPS;
        const soft = arena.read(y, rows * n);
        expectRows(soft, n, p, (row, i) => relative * p(row, i) + 2 ** -149);
        kernels.logSoftmax(at, y, rows, n);
        const log = arena.read(y, rows * n);
        expectRows(
          log,
          n,
          (row, i) => x[row * n + i]! - sums[row]!,
          () => (8 * scale + 12) * EPS,
        );
        kernels.logSoftmax(at, at, rows, n);
        expect(arena.read(at, rows * n)).toEqual(log);
        arena.release();
        const again = arena.floats(x);
        kernels.softmax(again, again, rows, n);
        expect(arena.read(again, rows * n)).toEqual(soft);
        arena.release();
      }),
    );
  });

  it.skipIf(missing)("the gradients, also in place", () => {
    fc.assert(
      fc.property(...sizes, (rows, n, scale, seed) => {
        const g = noise(rows * n, seed).map((value) => value * scale);
        const y = noise(rows * n, seed + 1).map((value) => (1 + value) / 2);
        const [gAt, yAt, dx] = [arena.floats(g), arena.floats(y), arena.floats(new Float32Array(rows * n).fill(NaN))];
        // Sums of n <= 40 products in sixteen lanes, or four: at most 13 roundings of terms up to n scale, then three more.
        const bound = 20 * EPS * n * scale;
        kernels.softmaxGrad(gAt, yAt, dx, rows, n);
        const dots = Array.from({ length: rows }, (_, row) => dot(rowOf(g, row, n), rowOf(y, row, n)));
        const soft = arena.read(dx, rows * n);
        expectRows(
          soft,
          n,
          (row, i) => y[row * n + i]! * (g[row * n + i]! - dots[row]!),
          () => bound,
        );
        kernels.logSoftmaxGrad(gAt, yAt, dx, rows, n);
        const sums = Array.from({ length: rows }, (_, row) => rowOf(g, row, n).reduce((a, b) => a + b, 0));
        expectRows(
          arena.read(dx, rows * n),
          n,
          (row, i) => g[row * n + i]! - Math.exp(y[row * n + i]!) * sums[row]!,
          () => 3 * bound,
        );
        kernels.softmaxGrad(gAt, yAt, gAt, rows, n);
        expect(arena.read(gAt, rows * n)).toEqual(soft);
        arena.release();
      }),
    );
  });

  it.skipIf(missing)("the cross-entropy and its gradient, which may replace the logits", () => {
    fc.assert(
      fc.property(...sizes, (rows, n, scale, seed) => {
        const l = noise(rows * n, seed).map((value) => value * scale);
        const p = noise(rows * n, seed + 1).map((value) => (1 + value) / 2);
        const g = noise(rows, seed + 2);
        const [lAt, pAt, gAt] = [arena.floats(l), arena.floats(p), arena.floats(g)];
        const y = arena.floats(new Float32Array(rows).fill(NaN));
        const sums = Array.from({ length: rows }, (_, row) => logSum(rowOf(l, row, n)));
        const total = Array.from({ length: rows }, (_, row) => rowOf(p, row, n).reduce((a, b) => a + b, 0));
        const bound = (row: number) => (40 * scale + 80) * EPS * (1 + total[row]!);
        kernels.softmaxCrossEntropy(lAt, pAt, y, rows, n);
        // Terms up to 2 scale + log 40, off by (8 scale + 12) eps each as above, in sums of at most 13 roundings. In the call for both, the log of a
        // sum is off by (2 scale + 19) eps, and products up to 2 scale by 15 eps of that.
        const value = (row: number) => total[row]! * sums[row]! - dot(rowOf(p, row, n), rowOf(l, row, n));
        expectRows(arena.read(y, rows), 1, value, bound);
        const [both, slopes] = [rows, rows * n].map((size) => arena.floats(new Float32Array(size + 1).fill(NaN))) as [
          number,
          number,
        ];
        kernels.softmaxCrossEntropyBoth(lAt, pAt, gAt, both, slopes, rows, n);
        expectRows(arena.read(both, rows), 1, value, bound);
        kernels.softmaxCrossEntropyGrad(lAt, pAt, gAt, lAt, rows, n);
        const slope = (row: number, i: number) =>
          g[row]! * (Math.exp(l[row * n + i]! - sums[row]!) * total[row]! - p[row * n + i]!);
        expectRows(arena.read(lAt, rows * n), n, slope, (row) => (4 * scale + 40) * EPS * (1 + total[row]!));
        expect(arena.read(slopes, rows * n)).toEqual(arena.read(lAt, rows * n));
        const again = arena.floats(l);
        kernels.softmaxCrossEntropyBoth(again, pAt, gAt, y, again, rows, n);
        expect(arena.read(y, rows)).toEqual(arena.read(both, rows));
        expect(arena.read(again, rows * n)).toEqual(arena.read(slopes, rows * n));
        expect([arena.read(both + 4 * rows, 1)[0], arena.read(slopes + 4 * rows * n, 1)[0]]).toEqual([NaN, NaN]);
        arena.release();
      }),
    );
  });

  it.skipIf(missing)("standardise and its gradient, also in place", () => {
    fc.assert(
      fc.property(...sizes, (rows, n, scale, seed) => {
        const x = noise(rows * n, seed).map((value) => value * scale + 1);
        const g = noise(rows * n, seed + 1);
        const [xAt, gAt, y] = [arena.floats(x), arena.floats(g), arena.floats(new Float32Array(rows * n).fill(NaN))];
        const epsilon = 0.5;
        const mean = (row: ArrayLike<number>) => Array.from(row).reduce((sum, value) => sum + value, 0) / n;
        const each = Array.from({ length: rows }, (_, row) => {
          const centred = Array.from(rowOf(x, row, n), (value) => value - mean(rowOf(x, row, n)));
          const root = Math.sqrt(mean(centred.map((value) => value * value)) + epsilon);
          const values = centred.map((value) => value / root);
          const own = rowOf(g, row, n);
          const shared = mean(values.map((value, i) => value * own[i]!));
          return { values, slopes: values.map((value, i) => (own[i]! - mean(own) - value * shared) / root) };
        });
        // x and its mean are off by some 15 eps of at most scale + 1, against a root of at least 0.7; |y| <= sqrt(n) < 7.
        const bound = 100 * (scale + 1) * EPS;
        kernels.standardise(xAt, y, rows, n, epsilon);
        const made = arena.read(y, rows * n);
        expectRows(
          made,
          n,
          (row, i) => each[row]!.values[i]!,
          () => bound,
        );
        kernels.standardiseGrad(xAt, gAt, y, rows, n, epsilon);
        const slopes = arena.read(y, rows * n);
        expectRows(
          slopes,
          n,
          (row, i) => each[row]!.slopes[i]!,
          () => 10 * bound,
        );
        kernels.standardiseGrad(xAt, gAt, xAt, rows, n, epsilon);
        expect(arena.read(xAt, rows * n)).toEqual(slopes);
        arena.release();
        const again = arena.floats(x);
        kernels.standardise(again, again, rows, n, epsilon);
        expect(arena.read(again, rows * n)).toEqual(made);
        arena.release();
      }),
    );
  });

  it.skipIf(missing)("long rows keep their digits", () => {
    const n = 100_003;
    const x = new Float32Array(n).fill(3);
    const [at, p, y] = [arena.floats(x), arena.floats(new Float32Array(n).fill(1 / 1024)), arena.floats([NaN])];
    kernels.softmaxCrossEntropy(at, p, y, 1, n);
    const expected = (n / 1024) * Math.log(n);
    expect(Math.abs(arena.read(y, 1)[0]! - expected)).toBeLessThanOrEqual((2 * (68 + n / 256) + 4) * EPS * expected);
    kernels.softmax(at, at, 1, n);
    expect(Math.abs(arena.read(at, 1)[0]! * n - 1)).toBeLessThanOrEqual(80 * EPS);
    arena.release();
  });

  it.skipIf(missing).each([1023, 1024, 1040, 3001])("sums of products are of each with its own, in rows of %i", (n) => {
    const [x, g] = [noise(n, 1), noise(n, 2)];
    const [xAt, gAt, y] = [arena.floats(x), arena.floats(g), arena.floats(new Float32Array(n).fill(NaN))];
    const magnitudes = x.reduce((sum, value, i) => sum + Math.abs(value * g[i]!), 0);
    kernels.softmaxGrad(gAt, xAt, y, 1, n);
    const all = dot(g, x);
    // The sum is off by (68 + n / 256) eps of its terms' magnitudes; a difference and a product follow, of at most |all| + 1.
    const bound = ((68 + n / 256) * magnitudes + 2 * (Math.abs(all) + 1)) * EPS;
    const slope = (_: number, i: number) => x[i]! * (g[i]! - all);
    expectRows(arena.read(y, n), n, slope, () => bound);
    kernels.standardise(xAt, y, 1, n, 0);
    const mean = x.reduce((sum, value) => sum + value, 0) / n;
    const root = Math.sqrt(x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n);
    // The mean is off by 72 eps of at most 1, which moves the root as little, and the root by half of (72 + n / 256) eps; a difference, a root and a
    // quotient follow. Numbers in [-1, 1] have a root of 0.57.
    const standard = (_: number, i: number) => (x[i]! - mean) / root;
    expectRows(arena.read(y, n), n, standard, () => ((72 + 0.5 * (72 + n / 256) + 4) / root) * (1 / root) * EPS);
    arena.release();
  });

  it.skipIf(missing)("many rows have the bits of one at a time", () => {
    const [rows, n] = [700, 13];
    const [l, p, g] = [noise(rows * n, 1).map((value) => 9 * value), noise(rows * n, 2), noise(rows, 3)];
    const [lAt, pAt, gAt] = [arena.floats(l), arena.floats(p), arena.floats(g)];
    const room = (size: number) => arena.floats(new Float32Array(size).fill(NaN));
    const [soft, losses, slopes] = [room(rows * n), room(rows), room(rows * n)];
    const [oneSoft, oneLoss, oneSlopes] = [room(rows * n), room(rows), room(rows * n)];
    kernels.softmax(lAt, soft, rows, n);
    kernels.softmaxCrossEntropyBoth(lAt, pAt, gAt, losses, slopes, rows, n);
    for (let row = 0; row < rows; row++) {
      const [at, one] = [4 * n * row, 4 * row];
      kernels.softmax(lAt + at, oneSoft + at, 1, n);
      kernels.softmaxCrossEntropyBoth(lAt + at, pAt + at, gAt + one, oneLoss + one, oneSlopes + at, 1, n);
    }
    expect(arena.read(soft, rows * n)).toEqual(arena.read(oneSoft, rows * n));
    expect(arena.read(losses, rows)).toEqual(arena.read(oneLoss, rows));
    expect(arena.read(slopes, rows * n)).toEqual(arena.read(oneSlopes, rows * n));
    arena.release();
  });

  it.skipIf(missing)("large logits do not overflow, infinite ones are certain, NaN spreads over its row", () => {
    const rows = [
      [3e38, -3e38, 0],
      [-Infinity, 0, -Infinity],
      [NaN, 0, 1],
      [-3e38, -3e38, -3e38],
    ];
    const y = arena.floats(new Float32Array(12));
    kernels.softmax(arena.floats(rows.flat()), y, 4, 3);
    const third = Math.fround(1 / 3);
    expect([...arena.read(y, 12)]).toEqual([1, 0, 0, 0, 1, 0, NaN, NaN, NaN, third, third, third]);
    const targets = arena.floats([1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1]);
    const [losses, slopes] = [arena.floats(new Float32Array(4)), arena.floats(new Float32Array(12))];
    kernels.softmaxCrossEntropyBoth(
      arena.floats(rows.flat()),
      targets,
      arena.floats([1, 1, 1, 1]),
      losses,
      slopes,
      4,
      3,
    );
    // A target of 0 times an infinite surprise.
    expect([...arena.read(losses, 3)]).toEqual([NaN, NaN, NaN]);
    // The sum is 3, and its logarithm off by 0.9 ulp, which is 2 eps from 1 to 2.
    expect(Math.abs(arena.read(losses, 4)[3]! - Math.log(3))).toBeLessThanOrEqual(1.8 * EPS);
    expect([...arena.read(slopes, 9)]).toEqual([0, 0, 0, 0, 0, 0, NaN, NaN, NaN]);
    arena.release();
  });
});
