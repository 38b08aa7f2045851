/** Softmax, cross-entropies, embedding, erf, normalisation and blocks against PyTorch in float64. */
import { describe, expect, it } from "vitest";
import {
  batchNorm,
  dense,
  embedding,
  fakeQuantise,
  gdn,
  GraphBuilder,
  initialise,
  interpret,
  layerNorm,
  type Node,
  sgd,
  type Shape,
  vjp,
} from "../src/index.ts";
import { expectRelative } from "./support/close.ts";
import { readFixture } from "./support/fixture.ts";

interface Tensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Fixture {
  readonly cases: readonly {
    readonly name: string;
    readonly inputs: Readonly<Record<string, Tensor>>;
    readonly ids: Tensor | null;
    readonly weights: Tensor;
    readonly y: readonly number[];
    readonly gradients: Readonly<Record<string, readonly number[]>>;
    readonly scales?: readonly number[];
  }[];
  readonly running: Readonly<Record<"mean" | "variance" | "y", readonly number[]>> & {
    readonly batches: readonly (readonly number[])[];
  };
  readonly training: {
    readonly start: Readonly<Record<string, readonly number[]>>;
    readonly batches: readonly Readonly<Record<"x" | "target", readonly number[]>>[];
    readonly losses: readonly number[];
    readonly end: Readonly<Record<string, readonly number[]>>;
  };
}
const fixture = readFixture<Fixture>("layers");

/** Inputs by name, state included, and `ids`. */
type Formula = (build: GraphBuilder, inputs: Readonly<Record<string, Node>>) => Node;

const formulas: Readonly<Record<string, Formula>> = {
  softmax: (build, { x }) => build.softmax(x!),
  "log softmax": (build, { x }) => build.logSoftmax(x!),
  "cross-entropy of labels": (build, { x, ids }) => build.softmaxCrossEntropy(x!, ids!),
  "cross-entropy of probabilities": (build, { x, p }) => build.softmaxCrossEntropy(x!, p!),
  embedding: (build, { ids }) => embedding(build, ids!, { name: "layer", rows: 5, units: 3 }),
  erf: (build, { x }) => build.erf(x!),
  "layer norm": (build, { x }) => layerNorm(build, x!, { name: "layer" }),
  "batch norm": (build, { x }) => batchNorm(build, x!, { name: "layer", training: true }).y,
  "GDN of rows": (build, { x }) => gdn(build, x!, { name: "layer" }),
  "GDN of images": (build, { x }) => gdn(build, x!, { name: "layer" }),
  "inverse GDN of rows": (build, { x }) => gdn(build, x!, { name: "layer", inverse: true }),
  "inverse GDN of images": (build, { x }) => gdn(build, x!, { name: "layer", inverse: true }),
  "fake quantisation by tensor": (build, { x }) =>
    fakeQuantise(build, x!, { scale: build.scalar(1 / 32), zero: -40, low: -128, high: 127 }),
  "fake quantisation by channel": (build, { x }) => {
    const { scales } = fixture.cases.find(({ name }) => name === "fake quantisation by channel")!;
    return fakeQuantise(build, x!, { scale: build.constant([3], scales!), low: -70, high: 80 });
  },
  "concat, slice, pad": (build, { a, b }) => {
    const cut = build.slice(build.concat([a!, b!, a!], -1), { axis: 1, begin: 1, end: 7 });
    return build.square(build.pad(cut, { axis: -1, before: 2, after: 1 }));
  },
};

/** What is a parameter of the layer rather than an input. */
const parameters = ["table", "scale", "shift", "beta", "gamma"];

it("every case of the fixture has its formula", () => {
  expect(fixture.cases.map(({ name }) => name).sort()).toEqual(Object.keys(formulas).sort());
});

