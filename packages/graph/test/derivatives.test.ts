/** Derivatives against central differences of the float64 interpreter: first and second, every operation. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  GraphBuilder,
  interpret,
  type JsonObject,
  type Node,
  operationNamed,
  operations,
  type Shape,
  vjp,
} from "../src/index.ts";
import { expectRelative } from "./support/close.ts";
import { imageCases } from "./support/image-cases.ts";
import { BATCH, type Case, checkFirst, checkSecond, inputValues } from "./support/gradients.ts";

const apart = [
  [0.9, -0.4, 0.3, -1.2, 1.6, -0.8],
  [-0.5, 0.7, -1.1, 0.6, 0.2, 1.3],
];
const one = (op: string, positive = false): Case => ({
  name: op,
  shapes: [["batch", 2]],
  positive,
  f: (build, [x]) => build.emit(op, [x!]),
});
const two = (op: string): Case => ({
  name: op,
  shapes: [
    [2, 3],
    [2, 3],
  ],
  f: (build, [a, b]) => build.emit(op, [a!, b!]),
});
const smooth = (op: string, shapes: readonly Shape[], attributes = {}): Case => ({
  name: `${op} ${JSON.stringify({ shapes, ...attributes })}`,
  shapes,
  f: (build, inputs) => build.emit(op, inputs, attributes),
});

const cases: readonly Case[] = [
  ...["neg", "abs", "sign", "exp", "expm1", "square", "sigmoid", "tanh", "softplus", "relu", "step", "round"].map(
    (op) => one(op),
  ),
  ...["log", "log1p", "sqrt"].map((op) => one(op, true)),
  ...["add", "sub", "mul", "div", "sigmoidCrossEntropy", "sigmoidGrad", "tanhGrad", "reluGrad"].map(two),
  ...["maximum", "minimum", "greater", "equal"].map((op): Case => ({ ...two(op), values: apart })),
  {
    name: "select",
    shapes: [
      [2, 3],
      [2, 3],
      [2, 3],
    ],
    differentiated: 2,
    f: (build, [a, b, c]) => build.select(build.greater(c!, build.scalar(0)), a!, b!),
  },
  smooth("sigmoidCrossEntropyGrad", [
    ["batch", 2],
    ["batch", 2],
    ["batch", 2],
  ]),
  smooth("sum", [[2, 3, 4]], { axes: [0, 2], keepDims: false }),
  smooth("sum", [["batch", 3, 1]], { axes: [0], keepDims: true }),
  {
    name: "max",
    shapes: [[2, 3]],
    values: [apart[0]!],
    f: (build, [x]) => build.add(build.max(x!, { axes: [1], keepDims: true }), build.max(x!, { axes: [0] })),
  },
  smooth("reshape", [["batch", 4]], { shape: ["batch", 2, 2] }),
  smooth("broadcastTo", [[3, 1]], { shape: ["batch", 3, 2] }),
  smooth("transpose", [["batch", 2, 3]], { permutation: [2, 0, 1] }),
  ...[false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) =>
      smooth("matmul", [transposeA ? [4, "batch"] : ["batch", 4], transposeB ? [2, 4] : [4, 2]], {
        transposeA,
        transposeB,
      }),
    ),
  ),
  smooth("adamFirstMoment", [[3], [3]], { decay: 0.9, complement: 0.1 }),
  smooth("adamSecondMoment", [[3], [3]], { decay: 0.9, complement: 0.1 }),
  { ...smooth("adamParameter", [[3], [3], [3], [], []], { epsilon: 0.1 }), positive: true },
  ...imageCases,
  { ...smooth("adamWParameter", [[3], [3], [3], [], [], []], { epsilon: 0.1 }), positive: true },
  smooth("sgdVelocity", [[3], [3]], { momentum: 0.9 }),
  smooth("sgdParameter", [[3], [3], []]),
  smooth("nesterovParameter", [[3], [3], [3], []], { momentum: 0.9 }),
  { ...smooth("rmsPropParameter", [[3], [3], [3], []], { epsilon: 0.1 }), positive: true },
  smooth("euclideanNorm", [["batch", 2]]),
  one("erf"),
  // Below the bound a gradient that would raise x passes too, which no difference quotient shows: a test of its own.
  smooth("lowerBound", [["batch", 2]], { bound: -10 }),
  ...[false, true].map((inverse) => ({
    ...smooth(
      "gdn",
      [
        ["batch", 2],
        ["batch", 2],
      ],
      { inverse },
    ),
    positive: true,
  })),
  smooth(
    "concat",
    [
      [2, 1],
      [2, 3],
      [2, 2],
    ],
    { axis: 1 },
  ),
  smooth("slice", [["batch", 4, 2]], { axis: 1, begin: 1, end: 3 }),
  smooth("pad", [["batch", 2]], { axis: 1, before: 2, after: 1 }),
  {
    ...smooth("gather", [
      [4, 2],
      ["batch", 2],
    ]),
    ...{ dtypes: ["f32", "i32"], differentiated: 1, values: [apart[0]!.concat(0.5, -0.7), [0, 3, 3, 1, 0, 0]] },
  },
  {
    ...smooth("scatterAdd", [["batch", 2], ["batch"]], { rows: 4 }),
    ...{ dtypes: ["f32", "i32"], differentiated: 1, values: [apart[0]!, [2, 0, 2]] },
  },
  ...["softmax", "logSoftmax"].map((op) => smooth(op, [["batch", 3]])),
  ...["softmaxGrad", "logSoftmaxGrad", "softmaxCrossEntropy"].map((op) =>
    smooth(op, [
      ["batch", 3],
      ["batch", 3],
    ]),
  ),
  smooth("standardise", [["batch", 4]], { epsilon: 0.1 }),
  smooth(
    "standardiseGrad",
    [
      ["batch", 4],
      ["batch", 4],
    ],
    { epsilon: 0.1 },
  ),
  smooth("softmaxCrossEntropyGrad", [
    ["batch", 3],
    ["batch", 3],
    ["batch", 1],
  ]),
];

/** Leaves have no inputs; these have no derivative by definition, which a test of their own says. */
const elsewhere = ["oneHot", "cast", "stopGradient", "straightThrough", "quantise", "requantise"];

