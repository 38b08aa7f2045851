/**
 * Which kernels can be divided among threads, and how: over elements, rows or columns that do not know of each other, never within a sum.
 * The bits are then those of the undivided call. A kernel that is not here runs on one thread.
 */
export interface Divisible {
  /** Indices of the arguments whose buffers the kernel writes; it reads the others. */
  readonly writes: readonly number[];
  /** Into how many shares the work can be divided at most. Looks at sizes, not at addresses. */
  readonly pieces: (args: readonly number[]) => number;
  /** The arguments that make share `index` of `count` <= `pieces`. */
  readonly share: (args: readonly number[], index: number, count: number) => readonly number[];
}

/** An extent that can be cut, and what moves along with it. */
interface Axis {
  /** Index of the argument that holds the extent. */
  readonly size: number;
  /** Cuts fall on multiples of this. */
  readonly unit: number;
  /** By how much the argument at an index moves for each element gone by. */
  readonly moves: readonly (readonly [index: number, perElement: number])[];
}

/** Floats in a cache line: two threads that write side by side do not fight for one. */
const LINE = 16;

function divisible(writes: readonly number[], axisOf: (args: readonly number[]) => Axis): Divisible {
  const units = (args: readonly number[], { size, unit }: Axis) => Math.ceil(args[size]! / unit);
  return {
    writes,
    pieces: (args) => units(args, axisOf(args)),
    share(args, index, count) {
      const axis = axisOf(args);
      const edge = (i: number) => Math.min(Math.floor((units(args, axis) * i) / count) * axis.unit, args[axis.size]!);
      const [start, end] = [edge(index), edge(index + 1)];
      const moved = [...args];
      moved[axis.size] = end - start;
      for (const [at, perElement] of axis.moves) moved[at] = args[at]! + perElement * start;
      return moved;
    },
  };
}

/** Float operands in one row: the count follows the last of them. */
const dense = (operands: number, writes: readonly number[]): Divisible =>
  divisible(writes, () => ({
    size: operands,
    unit: LINE,
    moves: Array.from({ length: operands }, (_, index) => [index, 4] as const),
  }));

/** [outer, inner] at `at`, in rows if there are several: dense operands, and others with their strides [outer, inner] at an index. */
const rows = (
  at: number,
  writes: readonly number[],
  denseAt: readonly number[],
  stridedAt: Readonly<Record<number, number>>,
): Divisible =>
  divisible(writes, (args) => {
    const single = args[at] === 1;
    const strided = Object.entries(stridedAt).map(
      ([operand, strides]) => [Number(operand), 4 * args[single ? strides + 1 : strides]!] as const,
    );
    const step = single ? 4 : 4 * args[at + 1]!;
    const moves = [...denseAt.map((operand) => [operand, step] as const), ...strided];
    return single ? { size: at + 1, unit: LINE, moves } : { size: at, unit: 1, moves };
  });

const binary = rows(3, [2], [2], { 0: 5, 1: 7 });
const unaryGrad = rows(3, [2], [1, 2], { 0: 5 });

/** [outer, n, inner]: by outer index if there are several, else by columns. */
const reduction: Divisible = (() => {
  const cut = divisible([1], (args) => {
    const [, , outer, n, inner, rowStride] = args as [number, number, number, number, number, number];
    if (outer === 1)
      return {
        size: 4,
        unit: LINE,
        moves: [
          [0, 4],
          [1, 4],
        ],
      };
    return {
      size: 2,
      unit: 1,
      moves: [
        [0, 4 * n * rowStride],
        [1, 4 * inner],
      ],
    };
  });
  const withStride = (args: readonly number[]) => args.with(5, args[4]!);
  return { ...cut, share: (args, index, count) => cut.share(withStride(args), index, count) };
})();

/** x, y, four sizes, four strides: along the outermost axis that is one; four rows of a transpose belong together. */
const strided = divisible([1], (args) => {
  const sizes = args.slice(2, 6);
  const axis = Math.max(
    sizes.findIndex((size) => size > 1),
    0,
  );
  const inside = sizes.slice(axis + 1).reduce((product, size) => product * size, 1);
  return {
    size: 2 + axis,
    unit: [1, 1, 4, LINE][axis]!,
    moves: [
      [0, 4 * args[6 + axis]!],
      [1, 4 * inside],
    ],
  };
});

/** Blocks of four numbers are independent; the last argument is the first block's number. */
const random = divisible([0], () => ({
  size: 1,
  unit: LINE,
  moves: [
    [0, 4],
    [5, 1 / 4],
  ],
}));

/** The kernel cuts along tiles itself; fewer than four rows it does not cut. */
const gemm: Divisible = {
  writes: [7, 10],
  pieces: ([, , m, n]) => (m! < 4 ? 1 : Math.ceil(Math.max(m!, n!) / 8)),
  share: (args, index, count) => args.with(11, count * 256 + index),
};

/**
 * The kernel deals out groups of eight rows, or of sixteen columns where there are twice as many columns; without the zeros of B groups of eight
 * columns, and a share may be without.
 */
const sparseGemm: Divisible = {
  writes: [6, 9],
  pieces: ([, m, n]) => Math.ceil(n! >= 2 * m! ? n! / 16 : m! / 8),
  share: (args, index, count) => args.with(12, count * 256 + index),
};

/** The kernel deals out rows, a share may be without; or it is `gemm`, and cuts as that does. */
const gatedGemm: Divisible = {
  writes: [5, 7],
  pieces: ([m, n]) => Math.ceil(Math.max(m!, n!) / 8),
  share: (args, index, count) => args.with(9, count * 256 + index),
};

/** The kernel cuts each segment of its table; a share of a short one may be empty. */
const optimiser: Divisible = {
  writes: [0],
  pieces: () => 255,
  share: (args, index, count) => args.with(3, count * 256 + index),
};

const each = (names: string, how: Divisible): Record<string, Divisible> =>
  Object.fromEntries(names.split(" ").map((name) => [name, how]));

/** By kernel. */
export const divisibles: Readonly<Record<string, Divisible>> = {
  ...each(
    "neg abs sign step exp expm1 log log1p sqrt square sigmoid tanh softplus relu erf round castI32",
    dense(2, [1]),
  ),
  ...each("add sub mul div maximum minimum greater equal", binary),
  ...each("reluGrad sigmoidGrad tanhGrad", unaryGrad),
  ...each("sum max", reduction),
  ...each("randomUniform randomNormal", random),
  sigmoidCrossEntropy: dense(3, [2]),
  sigmoidCrossEntropyGrad: rows(4, [3], [0, 1, 3], { 2: 6 }),
  sigmoidCrossEntropyBoth: divisible([3, 4], () => ({
    size: 5,
    unit: LINE,
    moves: [0, 1, 3, 4].map((operand) => [operand, 4] as const),
  })),
  select: dense(4, [3]),
  ...each("sgd sgdMomentum sgdNesterov rmsProp adam adamW", optimiser),
  castU8: divisible([1], () => ({
    size: 2,
    unit: LINE,
    moves: [
      [0, 1],
      [1, 4],
    ],
  })),
  copy: divisible([1], () => ({
    size: 2,
    unit: 4 * LINE,
    moves: [
      [0, 1],
      [1, 1],
    ],
  })),
  fill: divisible([0], () => ({ size: 2, unit: LINE, moves: [[0, 4]] })),
  copyStrided: strided,
  gemm,
  sparseGemm,
  gatedGemm,
};
