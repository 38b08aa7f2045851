import { describe, expect, it } from "vitest";
import { GraphBuilder, interpret, type Node, type Program, type Shape } from "../src/index.ts";

const zeros = { kind: "zeros" } as const;

function evaluate(build: GraphBuilder, value: Node, inputs: Record<string, Float64Array> = {}, batch = 1) {
  const program = build.program({ outputs: { value } });
  const fed = Object.fromEntries(Object.keys(program.inputs).map((name) => [name, inputs[name]!]));
  return interpret(program, { inputs: fed, state: {}, batch }).outputs["value"]!;
}

describe("nodes", () => {
  it("are one when operation, inputs and attributes are equal, whatever the name and the order of attributes", () => {
    const build = new GraphBuilder();
    const x = build.input("x", ["batch", 2]);
    expect(build.input("x", ["batch", 2])).toBe(x);
    expect(build.tanh(x, "one")).toBe(build.tanh(x, "two"));
    expect(build.tanh(x).name).toBe("one");
    expect(build.emit("sum", [x], { axes: [1], keepDims: true })).toBe(
      build.emit("sum", [x], { keepDims: true, axes: [1] }),
    );
    expect(build.sum(x, { axes: [-1] })).toBe(build.sum(x, { axes: [1] }));
    expect(build.sub(x, build.exp(x))).not.toBe(build.sub(build.exp(x), x));
    expect(build.scalar(-0)).toBe(build.scalar(0));
    expect(Object.is((build.scalar(-0).attributes["values"] as number[])[0], 0)).toBe(true);
  });

  it("are named by the scopes they were made in, also after one failed", () => {
    const build = new GraphBuilder();
    const x = build.input("x", [2]);
    const fail = () => {
      throw new Error("inside");
    };
    expect(() => build.scope("bad", fail)).toThrow("inside");
    const y = build.scope("encoder", () => build.scope("dense0", () => build.relu(x, "relu")));
    expect(y.name).toBe("encoder/dense0/relu");
    expect(build.exp(x).name).toBeUndefined();
  });

  it("of another builder are refused wherever one is taken, also where nothing would be emitted", () => {
    const build = new GraphBuilder();
    const x = build.input("x", ["batch", 2]);
    const other = new GraphBuilder();
    const [seed, step] = [build.input("seed", [2], "i32"), other.input("step", [2], "i32")];
    const foreign = other.input("x", ["batch", 2]);
    const uses: readonly (() => unknown)[] = [
      () => build.add(x, foreign),
      () => build.add(build.scalar(0), foreign),
      () => build.add(foreign, build.scalar(0)),
      () => build.sub(foreign, build.scalar(0)),
      () => build.mul(build.scalar(1), foreign),
      () => build.mul(foreign, build.scalar(1)),
      () => build.mul(other.scalar(1), x),
      () => build.div(foreign, build.scalar(1)),
      () => build.sum(foreign, { axes: [] }),
      () => build.mean(foreign),
      () => build.size(foreign),
      () => build.reshape(foreign, ["batch", 2]),
      () => build.broadcastTo(foreign, ["batch", 2]),
      () => build.cast(foreign),
      () => build.randomNormal([2], { seed, step, stream: "s" }),
      () => build.program({ outputs: { foreign } }),
      () => build.program({ outputs: { x }, updates: { w: foreign } }),
      () => build.program({ outputs: { x }, guard: other.scalar(1) }),
      () => build.exp(undefined as unknown as Node),
      () => build.exp(3 as unknown as Node),
    ];
    for (const use of uses) expect(use, String(use)).toThrow(TypeError);
    expect(() => build.add(x, foreign)).toThrow(`add: "b" expected a node of this builder, got one of another`);
    expect(() => build.exp(3 as unknown as Node)).toThrow(`exp: "x" expected a node of this builder, got 3`);
  });
});