it("every operation is here", () => {
  const tested = cases.map(({ name }) => name.split(" ")[0]);
  const expected = [...operations.values()].filter(({ tier }) => tier !== "leaf").map(({ name }) => name);
  expect(new Set([...tested, ...elsewhere])).toEqual(new Set(expected));
});

// `one` and `two` may fall on a kink of what is piecewise only at 0, which inputs keep 0.2 away from.
describe.each(cases)("$name", (test) => {
  it("has the derivative that central differences give", () => {
    for (const seed of [1, 2, 3]) checkFirst(test, seed);
  });

  it("has the second derivative that central differences of the first give", () => {
    for (const seed of [1, 2]) checkSecond(test, seed);
  });
});

describe("broadcasting", () => {
  const shapes = [
    [],
    [1],
    [3],
    [1, 1],
    [1, 3],
    ["batch", 1],
    ["batch", 3],
    [2, 1, 1],
    [2, "batch", 3],
  ] as const satisfies Shape[];
  const pairs = shapes.flatMap((a) => shapes.map((b) => ({ a: a as Shape, b: b as Shape })));

  it.each(pairs)("of [$a] and [$b] is undone in derivatives", ({ a, b }) => {
    const f = (build: GraphBuilder, [x, y]: readonly Node[]) =>
      build.mul(build.add(x!, build.square(y!)), build.exp(x!));
    checkFirst({ name: "", shapes: [a, b], f });
    checkSecond({ name: "", shapes: [a, b], f });
  });

  // A sum's cotangent is a scalar and stays one until something needs it larger: rows, columns, single values.
  const lazy: readonly { title: string; f: Case["f"] }[] = [
    { title: "scalar", f: (build, [x]) => build.sum(x!) },
    { title: "row", f: (build, [x]) => build.square(build.sum(x!, { axes: [0] })) },
    { title: "column", f: (build, [x]) => build.square(build.sum(x!, { axes: [1], keepDims: true })) },
    { title: "column without its axis", f: (build, [x]) => build.exp(build.mean(x!, { axes: [1] })) },
    { title: "mean over the batch", f: (build, [x]) => build.square(build.mean(x!)) },
  ];
  const before: Record<string, (build: GraphBuilder, x: Node) => Node> = {
    nothing: (_, x) => x,
    bias: (build, x) => build.add(x, build.constant([3], [1, 2, 3])),
    "reduction to nothing new": (build, x) => build.sum(build.reshape(x, ["batch", 3, 1]), { axes: [2] }),
    reshape: (build, x) => build.reshape(build.reshape(x, ["batch", 3, 1]), ["batch", 3]),
    transposes: (build, x) => build.transpose(build.transpose(build.tanh(x), [1, 0]), [1, 0]),
    matmul: (build, x) => build.matmul(x, build.constant([3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 10])),
    stretch: (build, x) => build.sum(build.broadcastTo(x, [2, "batch", 3]), { axes: [0] }),
    max: (build, x) => build.mul(x, build.max(x, { axes: [1], keepDims: true })),
    select: (build, x) => build.select(build.greater(x, build.scalar(0)), x, build.square(x)),
    composite: (build, x) => build.sigmoidCrossEntropy(x, build.constant([3], [0.1, 0.5, 1])),
    "composite that expands": (build, x) => build.tanhGrad(x, build.tanh(x)),
  };
  const combinations = lazy.flatMap((small) => Object.keys(before).map((through) => ({ ...small, through })));

  it.each(combinations)("a $title cotangent passes through $through", ({ f, through }) => {
    const test: Case = {
      name: "",
      shapes: [["batch", 3]],
      values: [[0.9, -0.4, 0.3, -1.2, 1.6, -0.8, -0.5, 0.7, -1.1]],
      f: (build, [x]) => f(build, [before[through]!(build, x!)]),
    };
    checkFirst(test);
    checkSecond(test);
  });
});