// At most a hundred roundings of numbers up to 100: 1e-13 of the largest is 450 epsilons.
describe.each(fixture.cases)("$name", ({ name, inputs, ids, weights, y, gradients }) => {
  const build = new GraphBuilder();
  const names = Object.keys(inputs);
  const fed = names.filter((key) => !parameters.includes(key));
  const nodes: Record<string, Node> = Object.fromEntries(fed.map((key) => [key, build.input(key, inputs[key]!.shape)]));
  if (ids) nodes["ids"] = build.input("ids", ids.shape as Shape, "i32");
  const value = formulas[name]!(build, nodes);
  const loss = build.sum(build.mul(value, build.constant(weights.shape, weights.data)));
  const spec = build.stateSpec;
  const sources = names.map((key) => nodes[key] ?? build.state(`layer.${key}`, spec[`layer.${key}`]!));
  const slopes = vjp(build, [loss], sources, [build.scalar(1)]);
  const outputs = { y: value, ...Object.fromEntries(names.map((key, i) => [`d.${key}`, slopes[i]!])) };
  const state = Object.fromEntries(
    Object.keys(spec).map((key) => [
      key,
      Float64Array.from(inputs[key.replace("layer.", "")]?.data ?? new Array<number>(5).fill(0)),
    ]),
  );
  const arrays = [...fed.map((key) => [key, inputs[key]!.data] as const), ...(ids ? [["ids", ids.data] as const] : [])];
  const given = Object.fromEntries(arrays.map(([key, data]) => [key, Float64Array.from(data)]));
  const made = interpret(build.program({ outputs }), { inputs: given, state, batch: 1 }).outputs;

  it("has PyTorch's value", () => expectRelative(made["y"]!.data, y, 1e-13));

  it("has PyTorch's gradients", () => {
    for (const key of names) expectRelative(made[`d.${key}`]!.data, gradients[key]!, 1e-13, key);
  });
});

describe("GDN", () => {
  const rows = (build: GraphBuilder): Node => gdn(build, build.input("x", ["batch", 4]), { name: "layer" });

  it("starts by dividing by the root of 1 and a tenth of the mean energy", () => {
    const build = new GraphBuilder();
    const program = build.program({ outputs: { y: rows(build) } });
    const x = [1, -2, 3, 0.5];
    const made = interpret(program, {
      inputs: { x: Float64Array.from(x) },
      state: initialise(program.state, 1),
      batch: 1,
    });
    const energy = 1 + (0.1 * x.reduce((sum, value) => sum + value * value, 0)) / 4;
    // The state is float32.
    expectRelative(
      made.outputs["y"]!.data,
      x.map((value) => value / Math.sqrt(energy)),
      2 ** -22,
    );
  });

  it("lets a root below its bound come back, and go no further down", () => {
    const build = new GraphBuilder();
    const root = build.input("root", [2]);
    const cotangent = build.constant([2], [1, -1]);
    const [slope] = vjp(build, [build.lowerBound(root, 0.5)], [root], [cotangent]);
    const program = build.program({ outputs: { slope: slope! } });
    const at = (...values: number[]) => [
      ...interpret(program, { inputs: { root: Float64Array.from(values) }, state: {}, batch: 1 }).outputs["slope"]!
        .data,
    ];
    expect(at(0.4, 0.4)).toEqual([0, -1]);
    expect(at(0.5, 0.6)).toEqual([1, -1]);
  });

  it("refuses what has no channels to pool over", () => {
    const build = new GraphBuilder();
    expect(() => gdn(build, build.input("x", ["batch", 2, 4]), { name: "a" })).toThrow(
      'gdn "a": "x" expected [batch, channels] or [batch, height, width, channels], got [batch, 2, 4]',
    );
  });
});

describe("batch normalisation", () => {
  const { batches, mean, variance, y } = fixture.running;

  it("keeps PyTorch's running statistics over a hundred batches, and uses them", () => {
    const build = new GraphBuilder();
    const trained = batchNorm(build, build.input("x", ["batch", 3]), { name: "bn", training: true });
    const step = build.program({ outputs: { y: trained.y }, updates: trained.updates });
    const first = Object.entries(initialise(step.state, 1)).map(
      ([key, data]) => [key, Float64Array.from(data)] as const,
    );
    let state: Record<string, Float64Array> = Object.fromEntries(first);
    for (const batch of batches) {
      const { updates } = interpret(step, { inputs: { x: Float64Array.from(batch) }, state, batch: 4 });
      state = { ...state, ...Object.fromEntries(Object.entries(updates).map(([key, value]) => [key, value.data])) };
    }
    expectRelative(state["bn.mean"]!, mean, 1e-13);
    expectRelative(state["bn.variance"]!, variance, 1e-13);
    const other = new GraphBuilder();
    const used = batchNorm(other, other.input("x", ["batch", 3]), { name: "bn", training: false });
    expect(used.updates).toEqual({});
    const inputs = { x: Float64Array.from(batches.at(-1)!) };
    const made = interpret(other.program({ outputs: { y: used.y } }), { inputs, state, batch: 4 }).outputs["y"]!;
    expectRelative(made.data, y, 1e-13);
  });

  it("counts the variance of a single item as 0", () => {
    const build = new GraphBuilder();
    const { y: out, updates } = batchNorm(build, build.input("x", ["batch", 2]), { name: "bn", training: true });
    const program = build.program({ outputs: { y: out }, updates });
    const made = interpret(program, {
      inputs: { x: Float64Array.of(3, -4) },
      state: initialise(program.state, 1),
      batch: 1,
    });
    expect([...made.outputs["y"]!.data]).toEqual([0, 0]);
    expectRelative(made.updates["bn.variance"]!.data, [0.9, 0.9], 1e-15);
  });

  it("and layer normalisation refuse what does not fit", () => {
    const build = new GraphBuilder();
    const x = build.input("x", ["batch", 2]);
    const row = build.input("row", ["batch"]);
    const epsilon = `"epsilon" expected a positive number, got 0`;
    expect(() => layerNorm(build, row, { name: "a" })).toThrow(
      new RangeError(`layerNorm "a": "x" expected [..., features] of rank 2 or more, got [batch]`),
    );
    expect(() => layerNorm(build, x, { name: "a", epsilon: 0 })).toThrow(new RangeError(`layerNorm "a": ${epsilon}`));
    expect(() => batchNorm(build, x, { name: "a", training: true, momentum: 2 })).toThrow(
      new RangeError(`batchNorm "a": "momentum" expected a number in (0, 1], got 2`),
    );
  });
});

