import { describe, expect, it } from "vitest";
import {
  adam,
  describedOptimiser,
  GraphBuilder,
  include,
  interpret,
  type Node,
  type OptimiserDescription,
  optimiserKinds,
  type Program,
  serialiseProgram,
  trainingStep,
  vjp,
} from "../src/index.ts";

const init = { kind: "zeros" } as const;

/** A line with noise on its slope, and a running mean of `x` that no gradient reaches. */
function writeLoss(build: GraphBuilder): { loss: Node; mean: Node } {
  const x = build.input("x", ["batch", 1]);
  const [slope, offset] = [build.state("slope", { shape: [1], init }), build.state("offset", { shape: [], init })];
  const [seed, step] = [build.input("seed", [2], "i32"), build.input("step", [2], "i32")];
  const noisy = build.add(slope, build.randomNormal([1], { seed, step, stream: "eps" }));
  const line = build.add(build.mul(x, noisy), offset);
  const mean = build.mul(build.add(build.state("mean", { shape: [], init }), build.mean(x)), build.scalar(0.5));
  return { loss: build.mean(build.square(build.scope("net", () => build.sigmoid(line, "out")))), mean };
}

function lossProgram(): Program {
  const build = new GraphBuilder();
  const { loss, mean } = writeLoss(build);
  return build.program({ outputs: { loss, line: build.neg(loss) }, updates: { mean } });
}

const inputs = {
  x: Float64Array.of(1, -2, 0.5),
  seed: Int32Array.of(1, 0),
  step: Int32Array.of(3, 0),
  "sgd.learningRate": Float64Array.of(0.5),
};
const state = { slope: Float64Array.of(0.25), offset: Float64Array.of(-1), mean: Float64Array.of(2) };

describe("including a program", () => {
  it("in an empty graph gives the program back, names, noise and state", () => {
    const program = lossProgram();
    const build = new GraphBuilder();
    const nodes = include(build, program);
    const at = (ids: Readonly<Record<string, number>>) =>
      Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, nodes[id]!]));
    const again = build.program({ outputs: at(program.outputs), updates: at(program.updates) });
    expect(serialiseProgram(again)).toBe(serialiseProgram(program));
  });

  it("in a graph that has its inputs and tensors joins them, and refuses its noise twice", () => {
    const build = new GraphBuilder();
    const x = build.input("x", ["batch", 1]);
    const nodes = include(build, lossProgram());
    expect(nodes.filter(({ op }) => op === "input")[0]).toBe(x);
    expect(() => include(build, lossProgram())).toThrow(new RangeError(`randomNormal: stream "eps" is used twice`));
  });

  it("takes what it is fed in the place of inputs, and nothing of another type", () => {
    const inner = new GraphBuilder();
    const doubled = inner.mul(inner.input("x", ["batch", 2]), inner.scalar(2));
    const program = inner.program({ outputs: { doubled } });
    const build = new GraphBuilder();
    const x = build.input("x", ["batch", 2, 1]);
    const nodes = include(build, program, { x: build.reshape(x, ["batch", 2]) });
    const { outputs } = interpret(build.program({ outputs: { y: nodes[program.outputs["doubled"]!]! } }), {
      inputs: { x: Float64Array.of(3, 4) },
      state: {},
      batch: 1,
    });
    expect([...outputs["y"]!.data]).toEqual([6, 8]);
    expect(() => include(build, program, { x })).toThrow(/fed.*"x" as f32 \[batch, 2\].*\[batch, 2, 1\]/);
  });
});

