import {
  elementCount,
  GraphBuilder,
  type HostArray,
  type Node,
  operations,
  type Shape,
  type Engine,
} from "../../src/index.ts";
import { randomUniform } from "@isthmus/math";
import { describe, expect, it } from "vitest";
import { expectConforms } from "./conforms.ts";
import { imageCases } from "./image-cases.ts";

const BATCH = 3;

/** An operand: its shape and the interval its values come from, [-2, 2) unless said otherwise. */
interface Operand {
  readonly shape: Shape;
  readonly from?: number;
  readonly to?: number;
  /** Round the values, so that some are equal. */
  readonly whole?: boolean;
  readonly dtype?: "f32" | "i32" | "u8";
}

interface Case {
  readonly op: string;
  readonly operands: readonly Operand[];
  readonly body: (build: GraphBuilder, ...operands: Node[]) => Node;
  readonly note?: string;
}

const B = "batch";
const of = (...shape: Shape): Operand => ({ shape });
const within = (from: number, to: number, ...shape: Shape): Operand => ({ shape, from, to });

function valuesOf({ shape, from = -2, to = 2, whole = false, dtype = "f32" }: Operand, index: number): HostArray {
  const uniform = new Float32Array(elementCount(shape, BATCH));
  randomUniform(uniform, { seed: 7, stream: `operand ${index}` });
  const values = uniform.map((x) => (whole ? Math.round(from + (to - from) * x) : from + (to - from) * x));
  if (dtype === "i32") return Int32Array.from(values);
  return dtype === "u8" ? Uint8Array.from(values) : values;
}

/** Shapes an elementwise operation must manage: vector tails, scalars, size-1 axes, a batch in the middle. */
const elementwiseShapes: Shape[] = [[B, 5], [], [1], [1, 7, 1], [2, B, 3], [B, 1], [67]];

const unary = (op: string, from = -2, to = 2): Case[] => [
  ...elementwiseShapes.map((shape): Case => ({
    op,
    operands: [within(from, to, ...shape)],
    body: (build, x) => build.emit(op, [x]),
  })),
  {
    op,
    operands: [within(from, to, B, 1, 3)],
    body: (build, x) => build.emit(op, [build.transpose(build.broadcastTo(x, [B, 4, 3]), [2, 0, 1])]),
    note: "of a view",
  },
];

const broadcasts: [Shape, Shape][] = [
  [[B, 5], [B, 5]],
  [[B, 5], [5]],
  [[5], [B, 5]],
  [[B, 5], []],
  [[], []],
  [[1], [B, 1]],
  [[B, 1], [1, 6]],
  [[B, 1], [B, 9]],
  [[2, 3, 4], [3, 1]],
  [[2, 3, 4], [2, 1, 4]],
  [[2, B, 4], [2, 1, 1]],
  [[2, 1, 4, 2], [1, 3, 1, 2]],
  [[4, 1, 8], [1, 1, 8]],
]; // prettier-ignore

const binary = (op: string, second: Partial<Operand> = {}, first: Partial<Operand> = {}): Case[] => [
  ...broadcasts.map(([a, b]): Case => ({
    op,
    operands: [
      { shape: a, ...first },
      { shape: b, ...second },
    ],
    body: (build, x, y) => build.emit(op, [x, y]),
  })),
  {
    op,
    operands: [
      { shape: [4, 5], ...first },
      { shape: [5, 4], ...second },
    ],
    body: (build, x, y) => build.emit(op, [x, build.transpose(y, [1, 0])]),
    note: "transposed",
  },
  {
    op,
    operands: [
      { shape: [4, 5], ...first },
      { shape: [5], ...second },
    ],
    body: (build, x, y) => build.emit(op, [build.transpose(x, [1, 0]), build.reshape(y, [5, 1])]),
    note: "transposed against a column",
  },
];