/** Random expressions over two inputs; what is not smooth keeps its argument away from the kink. */
const expression: fc.Arbitrary<Case["f"]> = fc.letrec<{ tree: Case["f"] }>((tie) => {
  const leaf = fc.constantFrom<Case["f"]>(
    (_, [x]) => x!,
    (_, [, y]) => y!,
  );
  const unary = fc.tuple(fc.constantFrom("neg", "square", "sigmoid", "tanh", "softplus"), tie("tree")).map(
    ([op, x]): Case["f"] =>
      (build, inputs) =>
        build.emit(op, [x(build, inputs)]),
  );
  const exp = tie("tree").map(
    (x): Case["f"] =>
      (build, inputs) =>
        build.exp(build.tanh(x(build, inputs))),
  );
  const root = tie("tree").map(
    (x): Case["f"] =>
      (build, inputs) =>
        build.sqrt(build.add(build.square(x(build, inputs)), build.scalar(1))),
  );
  const binary = fc
    .tuple(
      fc.constantFrom("add", "sub", "mul", "sigmoidCrossEntropy", "sigmoidGrad", "tanhGrad"),
      tie("tree"),
      tie("tree"),
    )
    .map(
      ([op, a, b]): Case["f"] =>
        (build, inputs) =>
          build.tanh(build.emit(op, [a(build, inputs), b(build, inputs)])),
    );
  return { tree: fc.oneof({ maxDepth: 3 }, leaf, unary, exp, root, binary) };
}).tree;

it("random compositions, whose inputs share ancestors and stand twice, have both derivatives", () => {
  fc.assert(
    fc.property(expression, fc.integer({ min: 1, max: 1000 }), (f, seed) => {
      const test: Case = { name: "", shapes: [["batch", 2], [2]], f };
      checkFirst(test, seed);
      checkSecond(test, seed);
    }),
    { numRuns: 150, seed: 20_261_121 },
  );
});

