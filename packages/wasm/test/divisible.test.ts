import { loadKernels } from "@isthmus/kernels";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { divisibles } from "../src/threads/divisible.ts";

const KIB = 1024;

/** Addresses of operands, 16 KiB apart; what a kernel overwrites beyond its result shows. */
const at = (operand: number) => 16 * KIB * (operand + 1);

const { exports, memory } = await loadKernels({ build: "simd128", memory: new WebAssembly.Memory({ initial: 4 }) });
const kernels = exports as unknown as Readonly<Record<string, (...args: readonly number[]) => void>>;

/** Where the segments of an optimiser are listed: three that have gradient, parameter and slots in the first four operands. */
const TABLE = at(11);

const count = fc.integer({ min: 1, max: 1000 });
const small = fc.integer({ min: 1, max: 30 });
/** Outer and inner strides of an operand of two loops: dense, a row, a column, one element. */
const layout = fc.constantFrom("dense", "row", "column", "scalar");
const stridesOf = (how: string, inner: number): number[] =>
  ({ dense: [inner, 1], row: [0, 1], column: [1, 0], scalar: [0, 0] })[how]!;

type Arguments = fc.Arbitrary<readonly number[]>;

const dense = (operands: number): Arguments =>
  count.map((n) => [...Array.from({ length: operands }, (_, i) => at(i)), n]);
const byRows = (before: readonly number[], strided: number): Arguments =>
  fc
    .tuple(
      fc.oneof(small, fc.constant(1)),
      fc.oneof(small, fc.constantFrom(1, 100)),
      fc.array(layout, { minLength: 2 }),
    )
    .map(([outer, inner, how]) => [
      ...before,
      outer,
      inner,
      ...how.slice(0, strided).flatMap((one) => stridesOf(one, inner)),
    ]);
const reduction = fc
  .tuple(fc.constantFrom(1, 1, 2, 5), small, fc.constantFrom(1, 3, 16, 33, 100))
  .map(([outer, n, inner]) => {
    return [at(0), at(1), outer, Math.min(n, Math.floor(4000 / (outer * inner))), inner];
  });
/** Sizes [d0, d1, d2, d3] with the strides of some order of axes. */
const strided = fc
  .tuple(
    fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 4, maxLength: 4 }),
    fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }),
  )
  .map(([sizes, order]) => {
    const strides: number[] = [];
    order.reduce((stride, axis) => ((strides[axis] = stride), stride * sizes[axis]!), 1);
    return [at(0), at(1), ...sizes, ...strides];
  });
const products = fc
  .tuple(fc.boolean(), fc.boolean(), fc.integer({ min: 4, max: 40 }), small, small)
  .map(([transA, transB, m, n, k]) => [Number(transA), Number(transB), m, n, k, at(0), at(1), at(2), at(3), 2, at(4)]);

const unary =
  "neg abs sign step exp expm1 log log1p sqrt square sigmoid tanh softplus relu erf round castI32 castU8".split(" ");
const binary = "add sub mul div maximum minimum greater equal".split(" ");
const each = (names: readonly string[], args: Arguments) => Object.fromEntries(names.map((name) => [name, args]));

const calls: Readonly<Record<string, Arguments>> = {
  ...each(unary, dense(2)),
  ...each(binary, byRows([at(0), at(1), at(2)], 2)),
  ...each(["reluGrad", "sigmoidGrad", "tanhGrad"], byRows([at(0), at(1), at(2)], 1)),
  ...each(["sum", "max"], reduction),
  ...each(
    ["randomUniform", "randomNormal"],
    count.map((n) => [at(0), n, at(1), at(2), 7]),
  ),
  sigmoidCrossEntropy: dense(3),
  sigmoidCrossEntropyGrad: byRows([at(0), at(1), at(2), at(3)], 1),
  sigmoidCrossEntropyBoth: count.map((n) => [at(0), at(1), at(4), at(2), at(3), n]),
  select: dense(4),
  ...each(
    "sgd sgdMomentum sgdNesterov rmsProp adam adamW".split(" "),
    fc.constant([TABLE, 3, at(4), 0, at(5), at(6), at(7)]),
  ),
  copy: count.map((bytes) => [at(0), at(1), bytes]),
  fill: count.map((n) => [at(0), 1.5, n]),
  copyStrided: strided,
  gemm: products,
  // Whatever is in memory says that an operand is mostly zero, as it is not zero itself.
  sparseGemm: fc.oneof(
    products.map(([transA, transB, ...rest]) => [transA! + 2 * transB!, ...rest, at(12), 0]),
    products.map(([transA, transB, m, n, k, a, b, c, , , scratch]) => {
      const columns = Math.max(8, n! & ~7);
      return [transA! + 2 * transB!, m!, columns, k!, a!, b!, c!, 0, 0, scratch!, 0, at(12)];
    }),
  ),
  gatedGemm: products.map(([, , m, n, k]) => [m!, n!, k!, at(0), at(1), at(2), at(3), at(4), at(12)]),
};

/** Positive, but for the operand that nothing takes a root or a logarithm of. */
const beginning = Float32Array.from(
  { length: memory.buffer.byteLength / 4 },
  (_, i) => (Math.abs(Math.sin(i * 12.9898)) + (i % 3) / 2) * (4 * i >= at(3) && 4 * i < at(4) && i % 7 > 3 ? -1 : 1),
);

/** The last one's gradient is a column of 11 times a row of 20. */
const segments = [
  [603, ...[3, 0, 1, 2].map(at), 0, 0],
  [10, ...[3, 0, 1, 2].map((operand) => at(operand) + 4096), 0, 0],
  [220, ...[3, 0, 1, 2].map((operand) => at(operand) + 8192), at(3) + 12_288, 20],
];
new Int32Array(beginning.buffer).set(segments.flat(), TABLE / 4);

/** Everything the call leaves in memory, from the same beginning. */
function after(run: () => void): Uint8Array {
  new Float32Array(memory.buffer).set(beginning);
  run();
  return new Uint8Array(memory.buffer).slice(0, at(4));
}

describe("a divided call", () => {
  it("is tested for every kernel that can be divided", () => {
    expect(Object.keys(calls).sort()).toEqual(Object.keys(divisibles).sort());
  });

  it.each(Object.entries(calls))("%s leaves what the whole leaves, byte for byte", (name, args) => {
    const { pieces, share } = divisibles[name]!;
    fc.assert(
      fc.property(args, fc.integer({ min: 1, max: 4 }), (given, threads) => {
        const padded = Array.from({ length: 13 }, (_, i) => given[i] ?? 0);
        const parts = Math.min(threads, pieces(padded));
        const shares = Array.from({ length: parts }, (_, index) => share(padded, index, parts));
        expect(
          Buffer.compare(
            after(() => shares.reverse().forEach((one) => kernels[name]!(...one))),
            after(() => kernels[name]!(...padded)),
          ),
        ).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it.each(Object.entries(calls))("%s writes the operands that it is said to write, and no other", (name, args) => {
    const { writes } = divisibles[name]!;
    fc.assert(
      fc.property(args, (given) => {
        const before = after(() => {});
        const changed = after(() => kernels[name]!(...given));
        const written = new Set(writes.flatMap((i) => (given[i] === TABLE ? [at(0), at(1), at(2)] : [given[i]])));
        for (let operand = 0; operand < 3; operand++) {
          if (written.has(at(operand))) continue;
          const range = [at(operand), at(operand + 1)] as const;
          expect(Buffer.compare(changed.subarray(...range), before.subarray(...range))).toBe(0);
        }
      }),
      { numRuns: 10 },
    );
  });
});
