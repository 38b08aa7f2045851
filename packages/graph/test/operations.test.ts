/** Shape rules: what each operation makes of good inputs and how it refuses bad ones. */
import { describe, expect, it } from "vitest";
import { badImages, goodImages } from "./support/image-rules.ts";
import { type DType, GraphBuilder, type JsonObject, operationNamed, operations, type Shape } from "../src/index.ts";

/** Emits `op` on fresh inputs of these shapes and types. */
function emit(op: string, shapes: readonly Shape[], attributes: JsonObject = {}, dtypes: readonly DType[] = []) {
  const build = new GraphBuilder();
  const inputs = shapes.map((shape, i) => build.input(`x${i}`, shape, dtypes[i] ?? "f32"));
  return build.emit(op, inputs, attributes);
}

const unary = [
  "neg",
  "abs",
  "sign",
  "step",
  "exp",
  "expm1",
  "log",
  "log1p",
  "sqrt",
  "square",
  "sigmoid",
  "tanh",
  "softplus",
  "relu",
  "stopGradient",
];
const binary = ["add", "sub", "mul", "div", "maximum", "minimum", "greater", "equal"];
const pairs: Readonly<Record<string, readonly [string, string]>> = {
  ...Object.fromEntries(binary.map((op) => [op, ["a", "b"] as const])),
  reluGrad: ["g", "y"],
  sigmoidGrad: ["g", "y"],
  tanhGrad: ["g", "y"],
  sigmoidCrossEntropy: ["logits", "x"],
};

describe.each(unary)("%s", (op) => {
  it("keeps the shape", () => expect(emit(op, [["batch", 3]])).toMatchObject({ shape: ["batch", 3], dtype: "f32" }));

  it("refuses integers by name", () => {
    expect(() => emit(op, [[3]], {}, ["i32"])).toThrow(
      new TypeError(`${op}: "x" expected f32, got i32; cast it first`),
    );
  });
});

describe.each(Object.entries(pairs))("%s", (op, [a, b]) => {
  const broadcasts: readonly [Shape, Shape, Shape][] = [
    [["batch", 3], [3], ["batch", 3]],
    [
      [2, 1],
      [1, 3],
      [2, 3],
    ],
    [[], ["batch", 1], ["batch", 1]],
    [
      ["batch", 1],
      [1, "batch"],
      ["batch", "batch"],
    ],
  ];

  it.each(broadcasts)("of %j and %j is %j", (left, right, result) => {
    expect(emit(op, [left, right])).toMatchObject({ shape: result, dtype: "f32" });
    expect(emit(op, [right, left]).shape).toEqual(result);
  });

  it("refuses what does not broadcast and what is no float", () => {
    expect(() => emit(op, [[2, 3], [2]])).toThrow(new RangeError(`${op}: shapes [2, 3] and [2] do not broadcast`));
    expect(() =>
      emit(op, [
        ["batch", 3],
        [7, 3],
      ]),
    ).toThrow(`${op}: shapes [batch, 3] and [7, 3] do not broadcast`);
    expect(() => emit(op, [[2], [2]], {}, ["u8"])).toThrow(
      new TypeError(`${op}: "${a}" expected f32, got u8; cast it first`),
    );
    expect(() => emit(op, [[2], [2]], {}, ["f32", "i32"])).toThrow(`${op}: "${b}" expected f32, got i32`);
  });
});

interface Rule {
  readonly op: string;
  readonly shapes: readonly Shape[];
  readonly attributes?: JsonObject;
  readonly dtypes?: readonly DType[];
}
const decay = { decay: 0.9, complement: 0.1 };
const channels = { biases: [0, 5], multipliers: [2 ** 30, 1], negatives: [2 ** 30, 1], shifts: [30, 31] };
const rounding = { ...channels, zero: 0, low: -128, high: 127, table: [] };