describe("a training step", () => {
  it("does, to the bit, what the one written by hand does", () => {
    const build = new GraphBuilder();
    const { loss, mean } = writeLoss(build);
    const line = build.neg(loss);
    const parameters = { slope: build.nodes.find(({ name }) => name === "slope")! };
    const [slope] = vjp(build, [loss], [parameters.slope], [build.scalar(1)]);
    const updates = { mean, ...adam(build, parameters, { slope: slope! }) };
    const byHand = build.program({ outputs: { loss, line }, updates, guard: loss });
    const slots = { "opt.adam.m.slope": Float64Array.of(0.5), "opt.adam.v.slope": Float64Array.of(0.75) };
    const scalars = { "adam.stepSize": Float64Array.of(0.1), "adam.secondScale": Float64Array.of(3) };
    const given = { inputs: { ...inputs, ...scalars }, state: { ...state, ...slots }, batch: 3 };
    const made = trainingStep(lossProgram(), ["slope"]);
    expect(Object.keys(made.updates)).toEqual(Object.keys(byHand.updates));
    expect(interpret(made, given)).toEqual(interpret(byHand, given));
  });

  it("trains the parameters it is told, and makes the loss's own updates", () => {
    const step = trainingStep(lossProgram(), ["offset"], { optimiser: { kind: "sgd" } });
    expect(Object.keys(step.updates).sort()).toEqual(["mean", "offset"]);
    const { updates, outputs } = interpret(step, { inputs, state, batch: 3 });
    const h = 1e-6;
    const at = (offset: number) =>
      interpret(lossProgram(), { inputs, state: { ...state, offset: Float64Array.of(offset) }, batch: 3 }).outputs;
    const slope = (at(-1 + h)["loss"]!.data[0]! - at(-1 - h)["loss"]!.data[0]!) / (2 * h);
    // Central differences: h^2 f''' = 1e-12 and rounding 1e-16 / h = 1e-10.
    expect(updates["offset"]!.data[0]).toBeCloseTo(-1 - 0.5 * slope, 9);
    expect(updates["mean"]!.data[0]).toBe((2 - 0.5 / 3) / 2);
    expect(outputs["loss"]!.data[0]).toBe(at(-1)["loss"]!.data[0]);
  });

  it("makes updates of tensors that the loss does not read", () => {
    const build = new GraphBuilder();
    const p = build.state("p", { shape: [], init });
    build.state("last", { shape: [], init });
    const loss = build.square(p);
    const program = build.program({ outputs: { loss }, updates: { last: loss } });
    const step = trainingStep(program, ["p"], { optimiser: { kind: "sgd" } });
    const given = { p: Float64Array.of(3), last: Float64Array.of(0) };
    const { updates } = interpret(step, {
      inputs: { "sgd.learningRate": Float64Array.of(0.5) },
      state: given,
      batch: 1,
    });
    expect([updates["p"]!.data[0], updates["last"]!.data[0]]).toEqual([0, 9]);
  });

  it("clips what is longer than the largest norm, and tells the norm it had", () => {
    const options = (maxGradientNorm: number) => ({ optimiser: { kind: "sgd" } as const, maxGradientNorm });
    const names = ["slope", "offset"];
    const run = (step: Program) => interpret(step, { inputs, state, batch: 3 });
    const moved = ({ updates }: ReturnType<typeof run>) =>
      names.map((name) => (state[name as "slope"][0]! - updates[name]!.data[0]!) / 0.5);
    const free = moved(run(trainingStep(lossProgram(), names, { optimiser: { kind: "sgd" } })));
    const norm = Math.hypot(...free);
    const loose = run(trainingStep(lossProgram(), names, options(2 * norm)));
    const tight = run(trainingStep(lossProgram(), names, options(norm / 4)));
    expect(moved(loose)).toEqual(free);
    expect(loose.outputs["gradientNorm"]!.data[0]).toBeCloseTo(norm, 12);
    expect(tight.outputs["gradientNorm"]!.data[0]).toBe(loose.outputs["gradientNorm"]!.data[0]);
    moved(tight).forEach((part, i) => expect(part).toBeCloseTo(free[i]! / 4, 12));
  });

  it("does not commit when the norm that clips is infinite though the loss is not", () => {
    const build = new GraphBuilder();
    const loss = build.sum(build.sqrt(build.state("p", { shape: [1], init })));
    const root = build.program({ outputs: { loss } });
    const given = { inputs: { "sgd.learningRate": Float64Array.of(1) }, state: { p: Float64Array.of(0) }, batch: 1 };
    const run = (options: object) =>
      interpret(trainingStep(root, ["p"], { optimiser: { kind: "sgd" }, ...options }), given);
    expect(run({}).committed).toBe(true);
    const clipped = run({ maxGradientNorm: 1 });
    expect([clipped.committed, clipped.outputs["loss"]!.data[0]]).toEqual([false, 0]);
    expect(clipped.outputs["gradientNorm"]!.data[0]).not.toSatisfy(Number.isFinite);
  });

  it("refuses what is no loss, no parameter or no norm", () => {
    const build = new GraphBuilder();
    const x = build.input("x", ["batch"]);
    const none = build.program({ outputs: { x } });
    const wide = build.program({ outputs: { loss: build.square(x) } });
    expect(() => trainingStep(none, [])).toThrow(
      new RangeError(`trainingStep: "loss" expected a program with an output "loss"`),
    );
    expect(() => trainingStep(wide, [])).toThrow(RangeError);
    expect(() => trainingStep(lossProgram(), ["width"])).toThrow(
      new RangeError(`trainingStep: the loss does not read the parameter "width"`),
    );
    expect(() => trainingStep(lossProgram(), ["slope"], { maxGradientNorm: -1 })).toThrow(RangeError);
  });
});

