/** Values, gradients, second derivatives and Adam against PyTorch in float64. */
import { describe, expect, it } from "vitest";
import { adam, AdamSchedule, dense, GraphBuilder, interpret, type Node, type Shape, vjp } from "../src/index.ts";
import { expectRelative } from "./support/close.ts";
import { readFixture } from "./support/fixture.ts";

interface Fixture {
  readonly sine: number;
  readonly cases: readonly {
    readonly name: string;
    readonly inputs: Readonly<Record<string, { readonly shape: Shape; readonly data: readonly number[] }>>;
    readonly loss: number;
    readonly gradients: Readonly<Record<string, readonly number[]>>;
    readonly second: Readonly<Record<string, readonly number[]>>;
  }[];
  readonly adam: Readonly<Record<"start" | "target" | "rates" | "end" | "m" | "v", readonly number[]>>;
}

const fixture = readFixture<Fixture>("autograd");
type Formula = (build: GraphBuilder, inputs: Readonly<Record<string, Node>>) => Node;

function contractive(build: GraphBuilder, x: Node, h: Node): Node {
  const rows = [0, 1].map((j) => {
    const column = build.mul(h, build.constant([2], [j === 0 ? 1 : 0, j === 1 ? 1 : 0]));
    const [row] = vjp(build, [build.sum(column)], [x], [build.scalar(1)]);
    return build.sum(build.square(row!));
  });
  return build.add(rows[0]!, rows[1]!);
}

const linear = (build: GraphBuilder, { x, kernel, bias }: Readonly<Record<string, Node>>): Node =>
  build.add(build.matmul(x!, kernel!), bias!);

const formulas: Readonly<Record<string, Formula>> = {
  "dense linear": (build, inputs) => build.sum(build.square(linear(build, inputs))),
  ...Object.fromEntries(
    ["relu", "sigmoid", "tanh", "softplus"].map((name): [string, Formula] => [
      `dense ${name}`,
      (build, inputs) => build.sum(build.square(build.emit(name, [linear(build, inputs)]))),
    ]),
  ),
  chain: (build, { x }) =>
    build.mean(
      build.add(
        build.mul(build.log(build.softplus(x!)), build.exp(build.neg(x!))),
        build.sqrt(build.add(build.exp(x!), build.scalar(1))),
      ),
    ),
  "log1p, expm1": (build, { x }) => build.sum(build.div(build.mul(build.log1p(x!), build.expm1(build.neg(x!))), x!)),
  max: (build, { x }) => {
    const product = build.mul(build.max(x!, { axes: [1] }), build.sum(build.max(x!, { axes: [0] })));
    return build.add(build.sum(product), build.square(build.max(x!)));
  },
  select: (build, { a, b }) => {
    const chosen = build.select(build.greater(a!, b!), build.mul(a!, b!), build.exp(b!));
    return build.sum(build.mul(build.mul(chosen, build.maximum(a!, b!)), build.minimum(a!, build.abs(b!))));
  },
  ...Object.fromEntries(
    ["NN", "NT", "TN", "TT"].map((flags): [string, Formula] => [
      `matmul ${flags}`,
      (build, { a, b }) => {
        const product = build.matmul(a!, b!, { transposeA: flags[0] === "T", transposeB: flags[1] === "T" });
        return build.mul(build.scalar(fixture.sine), build.sum(build.square(product)));
      },
    ]),
  ),
  "cross-entropy": (build, { l, x }) => build.mean(build.sum(build.sigmoidCrossEntropy(l!, x!), { axes: [1] })),
  contractive: (build, inputs) => contractive(build, inputs["x"]!, build.tanh(linear(build, inputs))),
};

it("every program of the fixture has its formula", () => {
  expect(fixture.cases.map(({ name }) => name).sort()).toEqual(Object.keys(formulas).sort());
});

// At most a few hundred operations on numbers of order 1 to 1000: 1e-12 of the largest is about 5000 epsilons.
describe.each(fixture.cases)("$name", ({ name, inputs, loss, gradients, second }) => {
  const build = new GraphBuilder();
  const nodes = Object.entries(inputs).map(([key, { shape }]) => build.input(key, shape));
  const names = Object.keys(inputs);
  const value = formulas[name]!(build, Object.fromEntries(names.map((key, i) => [key, nodes[i]!])));
  const first = vjp(build, [value], nodes, [build.scalar(1)]);
  const penalty = first.map((g) => build.sum(build.square(g))).reduce((a, b) => build.add(a, b));
  const again = vjp(build, [penalty], nodes, [build.scalar(1)]);
  const outputs = Object.fromEntries(
    names.flatMap((key, i) => [
      [`d.${key}`, first[i]!],
      [`dd.${key}`, again[i]!],
      [`use.${key}`, nodes[i]!],
    ]),
  );
  const program = build.program({ outputs: { ...outputs, loss: value } });
  const fed = Object.fromEntries(names.map((key) => [key, Float64Array.from(inputs[key]!.data)]));
  const made = interpret(program, { inputs: fed, state: {}, batch: 1 }).outputs;

  it("has PyTorch's value", () => expectRelative(made["loss"]!.data, [loss], 1e-12));

  it("has PyTorch's gradients", () => {
    for (const key of names) expectRelative(made[`d.${key}`]!.data, gradients[key]!, 1e-12, key);
  });

  it("has PyTorch's second derivatives", () => {
    for (const key of names) expectRelative(made[`dd.${key}`]!.data, second[key]!, 1e-12, key);
  });
});