const reductions = (op: "sum" | "max"): Case[] =>
  (
    [
      [[B, 7], [1]],
      [[B, 7], [0]],
      [
        [B, 7],
        [0, 1],
      ],
      [[2, B, 5], [1]],
      [
        [2, 3, 5],
        [0, 2],
      ],
      [
        [2, 3, 1, 5],
        [1, 3],
      ],
      [
        [2, 3, 4, 5],
        [0, 2],
      ],
      [
        [1, B, 1],
        [0, 2],
      ],
      [[300], [0]],
      [[1], [0]],
    ] as [Shape, number[]][]
  ).flatMap(([shape, axes]) =>
    [true, false].map((keepDims): Case => ({
      op,
      operands: [of(...shape)],
      body: (build, x) => build.emit(op, [x], { axes, keepDims }),
      note: `over ${axes.join(", ")}${keepDims ? ", kept" : ""}`,
    })),
  );

const products = [false, true].flatMap((transposeA) =>
  [false, true].flatMap((transposeB) =>
    [
      [1, 1, 1],
      [3, 5, 7],
      [8, 17, 33],
    ].map(([m, n, k]): Case => ({
      op: "matmul",
      operands: [transposeA ? of(k!, m!) : of(m!, k!), transposeB ? of(n!, k!) : of(k!, n!)],
      body: (build, a, b) => build.matmul(a, b, { transposeA, transposeB }),
      note: `${transposeA ? "A^T" : "A"} ${transposeB ? "B^T" : "B"}`,
    })),
  ),
);

const noise = (op: "randomUniform" | "randomNormal"): Case[] =>
  elementwiseShapes.map((shape) => ({
    op,
    operands: [
      { shape: [2], dtype: "i32", from: -1e9, to: 1e9 },
      { shape: [2], dtype: "i32", from: 0, to: 1000 },
    ],
    body: (build, seed, step) => build[op](shape, { seed, step, stream: "noise" }),
  }));

const gated = (op: string, y: Partial<Operand>): Case[] => binary(op, y);

const adamDecays = { decay: 0.9, complement: 1 - 0.9 };

/** Updates of optimisers that nothing fuses. */
const optimiserCases: Case[] = [
  {
    op: "adamWParameter",
    operands: [of(5), of(5), within(0, 1, 5), within(1e-3, 1e-2), within(1, 30), within(0.9, 1)],
    body: (b, ...operands) => b.emit("adamWParameter", operands, { epsilon: 1e-8 }),
  },
  {
    op: "sgdVelocity",
    operands: [of(4, 3), of(4, 3)],
    body: (b, v, g) => b.emit("sgdVelocity", [v, g], { momentum: 0.9 }),
  },
  { op: "sgdParameter", operands: [of(7), of(7), within(0, 1)], body: (b, ...all) => b.emit("sgdParameter", all) },
  {
    op: "nesterovParameter",
    operands: [of(7), of(7), of(7), within(0, 1)],
    body: (b, ...all) => b.emit("nesterovParameter", all, { momentum: 0.9 }),
  },
  {
    op: "rmsPropParameter",
    operands: [of(7), of(7), within(0, 1, 7), within(0, 1)],
    body: (b, ...all) => b.emit("rmsPropParameter", all, { epsilon: 1e-3 }),
  },
  ...[1, 7, 8, 13, 67].map((n): Case => ({
    op: "euclideanNorm",
    operands: [of(B, n)],
    body: (b, x) => b.euclideanNorm(x),
  })),
  {
    op: "euclideanNorm",
    operands: [of(B, 5)],
    body: (b, x) => b.euclideanNorm(b.broadcastTo(b.reshape(x, [B, 1, 5]), [B, 2, 5])),
    note: "of a view",
  },
];

/** Lengths around vectors and chunks of sums. */
const rowShapes: Shape[] = [[B, 10], [1], [3], [2, B, 4], [B, 1], [B, 67], [2, 300]];

