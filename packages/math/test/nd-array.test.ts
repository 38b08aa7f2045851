import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { broadcastTo, fromNested, ndArray, ndArrayOps, reshape, toNested, transpose } from "../src/index.ts";
import type { NdArray, Nested } from "../src/index.ts";
import { expectClose } from "./support/close.ts";
import { readFixture } from "./support/fixture.ts";

interface Packed {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Case {
  readonly op: string;
  readonly args: readonly (Packed | readonly Packed[] | number)[];
  readonly options: { readonly perm?: number[]; readonly shape?: number[] };
  readonly expected: Packed;
  readonly magnitude: readonly number[];
}

const ops = ndArrayOps;
const a = fromNested;

function unpack({ shape, data }: Packed): NdArray {
  return ndArray(shape, Float64Array.from(data));
}

function argument(packed: Case["args"][number]): NdArray | readonly NdArray[] | number {
  if (typeof packed === "number") return packed;
  return "shape" in packed ? unpack(packed) : packed.map(unpack);
}

function run({ op, args, options }: Case): NdArray {
  const [x, ...rest] = args.map(argument) as [NdArray, ...unknown[]];
  if (op === "transpose") return transpose(x, options.perm);
  if (op === "reshape") return reshape(x, options.shape!);
  if (op === "broadcastTo") return broadcastTo(x, options.shape!);
  const method = ops[op as "add"] as (...operands: unknown[]) => NdArray;
  return method(x, ...rest, options);
}

const shapesOf = (packed: Packed | readonly Packed[]): unknown =>
  "shape" in packed ? packed.shape : packed.map(({ shape }) => shape);

describe("against NumPy", () => {
  const { cases } = readFixture<{ cases: readonly Case[] }>("nd-array");

  // Elementwise functions of either library are within a few units in the last place (composites such as the logistic
  // function add up to four of them); pairwise sums of at most 600 terms within 8 + log2(600 / 8) < 15 roundings.
  it.each(
    cases.map((made) => ({
      ...made,
      title: `${made.op} ${JSON.stringify(made.args.map((packed) => (typeof packed === "number" ? packed : shapesOf(packed))))}`,
    })),
  )("$title $options", (made) => {
    const result = run(made);
    expect(result.shape).toEqual(made.expected.shape);
    expectClose(result.data, made.expected.data, made.magnitude, 16);
  });

  it("every operation has a case, but for those tested by hand", () => {
    const byHand = ["scalar", "constant", "shape", "values", "size", "stopGradient"];
    const ofMatrices = ["cholesky", "solveTriangular", "singularValues"]; // linalg.test.ts
    const special = Object.values(readFixture<Record<string, unknown>>("special")).flat() as { readonly f?: string }[];
    const tested = new Set([...cases.map(({ op }) => op), ...special.map(({ f }) => f), ...byHand, ...ofMatrices]);
    expect(Object.keys(ops).filter((op) => !tested.has(op))).toEqual([]);
  });
});

describe("values no table holds", () => {
  it("constant, shape and values", () => {
    const x = ops.constant([2, 1], [3, 4]);
    expect(x).toEqual(a([[3], [4]]));
    expect(ops.shape(x)).toEqual([2, 1]);
    expect(ops.values?.(x)).toEqual(Float64Array.of(3, 4));
  });

  it("scalar, size and stopGradient", () => {
    const x = a([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(ops.scalar(2.5)).toEqual(a(2.5));
    expect(ops.size(x)).toEqual(a(6));
    expect(ops.size(x, [-1])).toEqual(a(3));
    expect(ops.size(x, [0])).toEqual(a(2));
    expect(ops.stopGradient(x)).toEqual(x);
  });

  it("select takes the branch it is told to, though the other is NaN", () => {
    const bad = a([Number.NaN, Number.NaN]);
    expect(toNested(ops.select(a([1, 0]), a([7, Number.NaN]), ops.maximum(bad, a(8))))).toEqual([7, Number.NaN]);
    expect(toNested(ops.select(a([1, -2]), a([7, 8]), bad))).toEqual([7, 8]);
  });

  it("NaN passes through maximum, max and relu", () => {
    const x = a([Number.NaN, 1]);
    expect(toNested(ops.maximum(x, a(0)))).toEqual([Number.NaN, 1]);
    expect(toNested(ops.relu(x))).toEqual([Number.NaN, 1]);
    expect(toNested(ops.max(x))).toBeNaN();
  });

  it("the logistic family neither overflows nor loses its tail", () => {
    const x = a([-800, -700, 700, 800]);
    expect(toNested(ops.sigmoid(x))).toEqual([0, Math.exp(-700), 1, 1]);
    expect(toNested(ops.softplus(x))).toEqual([0, Math.exp(-700), 700, 800]);
    expect(toNested(ops.sigmoidCrossEntropy(a([700, 50, -700]), a([1, 1, 0])))).toEqual([
      Math.exp(-700),
      Math.exp(-50),
      Math.exp(-700),
    ]);
  });

  // A running sum of 2^20 tenths is off by about 1e-6; pairwise, by less than log2(2^20) roundings of the total.
  it("sums pairwise", () => {
    const count = 2 ** 20;
    const total = ops.sum(ndArray([count], new Float64Array(count).fill(0.1))).data;
    expectClose(total, [count * 0.1], [count * 0.1], 20);
  });

  it("an empty sum is 0, an empty mean NaN, an empty max an error", () => {
    expect(toNested(ops.sum(a([])))).toBe(0);
    expect(toNested(ops.mean(a([])))).toBeNaN();
    expect(() => ops.max(a([]))).toThrow(RangeError);
  });
});

describe("properties", () => {
  const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 });
  const arrays = shapes.chain((shape) => {
    const length = shape.reduce((product, dim) => product * dim, 1);
    return fc
      .array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: length, maxLength: length })
      .map((data) => ndArray(shape, Float64Array.from(data)));
  });