describe("composites", () => {
  const row = ["batch", 3];
  const shapes = {
    ...{
      softmax: [row],
      logSoftmax: [row],
      standardise: [row],
      softmaxGrad: [row, row],
      softmaxCrossEntropy: [row, row],
    },
    sigmoidCrossEntropy: [["batch", 2], [2]],
    sigmoidCrossEntropyGrad: [["batch", 2], [2], ["batch", 1]],
  };
  const composites = [...operations.values()].filter((operation) => operation.tier === "composite");

  it.each(composites)("$name: the expansion through the graph is the expansion on arrays", ({ name }) => {
    const test = cases.find((one) => one.name.split(" ")[0] === name)!;
    const build = new GraphBuilder();
    const inputs = test.shapes.map((shape, i) => build.input(`x${i}`, shape));
    const whole = test.f(build, inputs);
    const operation = operationNamed(name);
    if (operation.tier !== "composite") throw new Error("not reached");
    const program = build.program({ outputs: { whole, expanded: operation.expand(build, inputs, whole.attributes) } });
    const values = Object.fromEntries(inputValues(test, 5).map((data, i) => [`x${i}`, data]));
    const { outputs } = interpret(program, { inputs: values, state: {}, batch: BATCH });
    expect([...outputs["whole"]!.data]).toEqual([...outputs["expanded"]!.data]);
  });

  it.each(Object.entries(shapes))("%s: its own derivative is the expansion's", (name, given) => {
    const build = new GraphBuilder();
    const attributes: JsonObject = name === "standardise" ? { epsilon: 0.1 } : {};
    const inputs = given.map((shape, i) => build.input(`x${i}`, shape as Shape));
    const operation = operationNamed(name);
    if (operation.tier !== "composite") throw new Error("not reached");
    const whole = build.emit(name, inputs, attributes);
    const loss = (y: Node) => build.sum(build.square(y));
    const own = vjp(build, [loss(whole)], inputs, [build.scalar(1)]);
    const expansion = vjp(build, [loss(operation.expand(build, inputs, attributes))], inputs, [build.scalar(1)]);
    const outputs = Object.fromEntries([...own, ...expansion].map((g, i) => [String(i), g]));
    const test: Case = { name: "", shapes: given as readonly Shape[], f: (_, [x]) => x! };
    const values = Object.fromEntries(inputValues(test, 6).map((data, i) => [`x${i}`, data]));
    const made = interpret(build.program({ outputs }), { inputs: values, state: {}, batch: BATCH }).outputs;
    // Both are a few roundings of sums of at most six terms of the largest magnitude.
    own.forEach((_, i) =>
      expectRelative(made[String(i)]!.data, made[String(i + own.length)]!.data, 20 * 2 ** -52, name),
    );
  });
});