describe("an optimiser's description", () => {
  it.each([
    [{ kind: "adam" }, { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }],
    [
      { kind: "adamW", beta1: 0.5 },
      { kind: "adamW", beta1: 0.5, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
    ],
    [{ kind: "sgd" }, { kind: "sgd", momentum: 0, nesterov: false }],
    [
      { kind: "rmsProp", epsilon: 1e-4 },
      { kind: "rmsProp", decay: 0.99, epsilon: 1e-4 },
    ],
  ] as const)("%j is told whole", (given, whole) => {
    const { description } = describedOptimiser(given);
    expect(description).toEqual(whole);
    expect(describedOptimiser(description as OptimiserDescription).description).toEqual(whole);
  });

  it.each(optimiserKinds)("of %s feeds all the scalars its step wants, and no other", (kind) => {
    const step = trainingStep(lossProgram(), ["slope"], { optimiser: { kind } });
    const fed = Object.keys(describedOptimiser({ kind }).scalars().inputs);
    expect([...fed, "x", "seed", "step"].sort()).toEqual(Object.keys(step.inputs).sort());
  });

  it("makes the scalars of its paper, in the same arrays at every step", () => {
    const rates = [0.5, 0.25, 0.125];
    const scalars = describedOptimiser({ kind: "adamW", beta1: 0.5, beta2: 0.75, weightDecay: 0.5 }).scalars();
    const arrays = Object.values(scalars.inputs);
    rates.forEach((rate, i) => {
      scalars.advance(rate);
      const expected = [rate / (1 - 0.5 ** (i + 1)), 1 / Math.sqrt(1 - 0.75 ** (i + 1)), 1 - rate / 2];
      expect(arrays.map(([value]) => value)).toEqual(expected.map(Math.fround));
    });
    const descent = describedOptimiser({ kind: "sgd" }).scalars();
    descent.advance(0.1);
    expect(descent.inputs).toEqual({ "sgd.learningRate": Float32Array.of(0.1) });
  });

  it.each([
    [{ kind: "lion" }, `"optimiser" expected the kind adam, adamW, sgd, rmsProp, got lion`],
    [{ kind: "constructor" }, `"optimiser" expected the kind adam, adamW, sgd, rmsProp, got constructor`],
    [{ kind: "sgd", beta1: 0.9 }, `sgd: expected momentum, nesterov, got "beta1"`],
    [{ kind: "sgd", momentum: 1 }, `sgd: "momentum" expected a number in [0, 1), got 1`],
    [{ kind: "adamW", weightDecay: -1 }, `adamW: "weightDecay" expected a number that is not negative, got -1`],
  ])("%j is refused", (given, message) => {
    expect(() => describedOptimiser(given as OptimiserDescription)).toThrow(new RangeError(message));
  });
});