  it("fromNested undoes toNested", () => {
    fc.assert(
      fc.property(arrays, (x) => {
        expect(fromNested(toNested(x))).toEqual(x);
      }),
    );
  });

  it("a transpose undone by the inverse permutation is the array", () => {
    const permuted = arrays.chain((x) =>
      fc.tuple(
        fc.constant(x),
        fc.shuffledSubarray(
          x.shape.map((_, axis) => axis),
          { minLength: x.shape.length },
        ),
      ),
    );
    fc.assert(
      fc.property(permuted, ([x, perm]) => {
        const inverse = perm.map((_, axis) => perm.indexOf(axis));
        expect(transpose(transpose(x, perm), inverse)).toEqual(x);
      }),
    );
  });

  it("the sum of a broadcast is the sum times the copies", () => {
    fc.assert(
      fc.property(arrays, fc.integer({ min: 1, max: 5 }), (x, copies) => {
        const total = ops.sum(broadcastTo(x, [copies, ...x.shape])).data[0]!;
        const magnitude = copies * ops.sum(ops.abs(x)).data[0]!;
        expectClose([total], [copies * ops.sum(x).data[0]!], [magnitude], 32);
      }),
    );
  });

  it("no operation changes its arguments", () => {
    fc.assert(
      fc.property(arrays, (x) => {
        const before = structuredClone(x);
        for (const result of [ops.add(x, x), ops.exp(x), ops.sum(x), transpose(x), reshape(x, [x.data.length])]) {
          expect(result.data).toBeInstanceOf(Float64Array);
        }
        expect(x).toEqual(before);
      }),
    );
  });
});