describe("simplifications", () => {
  const shapes: readonly Shape[] = [[], [1], [3], ["batch", 3]];

  it.each(shapes)("by a neutral scalar keep the shape: %j", (...dims) => {
    const build = new GraphBuilder();
    const x = build.input("x", dims as Shape);
    const [zero, one] = [build.scalar(0), build.scalar(1)];
    const same = [
      build.add(x, zero),
      build.add(zero, x),
      build.sub(x, zero),
      build.mul(x, one),
      build.mul(one, x),
      build.div(x, one),
    ];
    for (const value of same) expect(value).toBe(x);
  });

  it("are made for scalars only: a larger constant may broadcast", () => {
    const build = new GraphBuilder();
    const x = build.input("x", [1]);
    expect(build.add(x, build.constant([3], [0, 0, 0])).shape).toEqual([3]);
    expect(build.mul(build.constant([1, 1], [1]), x).shape).toEqual([1, 1]);
    expect(build.sub(build.scalar(0), x).op).toBe("sub");
    expect(build.div(build.scalar(1), x).op).toBe("div");
  });

  it("refuse integers, as the operations would", () => {
    const build = new GraphBuilder();
    const ids = build.input("ids", [2], "i32");
    const message = `expected f32, got i32; cast it first`;
    expect(() => build.add(build.scalar(0), ids)).toThrow(new TypeError(`add: "b" ${message}`));
    expect(() => build.mul(ids, build.scalar(1))).toThrow(new TypeError(`mul: "a" ${message}`));
    expect(() => build.sub(ids, build.scalar(0))).toThrow(TypeError);
    expect(() => build.div(ids, build.scalar(1))).toThrow(TypeError);
    expect(() => build.sum(ids, { axes: [] })).toThrow(new TypeError(`sum: "x" ${message}`));
    expect(() => build.max(build.input("one", [1], "u8"))).toThrow(TypeError);
  });

  it("of reductions over nothing or single elements keep the values", () => {
    const build = new GraphBuilder();
    const x = build.input("x", ["batch", 1, 2]);
    expect(build.sum(x, { axes: [] })).toBe(x);
    expect(build.max(x, { axes: [1] })).toMatchObject({ op: "reshape", shape: ["batch", 2] });
    expect(build.sum(x, { axes: [1], keepDims: true })).toBe(x);
    expect(() => build.sum(x, { axes: [1, -2] })).toThrow(
      new RangeError(`sum: "axes" expected each axis once, got [1, -2]`),
    );
    expect(() => build.sum(x, { axes: [3] })).toThrow(`sum: "axes" expected integers in [-3, 3), got 3`);
  });
});

describe("size and mean", () => {
  it("count the batch of the run", () => {
    const build = new GraphBuilder();
    const x = build.input("x", ["batch", 3]);
    const data = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    expect(evaluate(build, build.size(x), { x: data }, 4).data[0]).toBe(12);
    expect(evaluate(build, build.size(x, [0]), { x: data }, 4).data[0]).toBe(4);
    expect(evaluate(build, build.size(x, [-1])).data[0]).toBe(3);
    expect(evaluate(build, build.size(x, [])).data[0]).toBe(1);
    expect(evaluate(build, build.mean(x), { x: data }, 4).data[0]).toBe(6.5);
    expect([...evaluate(build, build.mean(x, { axes: [0] }), { x: data }, 4).data]).toEqual([5.5, 6.5, 7.5]);
    expect(evaluate(build, build.mean(x, { axes: [1], keepDims: true }), { x: data }, 4).shape).toEqual([4, 1]);
  });
});

describe("unbroadcast", () => {
  it.each<[Shape, Shape, Shape, Shape]>([
    [["batch", 3], ["batch", 3], [3], [3]],
    [[], ["batch", 3], [3], [1]],
    [[], ["batch", 3], ["batch", 3], []],
    [[3], ["batch", 3], ["batch", 1], [1, 1]],
    [[], ["batch", 3], [], []],
    [
      ["batch", 1],
      ["batch", 3],
      [1, 1],
      [1, 1],
    ],
    [
      [1, 3],
      [2, 1, 3],
      [1, 1],
      [1, 1],
    ],
    [
      [2, 1, 3],
      [2, 1, 3],
      [1, 3],
      [1, 3],
    ],
  ])("of %j, which stands for %j, to %j stays as small as it may: %j", (own, from, to, result) => {
    const build = new GraphBuilder();
    expect(build.unbroadcast(build.input("g", own), from, to).shape).toEqual(result);
  });
});