const good: readonly (Rule & { readonly shape: Shape; readonly dtype?: DType })[] = [
  { op: "select", shapes: [["batch", 1], [3], []], shape: ["batch", 3] },
  { op: "sum", shapes: [["batch", 3, 4]], attributes: { axes: [0, 2], keepDims: false }, shape: [3] },
  { op: "sum", shapes: [["batch", 3, 4]], attributes: { axes: [1], keepDims: true }, shape: ["batch", 1, 4] },
  { op: "max", shapes: [["batch", 3]], attributes: { axes: [1], keepDims: false }, shape: ["batch"] },
  { op: "reshape", shapes: [["batch", 6]], attributes: { shape: ["batch", 2, 3] }, shape: ["batch", 2, 3] },
  { op: "reshape", shapes: [[4]], attributes: { shape: [2, 2] }, dtypes: ["u8"], shape: [2, 2], dtype: "u8" },
  { op: "broadcastTo", shapes: [[3, 1]], attributes: { shape: ["batch", 3, 2] }, shape: ["batch", 3, 2] },
  { op: "transpose", shapes: [["batch", 2, 3]], attributes: { permutation: [2, 0, 1] }, shape: [3, "batch", 2] },
  {
    op: "matmul",
    shapes: [
      ["batch", 4],
      [4, 2],
    ],
    attributes: { transposeA: false, transposeB: false },
    shape: ["batch", 2],
  },
  {
    op: "matmul",
    shapes: [
      ["batch", 4],
      ["batch", 2],
    ],
    attributes: { transposeA: true, transposeB: false },
    shape: [4, 2],
  },
  {
    op: "matmul",
    shapes: [
      [4, 5],
      [3, 4],
    ],
    attributes: { transposeA: true, transposeB: true },
    shape: [5, 3],
  },
  { op: "cast", shapes: [["batch"]], dtypes: ["u8"], shape: ["batch"] },
  { op: "quantise", shapes: [["batch", 3]], attributes: { scale: 0.5, zero: -128 }, shape: ["batch", 3] },
  { op: "requantise", shapes: [["batch", 2]], attributes: rounding, shape: ["batch", 2] },
  { op: "straightThrough", shapes: [["batch"], ["batch"]], shape: ["batch"] },
  { op: "sigmoidCrossEntropyGrad", shapes: [["batch", 3], [3], ["batch", 1]], shape: ["batch", 3] },
  { op: "adamFirstMoment", shapes: [[2], [2]], attributes: decay, shape: [2] },
  { op: "adamSecondMoment", shapes: [[2], [2]], attributes: decay, shape: [2] },
  { op: "adamWParameter", shapes: [[2], [2], [2], [], [], []], attributes: { epsilon: 1 }, shape: [2] },
  { op: "sgdVelocity", shapes: [[2], [2]], attributes: { momentum: 0.9 }, shape: [2] },
  { op: "sgdParameter", shapes: [[2], [2], []], shape: [2] },
  { op: "nesterovParameter", shapes: [[2], [2], [2], []], attributes: { momentum: 0.9 }, shape: [2] },
  { op: "rmsPropParameter", shapes: [[2], [2], [2], []], attributes: { epsilon: 1 }, shape: [2] },
  { op: "euclideanNorm", shapes: [["batch", 3]], shape: [] },
  { op: "erf", shapes: [["batch", 3]], shape: ["batch", 3] },
  { op: "round", shapes: [["batch", 3]], shape: ["batch", 3] },
  { op: "lowerBound", shapes: [["batch", 3]], attributes: { bound: 1 }, shape: ["batch", 3] },
  {
    op: "gdn",
    shapes: [
      ["batch", 3],
      ["batch", 3],
    ],
    attributes: { inverse: true },
    shape: ["batch", 3],
  },
  { op: "concat", shapes: [["batch", 3]], attributes: { axis: 1 }, shape: ["batch", 3] },
  {
    op: "concat",
    shapes: [
      ["batch", 3],
      ["batch", 1],
      ["batch", 2],
    ],
    attributes: { axis: 1 },
    shape: ["batch", 6],
  },
  { op: "slice", shapes: [[3, "batch"]], attributes: { axis: 0, begin: 1, end: 3 }, shape: [2, "batch"] },
  { op: "pad", shapes: [["batch", 2]], attributes: { axis: 1, before: 0, after: 3 }, shape: ["batch", 5] },
  {
    op: "gather",
    shapes: [
      [4, 2],
      ["batch", 7],
    ],
    dtypes: ["f32", "i32"],
    shape: ["batch", 7, 2],
  },
  { op: "gather", shapes: [[4, 2], []], dtypes: ["f32", "i32"], shape: [2] },
  {
    op: "scatterAdd",
    shapes: [
      ["batch", 7, 2],
      ["batch", 7],
    ],
    attributes: { rows: 4 },
    dtypes: ["f32", "i32"],
    shape: [4, 2],
  },
  { op: "oneHot", shapes: [["batch"]], attributes: { classes: 4 }, dtypes: ["i32"], shape: ["batch", 4] },
  { op: "softmax", shapes: [["batch", 3]], shape: ["batch", 3] },
  { op: "logSoftmax", shapes: [[3]], shape: [3] },
  { op: "standardise", shapes: [["batch", 3]], attributes: { epsilon: 1 }, shape: ["batch", 3] },
  {
    op: "standardiseGrad",
    shapes: [
      ["batch", 3],
      ["batch", 3],
    ],
    attributes: { epsilon: 1 },
    shape: ["batch", 3],
  },
  {
    op: "softmaxGrad",
    shapes: [
      ["batch", 3],
      ["batch", 3],
    ],
    shape: ["batch", 3],
  },
  {
    op: "logSoftmaxGrad",
    shapes: [
      ["batch", 3],
      ["batch", 3],
    ],
    shape: ["batch", 3],
  },
  {
    op: "softmaxCrossEntropy",
    shapes: [
      ["batch", 2, 3],
      ["batch", 2, 3],
    ],
    shape: ["batch", 2],
  },
  {
    op: "softmaxCrossEntropyGrad",
    shapes: [
      ["batch", 3],
      ["batch", 3],
      ["batch", 1],
    ],
    shape: ["batch", 3],
  },
  { op: "adamParameter", shapes: [[2], [2], [2], [], []], attributes: { epsilon: 1e-8 }, shape: [2] },
  {
    op: "randomNormal",
    shapes: [[2], [2]],
    attributes: { shape: ["batch", 5], stream: "s" },
    dtypes: ["i32", "i32"],
    shape: ["batch", 5],
  },
  {
    op: "randomUniform",
    shapes: [[2], [2]],
    attributes: { shape: [5], stream: "s" },
    dtypes: ["i32", "i32"],
    shape: [5],
  },
  { op: "batchSize", shapes: [], shape: [] },
  { op: "constant", shapes: [], attributes: { shape: [2], values: [1, 2] }, shape: [2] },
  { op: "state", shapes: [], attributes: { shape: [2], name: "constructor" }, shape: [2] },
  { op: "input", shapes: [], attributes: { shape: ["batch"], name: "x", dtype: "u8" }, shape: ["batch"], dtype: "u8" },
  ...goodImages,
];