describe("vjp", () => {
  /** d/dx of `f(x)` at scalars, by the graph. */
  function derivative(f: (build: GraphBuilder, x: Node) => Node, at: number): number {
    const build = new GraphBuilder();
    const x = build.input("x", []);
    const [g] = vjp(build, [f(build, x)], [x], [build.scalar(1)]);
    const program = build.program({ outputs: { g: g!, x } });
    return interpret(program, { inputs: { x: Float64Array.of(at) }, state: {}, batch: 1 }).outputs["g"]!.data[0]!;
  }

  it("counts each path once where a composite's inputs depend on each other, or are one", () => {
    const y = Math.tanh(0.7);
    const slope = 1 - y * y;
    // g = 2 y: the composite's first input is made from its second.
    const dependent = derivative((build, x) => {
      const t = build.tanh(x);
      return build.tanhGrad(build.mul(t, build.scalar(2)), t);
    }, 0.7);
    expect(Math.abs(dependent - (2 - 6 * y * y) * slope)).toBeLessThan(1e-15);
    // g = y: one node is both inputs.
    const same = derivative((build, x) => build.tanhGrad(build.tanh(x), build.tanh(x)), 0.7);
    expect(Math.abs(same - (1 - 3 * y * y) * slope)).toBeLessThan(1e-15);
  });

  it("is zero through stopGradient, step, sign, greater, equal, cast and rounding to integers", () => {
    const channels = { biases: [0], multipliers: [2 ** 30], negatives: [2 ** 30], shifts: [30], table: [] };
    const bounds = { zero: 0, low: -128, high: 127 };
    for (const [op, attributes] of [
      ["quantise", { scale: 0.01, zero: 0 }],
      ["requantise", { ...channels, ...bounds }],
    ] as const) {
      const through = (build: GraphBuilder, x: Node) =>
        build.reshape(build.emit(op, [build.reshape(x, [1])], attributes), []);
      expect(derivative(through, 1)).toBe(0);
    }
    for (const op of ["stopGradient", "step", "sign"])
      expect(derivative((build, x) => build.emit(op, [x]), 0.3)).toBe(0);
    for (const op of ["greater", "equal"]) expect(derivative((build, x) => build.emit(op, [x, x]), 0.3)).toBe(0);
    const build = new GraphBuilder();
    const mask = build.input("mask", ["batch"], "u8");
    const [g] = vjp(build, [build.sum(build.cast(mask))], [mask], [build.scalar(1)]);
    expect(g!.shape).toEqual(["batch"]);
    const program = build.program({ outputs: { g: g! } });
    expect([...interpret(program, { inputs: {}, state: {}, batch: 2 }).outputs["g"]!.data]).toEqual([0, 0]);
  });

  it("follows the path, not the value, of straightThrough", () => {
    expect(derivative((build, x) => build.straightThrough(build.sign(x), build.mul(x, build.scalar(3))), 0.3)).toBe(3);
  });

  it("includes the paths through other inputs and repeats for an input asked twice", () => {
    const build = new GraphBuilder();
    const x = build.input("x", []);
    const y = build.square(x);
    const gradients = vjp(build, [build.mul(y, x)], [x, y, x], [build.scalar(1)]);
    const outputs = Object.fromEntries(gradients.map((g, i) => [String(i), g]));
    const made = interpret(build.program({ outputs }), {
      inputs: { x: Float64Array.of(3) },
      state: {},
      batch: 1,
    }).outputs;
    expect([0, 1, 2].map((i) => made[String(i)]!.data[0])).toEqual([27, 3, 27]);
  });

  it("shares a maximum among ties, as PyTorch's amax and maximum do", () => {
    const build = new GraphBuilder();
    const x = build.input("x", [3]);
    const [g] = vjp(build, [build.max(x)], [x], [build.scalar(1)]);
    const [h] = vjp(build, [build.sum(build.maximum(x, build.scalar(2)))], [x], [build.scalar(1)]);
    const program = build.program({ outputs: { g: g!, h: h! } });
    const { outputs } = interpret(program, { inputs: { x: Float64Array.of(2, 1, 2) }, state: {}, batch: 1 });
    expect([...outputs["g"]!.data]).toEqual([0.5, 0, 0.5]);
    expect([...outputs["h"]!.data]).toEqual([0.5, 0, 0.5]);
  });

  it("refuses cotangents that do not fit and nodes of others", () => {
    const build = new GraphBuilder();
    const x = build.input("x", ["batch", 2]);
    const foreign = new GraphBuilder().input("x", ["batch", 2]);
    expect(() => vjp(build, [x], [x], [])).toThrow(
      new RangeError(`vjp: "cotangents" expected 1, one per output, got 0`),
    );
    expect(() => vjp(build, [x], [x], [build.scalar(1)])).toThrow(`vjp: "cotangents[0]" expected [batch, 2], got []`);
    for (const [outputs, inputs, cotangents] of [
      [[foreign], [x], [x]],
      [[x], [foreign], [x]],
      [[x], [x], [foreign]],
    ] as const) {
      expect(() => vjp(build, outputs, inputs, cotangents)).toThrow(TypeError);
    }
  });
});