const rowCases: Case[] = [
  ...["softmax", "logSoftmax"].flatMap((op) =>
    rowShapes.map((shape): Case => ({ op, operands: [within(-30, 30, ...shape)], body: (b, x) => b.emit(op, [x]) })),
  ),
  ...["softmaxGrad", "logSoftmaxGrad"].flatMap((op) =>
    rowShapes.map((shape): Case => ({
      op,
      operands: [of(...shape), within(op === "softmaxGrad" ? 0 : -9, op === "softmaxGrad" ? 1 : 0, ...shape)],
      body: (b, g, y) => b.emit(op, [g, y]),
    })),
  ),
  ...rowShapes.flatMap((shape): Case[] => [
    { op: "standardise", operands: [of(...shape)], body: (b, x) => b.standardise(x, 0.1) },
    {
      op: "standardiseGrad",
      operands: [of(...shape), of(...shape)],
      body: (b, x, g) => b.emit("standardiseGrad", [x, g], { epsilon: 0.1 }),
    },
    {
      op: "softmaxCrossEntropy",
      operands: [within(-9, 9, ...shape), within(0, 1, ...shape)],
      body: (b, l, p) => b.softmaxCrossEntropy(l, p),
    },
    {
      op: "softmaxCrossEntropyGrad",
      operands: [within(-9, 9, ...shape), within(0, 1, ...shape), of(...shape.slice(0, -1), 1)],
      body: (b, l, p, g) => b.emit("softmaxCrossEntropyGrad", [l, p, g]),
    },
  ]),
  {
    op: "softmax",
    operands: [of(B, 5)],
    body: (b, x) => b.softmax(b.transpose(b.broadcastTo(b.reshape(x, [B, 1, 5]), [B, 4, 5]), [2, 0, 1])),
    note: "of a view",
  },
];

const blockShapes: [Shape, number][] = [
  [[B, 5], 1],
  [[7], 0],
  [[3, B, 2], 0],
  [[2, 3, 4], 1],
  [[B, 2, 1, 3], 2],
];

const blockCases: Case[] = blockShapes.flatMap(([shape, axis]): Case[] => {
  const resized = (size: number) => of(...shape.map((dim, i) => (i === axis ? size : dim)));
  const size = shape[axis] as number;
  return [
    { op: "concat", operands: [of(...shape)], body: (b, x) => b.concat([x, x], axis), note: `of itself along ${axis}` },
    {
      op: "concat",
      operands: [resized(1), of(...shape), resized(3)],
      body: (b, ...xs) => b.concat(xs, axis),
      note: `along ${axis}`,
    },
    {
      op: "slice",
      operands: [resized(size + 3)],
      body: (b, x) => b.slice(x, { axis, begin: 1, end: size + 1 }),
      note: `along ${axis}`,
    },
    {
      op: "pad",
      operands: [of(...shape)],
      body: (b, x) => b.pad(x, { axis, before: 2, after: 1 }),
      note: `along ${axis}`,
    },
    {
      op: "pad",
      operands: [of(...shape)],
      body: (b, x) => b.pad(x, { axis, before: 0, after: 3 }),
      note: "at the end",
    },
  ];
});

const ids = (to: number, ...shape: Shape): Operand => ({ shape, from: 0, to, dtype: "i32" });

const idCases: Case[] = [
  ...[1, 4, 7].map((d): Case => ({
    op: "gather",
    operands: [of(5, d), ids(4.9, B, 2)],
    body: (b, x, i) => b.gather(x, i),
  })),
  { op: "gather", operands: [of(5, 3), ids(4.9)], body: (b, x, i) => b.gather(x, i), note: "one id" },
  {
    op: "gather",
    operands: [of(3, 5), ids(4.9, 2, 1)],
    body: (b, x, i) => b.gather(b.transpose(x, [1, 0]), b.broadcastTo(i, [2, 3])),
    note: "of views",
  },
  ...[1, 4, 7].map((d): Case => ({
    op: "scatterAdd",
    operands: [of(B, 2, d), ids(2.9, B, 2)],
    body: (b, x, i) => b.scatterAdd(x, i, 5),
  })),
  { op: "oneHot", operands: [ids(6.9, B, 2)], body: (b, i) => b.oneHot(i, 7) },
  { op: "oneHot", operands: [ids(0.9)], body: (b, i) => b.oneHot(i, 1) },
  {
    op: "oneHot",
    operands: [within(-3, 3, B, 4), ids(3.9, B)],
    body: (b, l, i) => b.softmaxCrossEntropy(l, i),
    note: "under a cross-entropy",
  },
];