describe("state", () => {
  it("is one tensor by its name, and refused when declared differently", () => {
    const build = new GraphBuilder();
    const w = build.state("w", { shape: [2], init: zeros });
    expect(build.state("w", { shape: [2], init: zeros })).toBe(w);
    expect(() => build.state("w", { shape: [3], init: zeros })).toThrow(RangeError);
    expect(() => build.state("w", { shape: [2], init: { kind: "uniform", limit: 1 } })).toThrow(
      `state "w": declared twice, as {"init":{"kind":"zeros"},"shape":[2]} and {"init":{"kind":"uniform","limit":1},"shape":[2]}`,
    );
    expect(build.stateSpec).toEqual({ w: { shape: [2], init: zeros } });
  });

  it("does not change when the caller's array does", () => {
    const build = new GraphBuilder();
    const shape = [2];
    const values = [1, 2];
    build.state("w", { shape, init: zeros });
    const c = build.constant([2], values);
    shape[0] = 7;
    values[0] = 7;
    expect(build.stateSpec["w"]!.shape).toEqual([2]);
    expect(c.attributes["values"]).toEqual([1, 2]);
  });

  it("may be called like a property of every object, but not __proto__", () => {
    const build = new GraphBuilder();
    const w = build.state("constructor", { shape: [], init: zeros });
    expect(Object.keys(build.program({ outputs: { toString: w } }).state)).toEqual(["constructor"]);
    expect(() => build.state("__proto__", { shape: [], init: zeros })).toThrow(RangeError);
    expect(() => build.input("__proto__", [])).toThrow(RangeError);
    expect(() => build.program({ outputs: Object.fromEntries([["__proto__", w]]) })).toThrow(RangeError);
  });

  it("refuses initialisers that are none", () => {
    const build = new GraphBuilder();
    for (const limit of [-1, Number.NaN, Infinity, "1" as unknown as number]) {
      expect(() => build.state("w", { shape: [], init: { kind: "uniform", limit } })).toThrow(RangeError);
    }
    expect(() => build.state("w", { shape: [], init: { kind: "ones" } as never })).toThrow(
      `state "w": "init" expected zeros, constant or uniform, got "ones"`,
    );
    expect(() => build.state("w", { shape: [], init: { kind: "constant", value: Infinity } })).toThrow(
      `state "w": "value" expected a finite number, got Infinity`,
    );
    expect(build.stateSpec).toEqual({});
  });
});

describe("noise", () => {
  const sources = (build: GraphBuilder) => ({
    seed: build.input("seed", [2], "i32"),
    step: build.input("step", [2], "i32"),
  });

  it("refuses a stream used twice and names that collide", () => {
    const build = new GraphBuilder();
    const source = sources(build);
    build.randomNormal(["batch", 2], { ...source, stream: "costarring" });
    expect(() => build.randomUniform([1], { ...source, stream: "costarring" })).toThrow(
      new RangeError(`randomUniform: stream "costarring" is used twice`),
    );
    // Known to share their 32-bit FNV-1a hash.
    expect(() => build.randomNormal([1], { ...source, stream: "liquid" })).toThrow(
      new RangeError(`randomNormal: stream "liquid" collides with "costarring"`),
    );
  });

  it("does not take a stream when it was refused", () => {
    const build = new GraphBuilder();
    const source = sources(build);
    expect(() => build.randomNormal([0], { ...source, stream: "s" })).toThrow(RangeError);
    expect(build.randomNormal([1], { ...source, stream: "s" }).shape).toEqual([1]);
  });
});

describe("constants", () => {
  it("hold as many finite values as their shape", () => {
    const build = new GraphBuilder();
    expect(() => build.constant([2], [1])).toThrow(new RangeError(`constant: "values" expected 2 for [2], got 1`));
    for (const value of [Number.NaN, Infinity, "1" as unknown as number]) {
      expect(() => build.scalar(value)).toThrow(new RangeError(`constant: "values" expected finite numbers`));
    }
  });
});