describe("bad arguments are named", () => {
  const x = a([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  const wrong = [1, 2, 3] as unknown as NdArray;

  it.each<[string, () => unknown, ErrorConstructor, string]>([
    [
      "shapes that do not broadcast",
      () => ops.add(x, a([1, 2])),
      RangeError,
      '"add.b" expected a shape that broadcasts with [2, 3], got [2]',
    ],
    ["a third shape", () => ops.select(x, x, a([1, 2])), RangeError, '"select.b"'],
    ["a plain array", () => ops.mul(x, wrong), TypeError, '"mul.b" expected an NdArray, got Array'],
    ["a number", () => ops.exp(1 as unknown as NdArray), TypeError, '"exp.x" expected an NdArray, got Number'],
    ["float32 data", () => ndArray([1], new Float32Array(1) as unknown as Float64Array), TypeError, '"data"'],
    ["a scalar that is none", () => ops.scalar("1" as unknown as number), TypeError, '"value"'],
    ["an axis too far", () => ops.sum(x, { axes: [2] }), RangeError, '"sum.axes" expected integers in [-2, 2), got 2'],
    ["half an axis", () => ops.mean(x, { axes: [0.5] }), RangeError, '"mean.axes"'],
    ["an axis twice", () => ops.max(x, { axes: [0, -2] }), RangeError, '"max.axes"'],
    [
      "a new axis too far",
      () => ops.expandDims(x, 3),
      RangeError,
      '"expandDims.axes" expected integers in [-3, 3), got 3',
    ],
    ["a slice too long", () => ops.slice(x, { axis: 1, begin: 1, end: 4 }), RangeError, '"slice" expected 0 <= begin'],
    ["an empty slice", () => ops.slice(x, { axis: 1, begin: 1, end: 1 }), RangeError, '"slice" expected 0 <= begin'],
    ["nothing to join", () => ops.concat([], 0), RangeError, '"concat.xs"'],
    [
      "a join of two ranks",
      () => ops.concat([x, a([1])], 0),
      RangeError,
      '"concat.xs[1]" expected [2, 3] but for axis 0',
    ],
    ["a join with a number", () => ops.concat([x, 1 as unknown as NdArray], 0), TypeError, '"concat.xs[1]"'],
    ["an infinite constant", () => ops.constant([1], [Infinity]), RangeError, '"values" expected finite numbers'],
    ["a constant of another size", () => ops.constant([2], [1]), RangeError, '"data" expected 2 elements'],
    ["an axis alone", () => ops.size(x, 0 as unknown as number[]), TypeError, '"size.axes"'],
    ["inner sizes", () => ops.matmul(x, x), RangeError, '"matmul.b"'],
    ["a vector as matrix", () => ops.matmul(a([1]), x), RangeError, '"matmul.a" expected rank 2, got shape [1]'],
    [
      "too few elements",
      () => ndArray([2, 2], new Float64Array(3)),
      RangeError,
      '"data" expected 4 elements for [2, 2], got 3',
    ],
    ["a negative size", () => ndArray([-1], new Float64Array(0)), RangeError, '"shape"'],
    ["a reshape", () => reshape(x, [4]), RangeError, '"shape" expected 6 elements as in [2, 3], got [4]'],
    ["a permutation", () => transpose(x, [0, 0]), RangeError, '"perm"'],
    ["a short permutation", () => transpose(x, [0]), RangeError, '"perm"'],
    [
      "a stretch",
      () => broadcastTo(x, [2, 4]),
      RangeError,
      '"x" expected a shape that broadcasts to [2, 4], got [2, 3]',
    ],
    ["a stretch to less", () => broadcastTo(x, [3]), RangeError, '"x"'],
    ["a ragged nest", () => a([[1, 2], [3]]), RangeError, '"nested"'],
    ["a nest of uneven depth", () => a([1, [2]]), RangeError, '"nested"'],
    ["a string in a nest", () => a(["1"] as unknown as Nested), TypeError, '"nested"'],
  ] as never)("%s", (_, act, kind, message) => {
    expect(act).toThrow(kind);
    expect(act).toThrow(message);
  });
});