const cases: Case[] = [
  ...["neg", "abs", "sign", "step", "square", "sigmoid", "tanh", "softplus", "relu", "stopGradient"].flatMap((op) =>
    unary(op),
  ),
  ...["exp", "expm1"].flatMap((op) => unary(op, -20, 20)),
  ...["log", "sqrt"].flatMap((op) => unary(op, 1e-3, 50)),
  ...unary("log1p", -0.99, 9),
  ...["add", "sub", "mul", "maximum", "minimum"].flatMap((op) => binary(op)),
  ...binary("div", { from: 0.5, to: 2 }),
  ...["greater", "equal"].flatMap((op) => binary(op, { whole: true }, { whole: true })),
  ...reductions("sum"),
  ...reductions("max"),
  ...products,
  {
    op: "matmul",
    operands: [of(B, 4), of(5, 4)],
    body: (b, x, y) => b.matmul(x, b.transpose(y, [1, 0])),
    note: "of a transpose",
  },
  {
    op: "matmul",
    operands: [of(4), of(4, 2)],
    body: (b, x, y) => b.matmul(b.broadcastTo(x, [3, 4]), y),
    note: "of a broadcast",
  },
  ...broadcasts.map(([a, b]): Case => ({
    op: "select",
    operands: [{ shape: b, whole: true, from: 0, to: 1 }, of(...a), of(...b)],
    body: (build, condition, x, y) => build.select(condition, x, y),
  })),
  ...noise("randomUniform"),
  ...noise("randomNormal"),
  { op: "cast", operands: [{ shape: [B, 9], dtype: "u8", from: 0, to: 255 }], body: (b, x) => b.cast(x), note: "u8" },
  {
    op: "cast",
    operands: [{ shape: [B, 9], dtype: "i32", from: -1e9, to: 1e9 }],
    body: (b, x) => b.cast(x),
    note: "i32",
  },
  {
    op: "cast",
    operands: [{ shape: [B, 1], dtype: "u8", from: 0, to: 255 }],
    body: (b, x) => b.cast(b.transpose(b.broadcastTo(x, [B, 4]), [1, 0])),
    note: "of a view of bytes",
  },
  { op: "reshape", operands: [of(B, 6)], body: (b, x) => b.reshape(x, [2, B, 3]) },
  {
    op: "reshape",
    operands: [of(3, 6)],
    body: (b, x) => b.reshape(b.transpose(x, [1, 0]), [2, 9]),
    note: "of a transpose",
  },
  {
    op: "reshape",
    operands: [of(B)],
    body: (b, x) => b.reshape(b.broadcastTo(b.reshape(x, [B, 1]), [B, 4]), [B, 1, 4]),
  },
  { op: "broadcastTo", operands: [of(B, 1)], body: (b, x) => b.broadcastTo(x, [2, B, 5]) },
  { op: "broadcastTo", operands: [of()], body: (b, x) => b.broadcastTo(x, [B, 5]) },
  {
    op: "broadcastTo",
    operands: [of(2, 1, 3, 1, 2)],
    body: (b, x) => b.broadcastTo(x, [2, 4, 3, 1, 2]),
    note: "rank 5",
  },
  { op: "transpose", operands: [of(B, 5)], body: (b, x) => b.transpose(x, [1, 0]) },
  { op: "transpose", operands: [of(2, 3, 4, 5)], body: (b, x) => b.transpose(x, [3, 1, 0, 2]) },
  { op: "transpose", operands: [of(2, 1, 4, 1, 3)], body: (b, x) => b.transpose(x, [4, 3, 0, 1, 2]), note: "rank 5" },
  { op: "straightThrough", operands: [of(B, 2), of(B, 2)], body: (b, x, y) => b.straightThrough(b.square(x), y) },
  { op: "batchSize", operands: [of(B)], body: (b, x) => b.mean(x) },
  { op: "constant", operands: [of(B, 3)], body: (b, x) => b.mul(x, b.constant([3], [0.1, -7, 1e-3])) },
  { op: "input", operands: [of(B, 2)], body: (_, x) => x },
  ...gated("reluGrad", { from: -1, to: 1 }),
  ...gated("sigmoidGrad", { from: 0, to: 1 }),
  ...gated("tanhGrad", { from: -1, to: 1 }),
  ...binary("sigmoidCrossEntropy", { from: 0, to: 1 }, { from: -30, to: 30 }),
  ...broadcasts.map(([a, b]): Case => ({
    op: "sigmoidCrossEntropyGrad",
    operands: [within(-30, 30, ...a), within(0, 1, ...a), of(...b)],
    body: (build, l, x, g) => build.sigmoidCrossEntropyGrad(l, x, g),
  })),
  {
    op: "adamFirstMoment",
    operands: [of(4, 3), of(4, 3)],
    body: (b, m, g) => b.emit("adamFirstMoment", [m, g], adamDecays),
  },
  {
    op: "adamSecondMoment",
    operands: [within(0, 1, 4, 3), of(4, 3)],
    body: (b, v, g) => b.emit("adamSecondMoment", [v, g], adamDecays),
  },
  {
    op: "adamParameter",
    operands: [of(5), of(5), within(0, 1, 5), within(1e-3, 1e-2), within(1, 30)],
    body: (b, ...operands) => b.emit("adamParameter", operands, { epsilon: 1e-8 }),
  },
  ...imageCases,
  ...optimiserCases,
  ...unary("erf", -5, 5),
  ...unary("round", -3, 3),
  { op: "lowerBound", operands: [of(B, 5)], body: (b, x) => b.lowerBound(x, 0.3) },
  ...[false, true].map((inverse): Case => ({
    op: "gdn",
    operands: [of(B, 3, 2, 5), within(0.5, 2, B, 3, 2, 5)],
    body: (b, x, energy) => b.emit("gdn", [x, energy], { inverse }),
    note: inverse ? "inverse" : "",
  })),
  ...rowCases,
  ...blockCases,
  ...idCases,
];