describe("program", () => {
  function parts() {
    const build = new GraphBuilder();
    const unused = build.exp(build.input("unused", [7]));
    const x = build.input("x", ["batch", 2]);
    const w = build.state("w", { shape: [2], init: zeros });
    build.state("v", { shape: [3], init: zeros });
    return { build, unused, x, w, y: build.mul(x, w) };
  }

  it("keeps what the roots need, numbered in order, inputs first", () => {
    const { build, x, w, y } = parts();
    const loss = build.sum(y);
    const program: Program = build.program({ outputs: { y, x }, updates: { w: build.neg(w) }, guard: loss });
    expect(Object.keys(program.inputs)).toEqual(["x"]);
    expect(Object.keys(program.state)).toEqual(["w"]);
    expect(program.nodes.map(({ id }) => id)).toEqual(program.nodes.map((_, i) => i));
    for (const node of program.nodes) for (const input of node.inputs) expect(input).toBeLessThan(node.id);
    expect(program.nodes.some(({ op }) => op === "exp")).toBe(false);
    expect(program.nodes[program.guard!]!.op).toBe("sum");
    expect(program.nodes[program.outputs["y"]!]!.op).toBe("mul");
    expect(program.nodes[program.updates["w"]!]!.op).toBe("neg");
  });

  it("declares state that is only written", () => {
    const { build } = parts();
    const program = build.program({ outputs: {}, updates: { v: build.constant([3], [1, 2, 3]) } });
    expect(Object.keys(program.state)).toEqual(["v"]);
  });

  it("refuses an input of two types, unless only one is used", () => {
    const { build, x, y } = parts();
    const other = build.cast(build.input("x", ["batch", 2], "u8"));
    expect(() => build.program({ outputs: { y: build.add(x, other) } })).toThrow(
      new RangeError(`program: input "x" is declared twice with different types`),
    );
    expect(Object.keys(build.program({ outputs: { y } }).inputs)).toEqual(["x"]);
  });

  it("refuses updates of no state tensor or of another type, and a guard that is no scalar", () => {
    const { build, x, w, y } = parts();
    const ids = build.input("ids", [2], "i32");
    expect(() => build.program({ outputs: {}, updates: { nobody: w } })).toThrow(
      new RangeError(`state: no tensor "nobody"`),
    );
    expect(() => build.program({ outputs: {}, updates: { toString: w } })).toThrow(RangeError);
    expect(() => build.program({ outputs: {}, updates: { v: w } })).toThrow(
      new RangeError(`program: state "v", f32 [3], is updated with f32 [2]`),
    );
    expect(() => build.program({ outputs: {}, updates: { w: ids } })).toThrow(`is updated with i32 [2]`);
    expect(() => build.program({ outputs: { x }, guard: y })).toThrow(
      new RangeError(`program: "guard" expected a scalar, got [batch, 2]`),
    );
  });
});

describe("interpret", () => {
  it("refuses inputs and state that are missing or of another length", () => {
    const build = new GraphBuilder();
    const y = build.mul(build.input("x", ["batch", 2]), build.state("w", { shape: [2], init: zeros }));
    const program = build.program({ outputs: { y } });
    const x = Float64Array.of(1, 2, 3, 4);
    const w = Float64Array.of(1, 2);
    const run = (inputs: Record<string, Float64Array>, state: Record<string, Float64Array>) =>
      interpret(program, { inputs, state, batch: 2 });
    expect([...run({ x }, { w }).outputs["y"]!.data]).toEqual([1, 4, 3, 8]);
    expect(() => run({}, { w })).toThrow(new TypeError(`interpret: input "x" is missing`));
    expect(() => run({ x }, {})).toThrow(new TypeError(`interpret: state "w" is missing`));
    expect(() => run({ x: w }, { w })).toThrow(new RangeError(`interpret: input "x" expected [2, 2], got 2 values`));
  });
});
