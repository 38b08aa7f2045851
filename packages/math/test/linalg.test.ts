import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  composedCholesky,
  composedSolveTriangular,
  diagonal,
  fromNested as a,
  logDetFromCholesky,
  matvec,
  ndArray,
  ndArrayOps as ops,
  toNested,
  transpose,
} from "../src/index.ts";
import type { NdArray } from "../src/index.ts";
import { readFixture } from "./support/fixture.ts";

interface Packed {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Fixture {
  readonly factors: readonly (Record<"a" | "l" | "logDet", Packed> & { readonly condition: number })[];
  readonly solutions: readonly (Record<"l" | "b" | "x", Packed> & {
    readonly transpose: boolean;
    readonly condition: number;
  })[];
  readonly singular: readonly Record<"x" | "values", Packed>[];
}

const fixture = readFixture<Fixture>("linalg");
const unpack = ({ shape, data }: Packed): NdArray => ndArray(shape, Float64Array.from(data));
const EPSILON = 2 ** -52;

function expectWithin(actual: NdArray, expected: NdArray, tolerance: number): void {
  expect(actual.shape).toEqual(expected.shape);
  actual.data.forEach((value, i) => expect(Math.abs(value - expected.data[i]!)).toBeLessThanOrEqual(tolerance));
}

const largest = (x: NdArray): number => Math.max(...ops.abs(x).data);
const size = (x: NdArray): number => x.shape.at(-2)!;

describe("cholesky", () => {
  // Either library's factor is the exact one of a matrix within n eps |a|, and moves by the condition number at most
  // (Higham 2002, theorems 10.3 and 10.8).
  it.each(fixture.factors)("equals NumPy's", (made) => {
    const [given, l] = [unpack(made.a), unpack(made.l)];
    const tolerance = 4 * size(given) * EPSILON * made.condition * largest(l);
    expectWithin(ops.cholesky(given), l, tolerance);
    expectWithin(composedCholesky(ops, given), l, tolerance);
    const logDet = unpack(made.logDet);
    expectWithin(logDetFromCholesky(ops, ops.cholesky(given)), logDet, 8 * size(given) * EPSILON * made.condition);
  });

  it("is undone by the product of the factor with its transpose", () => {
    const entries = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(entries, (data) => {
        const root = ndArray([4, 4], Float64Array.from(data));
        const ridge = ops.constant([4, 4], [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
        const given = ops.add(ops.matmul(root, root, { transposeB: true }), ridge);
        const l = ops.cholesky(given);
        // The residual is small whatever the condition: (n + 1) eps |L||L^T|, whose diagonal is that of the matrix.
        expectWithin(ops.matmul(l, l, { transposeB: true }), given, 5 * EPSILON * largest(given));
        expect(l.data.every((value, i) => i % 4 <= Math.floor(i / 4) || value === 0)).toBe(true);
      }),
    );
  });

  it("reads the lower half only", () => {
    const lower = a([
      [4, Number.NaN],
      [2, 5],
    ]);
    expect(toNested(ops.cholesky(lower))).toEqual([
      [2, 0],
      [1, 2],
    ]);
  });

  it("refuses what is not positive definite, and says where", () => {
    const bad = a([[[1]], [[-1]]]);
    expect(() => ops.cholesky(bad)).toThrow(
      new RangeError(`"cholesky.a" expected positive-definite matrices, got pivot -1 in row 0 of matrix 1`),
    );
    expect(() => ops.cholesky(a([[Number.NaN]]))).toThrow("pivot NaN");
    expect(() => ops.cholesky(a([[1, 2]]))).toThrow('"cholesky.a" expected square matrices [..., n, n], got [1, 2]');
  });
});

describe("solveTriangular", () => {
  // Substitution solves a system within n eps of L, so solutions differ by that times the condition number (theorem 8.5).
  it.each(fixture.solutions)("equals SciPy's, transpose $transpose", (made) => {
    const [l, b, x] = [unpack(made.l), unpack(made.b), unpack(made.x)];
    const options = { transpose: made.transpose };
    const tolerance = 4 * size(l) * EPSILON * made.condition * largest(x);
    expectWithin(ops.solveTriangular(l, b, options), x, tolerance);
    expectWithin(composedSolveTriangular(ops, l, b, options), x, tolerance);
  });

  it("refuses shapes that do not fit, by name", () => {
    const l = ops.constant([2, 1, 1], [1, 2]);
    expect(() => ops.solveTriangular(l, a([[1], [2]]))).toThrow(
      '"solveTriangular.b" expected shape [..., 1, k], got [2, 1]',
    );
    expect(() => ops.solveTriangular(l, a([1]))).toThrow('"solveTriangular.b"');
    expect(() => ops.solveTriangular(l, a([[[1]], [[1]], [[1]]]))).toThrow(
      "leading axes that broadcast with [2], got [3]",
    );
    expect(() => composedSolveTriangular(ops, a([1]), l)).toThrow('"l" expected square matrices');
    expect(() => composedCholesky(ops, a([1]))).toThrow('"a" expected square matrices');
  });
});

describe("singularValues", () => {
  // Either method finds them within a few n eps of the largest.
  it.each(fixture.singular)("equal NumPy's", ({ x, values }) => {
    const expected = unpack(values);
    expectWithin(ops.singularValues(unpack(x)), expected, 8 * Math.max(...x.shape) * EPSILON * largest(expected));
  });

  it("are those of the transpose, and their squares add up to that of all elements", () => {
    const x = unpack(fixture.singular.at(-2)!.x);
    const values = ops.singularValues(x);
    expectWithin(ops.singularValues(transpose(x)), values, 100 * EPSILON * largest(values));
    const [total] = ops.sum(ops.square(x)).data;
    expect(Math.abs(ops.sum(ops.square(values)).data[0]! - total!)).toBeLessThan(100 * EPSILON * total!);
    expect(() => ops.singularValues(a([1]))).toThrow('"singularValues.x"');
  });
});

it("diagonal and matvec, over leading axes", () => {
  const x = a([
    [
      [1, 2],
      [Infinity, 4],
    ],
    [
      [5, 6],
      [7, 8],
    ],
  ]);
  expect(toNested(diagonal(ops, x))).toEqual([
    [1, 4],
    [5, 8],
  ]);
  expect(
    toNested(
      matvec(
        ops,
        a([[1, 2, 3]]),
        a([
          [1, 1, 1],
          [0, 1, -1],
        ]),
      ),
    ),
  ).toEqual([[6], [-1]]);
  expect(() => diagonal(ops, a([[1, 2]]))).toThrow('"x" expected square matrices [..., n, n], got [1, 2]');
  expect(() => matvec(ops, x, 1 as unknown as NdArray)).toThrow('"vector"');
});