/** Run by `@isthmus/edge`; sums of products of integers have up to 31 bits. */
const integerOperations = ["quantise", "requantise"] as const;

const title = ({ op, operands, note = "" }: Case) =>
  `${op} ${operands.map(({ shape }) => `[${shape.join(", ")}]`).join(" ")} ${note}`.trim();

/** Every operation of the graph, on the engine of the moment. */
export function operationsConform(current: () => Engine): void {
  describe("every operation agrees with the float64 interpreter", () => {
    it.each(cases.map((one) => [title(one), one] as const))("%s", async (_, { operands, body }) => {
      const build = new GraphBuilder();
      const nodes = operands.map(({ shape, dtype }, index) => build.input(`x${index}`, shape, dtype));
      const program = build.program({ outputs: { y: body(build, ...nodes) } });
      const used = operands.map((operand, index) => [`x${index}`, valuesOf(operand, index)] as const);
      const inputs = Object.fromEntries(used.filter(([name]) => name in program.inputs));
      const batched = program.nodes.some(({ shape }) => shape.includes(B));
      await expectConforms(current(), program, { inputs, batch: batched ? BATCH : 1 });
    });

    it("leaves none out but those of integer networks", () => {
      const tried = new Set([...cases.map(({ op }) => op), "state", ...integerOperations]);
      expect([...operations.keys()].filter((op) => !tried.has(op))).toEqual([]);
    });
  });

  describe("what the kernels cannot do is refused by name", () => {
    it.each(integerOperations)("%s, which wants more digits than float32 has", async (op) => {
      const build = new GraphBuilder();
      const channels = { biases: [0], multipliers: [1], negatives: [1], shifts: [30] };
      const attributes = {
        quantise: { scale: 1, zero: 0 },
        requantise: { ...channels, zero: 0, low: 0, high: 1, table: [] },
      };
      const program = build.program({ outputs: { y: build.emit(op, [build.input("x", [B, 1])], attributes[op]) } });
      const compiled = current().compile(program, current().createState({}));
      await expect(compiled).rejects.toMatchObject({ code: "ENGINE_OPERATION", details: { operation: op } });
    });

    it("an operation without a kernel", async () => {
      const build = new GraphBuilder();
      const program = build.program({ outputs: { y: build.neg(build.input("x", [B])) } });
      const [x, y] = program.nodes as [Node, Node];
      const foreign = { ...program, nodes: [x, { ...y, op: "fourier", name: "spectrum" }] };
      const compiled = current().compile(foreign, current().createState({}));
      await expect(compiled).rejects.toMatchObject({ code: "ENGINE_OPERATION", details: { operation: "fourier" } });
      await expect(compiled).rejects.toThrow(/"spectrum".*"fourier".*reference engine/);
    });
  });
}