describe("a network with batch and layer normalisation", () => {
  const { start, batches, losses, end } = fixture.training;

  function step() {
    const build = new GraphBuilder();
    const [x, target] = [build.input("x", ["batch", 4]), build.input("target", ["batch", 3])];
    const first = dense(build, x, { name: "first", units: 5 });
    const { y, updates } = batchNorm(build, first, { name: "batch", training: true });
    const h = layerNorm(build, build.tanh(y), { name: "layer" });
    const loss = build.mean(build.square(build.sub(dense(build, h, { name: "last", units: 3 }), target)));
    const names = Object.keys(build.stateSpec).filter((name) => !(name in updates));
    const parameters = names.map((name) => [name, build.state(name, build.stateSpec[name]!)] as const);
    const slopes = vjp(
      build,
      [loss],
      parameters.map(([, node]) => node),
      [build.scalar(1)],
    );
    const gradients = Object.fromEntries(names.map((name, i) => [name, slopes[i]!]));
    const moved = sgd(build, Object.fromEntries(parameters), gradients, { momentum: 0.9 });
    return build.program({ outputs: { loss }, updates: { ...updates, ...moved } });
  }

  // A step is some hundred roundings, and a hundred steps of a descent do not amplify them: 100 * 100 * 1.1e-16 = 1e-12.
  it("is PyTorch's, loss by loss, over a hundred steps", () => {
    const program = step();
    let state: Record<string, Float64Array> = Object.fromEntries(
      Object.entries(program.state).map(([name, { shape }]) => {
        const zeros = new Array<number>(shape.reduce((n, dim) => n * dim, 1)).fill(0);
        return [name, Float64Array.from(start[name] ?? zeros)];
      }),
    );
    expect(
      Object.keys(state)
        .filter((name) => !name.startsWith("opt."))
        .sort(),
    ).toEqual(Object.keys(start).sort());
    losses.forEach((loss, i) => {
      const { x, target } = batches[i % batches.length]!;
      const given = {
        x: Float64Array.from(x),
        target: Float64Array.from(target),
        "sgd.learningRate": Float64Array.of(0.02),
      };
      const { outputs, updates } = interpret(program, { inputs: given, state, batch: 6 });
      expectRelative(outputs["loss"]!.data, [loss], 1e-12, `loss ${i}`);
      state = Object.fromEntries(Object.entries(updates).map(([name, value]) => [name, value.data]));
    });
    for (const [name, values] of Object.entries(end)) expectRelative(state[name]!, values, 1e-12, name);
  });
});

describe("comparisons", () => {
  it("are right for order, ties and NaN", () => {
    const build = new GraphBuilder();
    const [a, b] = [build.input("a", [4]), build.input("b", [4])];
    const outputs = {
      less: build.less(a, b),
      lessEqual: build.lessEqual(a, b),
      greaterEqual: build.greaterEqual(a, b),
      notEqual: build.notEqual(a, b),
    };
    const inputs = { a: Float64Array.of(1, 2, 2, Number.NaN), b: Float64Array.of(2, 1, 2, 2) };
    const made = interpret(build.program({ outputs }), { inputs, state: {}, batch: 1 }).outputs;
    const values = Object.fromEntries(Object.entries(made).map(([name, { data }]) => [name, [...data]]));
    expect(values).toEqual({
      less: [1, 0, 0, 0],
      lessEqual: [1, 0, 1, 0],
      greaterEqual: [0, 1, 1, 0],
      notEqual: [1, 1, 0, 1],
    });
  });
});