it("a dense layer is activation(x W + b)", () => {
  for (const activation of ["linear", "relu", "sigmoid", "tanh", "softplus"] as const) {
    const { inputs, loss } = fixture.cases.find(({ name }) => name === `dense ${activation}`)!;
    const build = new GraphBuilder();
    const x = build.input("x", ["batch", 4]);
    const y = dense(build, x, { name: "a.b", units: 3, activation });
    expect(y.name).toBe(activation === "linear" ? "a/b/bias" : `a/b/${activation}`);
    const program = build.program({ outputs: { loss: build.sum(build.square(y)) } });
    const data = (key: string) => Float64Array.from(inputs[key]!.data);
    const state = { "a.b.kernel": data("kernel"), "a.b.bias": data("bias") };
    const { outputs } = interpret(program, { inputs: { x: data("x") }, state, batch: 5 });
    expectRelative(outputs["loss"]!.data, [loss], 1e-12);
  }
});

describe("Adam", () => {
  const { start, target, rates, end, m, v } = fixture.adam;

  function program(): ReturnType<GraphBuilder["program"]> {
    const build = new GraphBuilder();
    const p = build.state("p", { shape: [7], init: { kind: "zeros" } });
    const loss = build.sum(build.square(build.square(build.sub(p, build.constant([7], target)))));
    const [g] = vjp(build, [loss], [p], [build.scalar(1)]);
    return build.program({ outputs: { loss }, updates: adam(build, { p }, { p: g! }) });
  }

  /** State after all steps, with the two scalars of each step made by `scalars`. */
  function train(scalars: (t: number, rate: number) => Readonly<Record<string, Float64Array | Float32Array>>) {
    const step = program();
    let state: Record<string, Float64Array> = {
      p: Float64Array.from(start),
      "opt.adam.m.p": new Float64Array(7),
      "opt.adam.v.p": new Float64Array(7),
    };
    rates.forEach((rate, i) => {
      const { updates } = interpret(step, { inputs: scalars(i + 1, rate), state, batch: 1 });
      state = Object.fromEntries(Object.entries(updates).map(([name, value]) => [name, value.data]));
    });
    return state;
  }

  // Each step rounds a few times and steps do not amplify: 100 * 10 * eps = 2e-13.
  it("fed in float64 is torch.optim.Adam after a hundred steps", () => {
    const state = train((t, rate) => ({
      "adam.stepSize": Float64Array.of(rate / (1 - 0.9 ** t)),
      "adam.secondScale": Float64Array.of(1 / Math.sqrt(1 - 0.999 ** t)),
    }));
    expectRelative(state["p"]!, end, 1e-12, "p");
    expectRelative(state["opt.adam.m.p"]!, m, 1e-12, "m");
    expectRelative(state["opt.adam.v.p"]!, v, 1e-12, "v");
  });

  // Both scalars are rounded to float32, 2^-24 relative each, so a step of at most 1.3 stepSize is off by 2^-23 of
  // itself: over a hundred steps at most 2^-23 times the sum of the rates, 1.6, doubled for what gradients answer.
  it("fed by AdamSchedule, in float32, stays within what that rounding allows", () => {
    const schedule = new AdamSchedule();
    const stepSize = new Float32Array(1);
    const secondScale = new Float32Array(1);
    const state = train((_, rate) => {
      schedule.advance();
      schedule.write(rate, stepSize, secondScale);
      return { "adam.stepSize": stepSize, "adam.secondScale": secondScale };
    });
    const travelled = rates.reduce((total, rate) => total + rate, 0);
    const distances = end.map((value, i) => Math.abs(state["p"]![i]! - value));
    expect(Math.max(...distances)).toBeLessThan(2 * 2 ** -23 * 1.3 * travelled);
    expect(Math.max(...distances)).toBeGreaterThan(1e-12);
  });

  it("schedules by running products what the powers give", () => {
    const schedule = new AdamSchedule({ beta1: 0.5, beta2: 0.75 });
    const out = [new Float32Array(1), new Float32Array(1)] as const;
    expect(() => schedule.write(1, ...out)).toThrow(RangeError);
    for (let t = 1; t <= 20; t++) {
      schedule.advance();
      schedule.write(0.25, ...out);
      expect(out[0][0]).toBe(Math.fround(0.25 / (1 - 0.5 ** t)));
      expect(out[1][0]).toBe(Math.fround(1 / Math.sqrt(1 - 0.75 ** t)));
    }
  });

  it("refuses a parameter without a gradient, another shape and options out of range", () => {
    const build = new GraphBuilder();
    const p = build.state("p", { shape: [2], init: { kind: "zeros" } });
    expect(() => adam(build, { p }, {})).toThrow(`adam: "gradients" has none for "p"`);
    expect(() => adam(build, { constructor: p }, {})).toThrow(`adam: "gradients" has none for "constructor"`);
    expect(() => adam(build, { p }, { p: build.scalar(1) })).toThrow(`adamFirstMoment: "g" expected [2], got []`);
    for (const options of [{ beta1: 1 }, { beta2: -0.1 }, { epsilon: 0 }, { beta1: Number.NaN }]) {
      expect(() => adam(build, { p }, { p }, options)).toThrow(RangeError);
      expect(() => new AdamSchedule(options)).toThrow(RangeError);
    }
  });
});