it.each(good)(
  "$op of $shapes with $attributes is $shape",
  ({ op, shapes, attributes, dtypes, shape, dtype = "f32" }) => {
    expect(emit(op, shapes, attributes, dtypes)).toMatchObject({ shape, dtype });
  },
);

const bad: readonly (Rule & { readonly message: string; readonly kind?: "TypeError" })[] = [
  { op: "select", shapes: [[2], [3], [3]], message: "select: shapes [2] and [3] do not broadcast" },
  {
    op: "select",
    shapes: [[2], [2], [2]],
    dtypes: ["u8"],
    kind: "TypeError",
    message: `select: "condition" expected f32, got u8; cast it first`,
  },
  {
    op: "sum",
    shapes: [[2, 3]],
    attributes: { axes: [2], keepDims: false },
    message: `sum: "axes" expected integers in [-2, 2), got 2`,
  },
  {
    op: "sum",
    shapes: [[2, 3]],
    attributes: { axes: [1, 0], keepDims: false },
    message: `sum: "axes" expected distinct axes in ascending order, got [1, 0]`,
  },
  {
    op: "max",
    shapes: [[2, 3]],
    attributes: { axes: [1], keepDims: 1 },
    kind: "TypeError",
    message: `max: "keepDims" expected true or false, got 1`,
  },
  {
    op: "reshape",
    shapes: [["batch", 6]],
    attributes: { shape: [6] },
    message: `reshape: [batch, 6] does not fit "shape" [6]`,
  },
  {
    op: "reshape",
    shapes: [["batch", 6]],
    attributes: { shape: ["batch", 5] },
    message: `reshape: [batch, 6] does not fit "shape" [batch, 5]`,
  },
  {
    op: "reshape",
    shapes: [[6]],
    attributes: { shape: [6, 0] },
    message: `reshape: "shape" expected at most 8 positive integers or "batch", got [6, 0]`,
  },
  {
    op: "broadcastTo",
    shapes: [[3, 2]],
    attributes: { shape: [3, 1] },
    message: `broadcastTo: [3, 2] does not broadcast to "shape" [3, 1]`,
  },
  {
    op: "broadcastTo",
    shapes: [[3]],
    attributes: { shape: [4] },
    message: "broadcastTo: shapes [3] and [4] do not broadcast",
  },
  {
    op: "transpose",
    shapes: [[2, 3]],
    attributes: { permutation: [0, 0] },
    message: `transpose: "permutation" expected each axis of [2, 3] once, got [0, 0]`,
  },
  {
    op: "matmul",
    shapes: [
      [2, 3],
      [2, 3],
    ],
    attributes: { transposeA: false, transposeB: false },
    message: "matmul: inner dimensions of [2, 3] and [2, 3] differ",
  },
  {
    op: "matmul",
    shapes: [[2, 3], [3]],
    attributes: { transposeA: false, transposeB: false },
    message: `matmul: "b" expected rank 2, got [3]`,
  },
  { op: "cast", shapes: [[2]], kind: "TypeError", message: `cast: "x" expected integers, got f32` },
  { op: "straightThrough", shapes: [[2], [3]], message: `straightThrough: "path" expected [2], got [3]` },
  {
    op: "straightThrough",
    shapes: [[2], [2]],
    dtypes: ["f32", "i32"],
    kind: "TypeError",
    message: `straightThrough: "path" expected f32, got i32; cast it first`,
  },
  {
    op: "sigmoidCrossEntropyGrad",
    shapes: [[2], [2], [3]],
    message: "sigmoidCrossEntropyGrad: shapes [2] and [3] do not broadcast",
  },
  {
    op: "adamFirstMoment",
    shapes: [[2], [3, 2]],
    attributes: decay,
    message: `adamFirstMoment: "g" expected [2], got [3, 2]`,
  },
  {
    op: "adamSecondMoment",
    shapes: [[2], [2]],
    attributes: { decay: 0.9 },
    kind: "TypeError",
    message: `adamSecondMoment: "complement" expected a finite number, got undefined`,
  },
  {
    op: "adamParameter",
    shapes: [[2], [2], [2], [1], []],
    attributes: { epsilon: 1 },
    message: `adamParameter: "stepSize" expected [], got [1]`,
  },
  {
    op: "round",
    shapes: [[2]],
    dtypes: ["u8"],
    kind: "TypeError",
    message: `round: "x" expected f32, got u8; cast it first`,
  },
  {
    op: "lowerBound",
    shapes: [[2]],
    attributes: { bound: "low" },
    kind: "TypeError",
    message: `lowerBound: "bound" expected a finite number, got "low"`,
  },
  {
    op: "gdn",
    shapes: [["batch", 2], [2]],
    attributes: { inverse: false },
    message: `gdn: "energy" expected [batch, 2], got [2]`,
  },
  {
    op: "erf",
    shapes: [[2]],
    dtypes: ["u8"],
    kind: "TypeError",
    message: `erf: "x" expected f32, got u8; cast it first`,
  },
  {
    op: "concat",
    shapes: [],
    attributes: { axis: 0 },
    kind: "TypeError",
    message: "concat: expected at least 1 inputs (xs), got 0",
  },
  {
    op: "concat",
    shapes: [[2, 3], [2]],
    attributes: { axis: 0 },
    message: `concat: "xs[1]" expected [2, 3] but for axis 0, got [2]`,
  },
  {
    op: "concat",
    shapes: [
      ["batch", 3],
      ["batch", 3],
    ],
    attributes: { axis: 0 },
    message: `concat: "xs[0]" expected a fixed size along axis 0, got [batch, 3]`,
  },
  { op: "concat", shapes: [[2], [2]], attributes: { axis: 1 }, message: `concat: "axis" expected one of [2], got 1` },
  {
    op: "quantise",
    shapes: [[2]],
    attributes: { scale: 0, zero: 0 },
    message: `quantise: "scale" expected a number above 0, got 0`,
  },
  {
    op: "quantise",
    shapes: [[2]],
    attributes: { scale: 1, zero: 128 },
    message: `quantise: "zero" expected integers in [-128, 127], got 128`,
  },
  {
    op: "requantise",
    shapes: [[3]],
    attributes: rounding,
    message: `requantise: "biases" expected 3 numbers, got 2`,
  },
  {
    op: "requantise",
    shapes: [[2]],
    attributes: { ...rounding, biases: [0, 2 ** 30 + 1] },
    message: `requantise: "biases" expected integers in [-1073741824, 1073741824], got 1073741825`,
  },
  {
    op: "requantise",
    shapes: [[2]],
    attributes: { ...rounding, multipliers: [0.5, 1] },
    message: `requantise: "multipliers" expected integers in [0, 2147483647], got 0.5`,
  },
  {
    op: "requantise",
    shapes: [[2]],
    attributes: { ...rounding, negatives: [-1, 1] },
    message: `requantise: "negatives" expected integers in [0, 2147483647], got -1`,
  },
  {
    op: "requantise",
    shapes: [[2]],
    attributes: { ...rounding, shifts: [16, 30] },
    message: `requantise: "shifts" expected integers in [17, 62], got 16`,
  },
  {
    op: "requantise",
    shapes: [[2]],
    attributes: { ...rounding, low: 2 ** 31 },
    message: `requantise: "low" expected integers in [-2147483648, 2147483647], got 2147483648`,
  },
  {
    op: "requantise",
    shapes: [[2]],
    attributes: { ...rounding, low: 3, high: 2 },
    message: `requantise: "low" expected at most "high", 2, got 3`,
  },
  {
    op: "requantise",
    shapes: [[2]],
    attributes: { ...rounding, table: [1, 2] },
    message: `requantise: "table" expected 256 numbers or none, got 2`,
  },
  {
    op: "requantise",
    shapes: [[2]],
    attributes: { ...rounding, table: Array.from({ length: 256 }, () => 128) },
    message: `requantise: "table" expected integers in [-128, 127], got 128`,
  },
  {
    op: "concat",
    shapes: [[2], [2]],
    attributes: { axis: -1 },
    message: `concat: "axis" expected an integer that is not negative, got -1`,
  },
  {
    op: "slice",
    shapes: [[4]],
    attributes: { axis: 0, begin: 2, end: 2 },
    message: `slice: "begin" and "end" expected 0 <= begin < end <= 4, got 2 and 2`,
  },
  {
    op: "slice",
    shapes: [[4]],
    attributes: { axis: 0, begin: 2, end: 5 },
    message: `slice: "begin" and "end" expected 0 <= begin < end <= 4, got 2 and 5`,
  },
  {
    op: "pad",
    shapes: [["batch"]],
    attributes: { axis: 0, before: 1, after: 0 },
    message: `pad: "x" expected a fixed size along axis 0, got [batch]`,
  },
  {
    op: "pad",
    shapes: [[1]],
    attributes: { axis: 0, before: -1, after: 0 },
    message: `pad: "before" expected an integer that is not negative, got -1`,
  },
  {
    op: "gather",
    shapes: [["batch", 2], [3]],
    dtypes: ["f32", "i32"],
    message: `gather: "table" expected two fixed sizes, got [batch, 2]`,
  },
  { op: "gather", shapes: [[4, 2], [3]], kind: "TypeError", message: `gather: "ids" expected i32, got f32` },
  {
    op: "scatterAdd",
    shapes: [[3, 2], [4]],
    attributes: { rows: 4 },
    dtypes: ["f32", "i32"],
    message: `scatterAdd: "values" expected [4, a fixed size], got [3, 2]`,
  },
  {
    op: "scatterAdd",
    shapes: [[3, 2], [3]],
    attributes: { rows: 0 },
    dtypes: ["f32", "i32"],
    message: `scatterAdd: "rows" expected a positive integer, got 0`,
  },
  {
    op: "oneHot",
    shapes: [[3]],
    attributes: { classes: 1.5 },
    dtypes: ["i32"],
    message: `oneHot: "classes" expected a positive integer, got 1.5`,
  },
  {
    op: "oneHot",
    shapes: [[3]],
    attributes: { classes: "3" },
    dtypes: ["i32"],
    kind: "TypeError",
    message: `oneHot: "classes" expected a positive integer, got "3"`,
  },
  { op: "softmax", shapes: [[]], message: `softmax: "x" expected at least rank 1, got []` },
  {
    op: "standardise",
    shapes: [[]],
    attributes: { epsilon: 1 },
    message: `standardise: "x" expected at least rank 1, got []`,
  },
  {
    op: "standardiseGrad",
    shapes: [[3], [1]],
    attributes: { epsilon: 1 },
    message: `standardiseGrad: "g" expected [3], got [1]`,
  },
  { op: "logSoftmax", shapes: [[]], message: `logSoftmax: "x" expected at least rank 1, got []` },
  { op: "softmaxGrad", shapes: [[1], [3]], message: `softmaxGrad: "g" expected [3], got [1]` },
  { op: "logSoftmaxGrad", shapes: [[1], [3]], message: `logSoftmaxGrad: "g" expected [3], got [1]` },
  {
    op: "softmaxCrossEntropy",
    shapes: [["batch", 3], [3]],
    message: `softmaxCrossEntropy: "p" expected [batch, 3], got [3]`,
  },
  {
    op: "softmaxCrossEntropyGrad",
    shapes: [["batch", 3], ["batch", 3], ["batch"]],
    message: `softmaxCrossEntropyGrad: "g" expected [batch, 1], got [batch]`,
  },
  {
    op: "adamWParameter",
    shapes: [[2], [2], [2], [], [], [2]],
    attributes: { epsilon: 1 },
    message: `adamWParameter: "keep" expected [], got [2]`,
  },
  {
    op: "sgdVelocity",
    shapes: [[2], []],
    attributes: { momentum: 1 },
    message: `sgdVelocity: "g" expected [2], got []`,
  },
  { op: "sgdParameter", shapes: [[2], [2], [2]], message: `sgdParameter: "learningRate" expected [], got [2]` },
  {
    op: "nesterovParameter",
    shapes: [[2], [2], [1], []],
    attributes: { momentum: 1 },
    message: `nesterovParameter: "v" expected [2], got [1]`,
  },
  {
    op: "rmsPropParameter",
    shapes: [[2], [1], [2], []],
    attributes: { epsilon: 1 },
    message: `rmsPropParameter: "g" expected [2], got [1]`,
  },
  {
    op: "euclideanNorm",
    shapes: [[2]],
    dtypes: ["i32"],
    kind: "TypeError",
    message: `euclideanNorm: "x" expected f32, got i32; cast it first`,
  },
  {
    op: "randomNormal",
    shapes: [[2], [1]],
    attributes: { shape: [5], stream: "s" },
    dtypes: ["i32", "i32"],
    kind: "TypeError",
    message: `randomNormal: "step" expected i32 [2] (low, high word), got i32 [1]`,
  },
  {
    op: "randomUniform",
    shapes: [[2], [2]],
    attributes: { shape: [5], stream: 1 },
    dtypes: ["i32", "i32"],
    kind: "TypeError",
    message: `randomUniform: "stream" expected a string, got 1`,
  },
  {
    op: "constant",
    shapes: [],
    attributes: { shape: [2], values: [1] },
    message: `constant: "values" expected 2 for [2], got 1`,
  },
  {
    op: "state",
    shapes: [],
    attributes: { shape: ["batch"], name: "w" },
    message: `state: "shape" expected at most 8 positive integers, got ["batch"]`,
  },
  {
    op: "state",
    shapes: [],
    attributes: { shape: [1], name: "__proto__" },
    message: `state: "name" expected a string other than __proto__, got "__proto__"`,
  },
  {
    op: "input",
    shapes: [],
    attributes: { shape: ["batch", "batch"], name: "x", dtype: "f32" },
    message: `input: "shape" expected at most one "batch", got [batch, batch]`,
  },
  {
    op: "input",
    shapes: [],
    attributes: { shape: [1], name: "x", dtype: "f64" },
    message: `input: "dtype" expected f32, i32 or u8, got "f64"`,
  },
  {
    op: "input",
    shapes: [],
    attributes: { shape: [2 ** 30, 2 ** 30], name: "x", dtype: "f32" },
    message: `input: "shape" expected at most 8 positive integers or "batch", got [1073741824, 1073741824]`,
  },
  {
    op: "mul",
    shapes: [
      [2 ** 30, 1],
      [1, 2 ** 30],
    ],
    message: "mul: the result, [1073741824, 1073741824], is too large",
  },
  { op: "exp", shapes: [[2]], attributes: { base: 2 }, kind: "TypeError", message: `exp: has no attribute "base"` },
  { op: "add", shapes: [[2]], kind: "TypeError", message: "add: expected 2 inputs (a, b), got 1" },
  { op: "add", shapes: [[2], [2], [2]], kind: "TypeError", message: "add: expected 2 inputs (a, b), got 3" },
  {
    op: "input",
    shapes: [[2]],
    attributes: { shape: [1], name: "y", dtype: "f32" },
    kind: "TypeError",
    message: "input: expected 0 inputs (), got 1",
  },
  ...badImages,
];

it.each(bad)("$message", ({ op, shapes, attributes, dtypes, message, kind }) => {
  const act = () => emit(op, shapes, attributes, dtypes);
  expect(act).toThrow(kind === "TypeError" ? new TypeError(message) : new RangeError(message));
  expect(act).toThrow(kind === "TypeError" ? TypeError : RangeError);
});

it("every operation is tested with inputs it takes and inputs it refuses", () => {
  const both = [...unary, ...Object.keys(pairs)];
  expect(new Set([...both, ...good.map(({ op }) => op)])).toEqual(new Set(operations.keys()));
  const withoutWrongUse = ["batchSize"];
  expect(new Set([...both, ...withoutWrongUse, ...bad.map(({ op }) => op)])).toEqual(new Set(operations.keys()));
});

it("an unknown operation is refused with the ones there are", () => {
  expect(() => operationNamed("conv")).toThrow(/^unknown operation "conv"; known: input, state, /);
  expect(() => operationNamed("__proto__")).toThrow(RangeError);
  expect(() => operationNamed("constructor")).toThrow(RangeError);
});
