/** Convolutions and pools: values, gradients and second derivatives against PyTorch in float64; layers; bad arguments. */
import { describe, expect, it } from "vitest";
import {
  conv2d,
  conv2dTranspose,
  GraphBuilder,
  interpret,
  type Node,
  type Padding,
  type Shape,
  vjp,
} from "../src/index.ts";
import { expectRelative } from "./support/close.ts";
import { readFixture } from "./support/fixture.ts";

type Pair = readonly [number, number];
interface Case {
  readonly op: "conv2d" | "conv2dTranspose" | "depthwiseConv2d" | "maxPool2d" | "avgPool2d";
  readonly options: {
    readonly strides: Pair;
    readonly dilations?: Pair;
    readonly padding: Padding;
    readonly window?: Pair;
  };
  readonly inputs: Readonly<Record<string, { readonly shape: Shape; readonly data: readonly number[] }>>;
  readonly shape: Shape;
  readonly value: readonly number[];
  readonly gradients: Readonly<Record<string, readonly number[]>>;
  readonly second: Readonly<Record<string, readonly number[]>>;
}

const { cases } = readFixture<{ readonly cases: readonly Case[] }>("images");

function apply(build: GraphBuilder, { op, options }: Case, [x, filter]: readonly Node[]): Node {
  if (op === "maxPool2d" || op === "avgPool2d") return build[op](x!, options.window!, options);
  return build[op](x!, filter!, options);
}

/** As the generator's: sum(w y^3) with w = 1, 2, 3, ... over the count. */
function lossOf(build: GraphBuilder, y: Node, { shape, value }: Case): Node {
  const weights = build.constant(
    shape as readonly number[],
    value.map((_, i) => (i + 1) / value.length),
  );
  return build.sum(build.mul(weights, build.mul(y, build.square(y))));
}

// Constants are rounded to float32 nowhere in the interpreter. At most some hundred operations on numbers up to 1e5:
// 1e-12 of the largest is about 5000 epsilons.
describe.each(
  cases.map((one) => ({
    title: `${one.op} ${JSON.stringify(one.options)} of ${JSON.stringify(Object.values(one.inputs).map(({ shape }) => shape))}`,
    one,
  })),
)("$title", ({ one }) => {
  const names = Object.keys(one.inputs);
  const build = new GraphBuilder();
  const nodes = names.map((key) => build.input(key, one.inputs[key]!.shape));
  const y = apply(build, one, nodes);
  const first = vjp(build, [lossOf(build, y, one)], nodes, [build.scalar(1)]);
  const penalty = first.map((g) => build.sum(build.square(g))).reduce((a, b) => build.add(a, b));
  const again = vjp(build, [penalty], nodes, [build.scalar(1)]);
  const outputs = Object.fromEntries(
    names.flatMap((key, i) => [
      [`d.${key}`, first[i]!],
      [`dd.${key}`, again[i]!],
    ]),
  );
  const program = build.program({ outputs: { y, ...outputs } });
  const fed = Object.fromEntries(names.map((key) => [key, Float64Array.from(one.inputs[key]!.data)]));
  const made = interpret(program, { inputs: fed, state: {}, batch: 1 }).outputs;

  it("has PyTorch's values", () => {
    expect(y.shape).toEqual(one.shape);
    expectRelative(made["y"]!.data, one.value, 1e-12);
  });

  it("has PyTorch's gradients", () => {
    for (const key of names) expectRelative(made[`d.${key}`]!.data, one.gradients[key]!, 1e-12, key);
  });

  it("has PyTorch's second derivatives", () => {
    for (const key of names) expectRelative(made[`dd.${key}`]!.data, one.second[key]!, 1e-12, key);
  });
});

describe("layers", () => {
  it("conv2d is activation(conv2d(x, kernel) + bias), named and started as PyTorch's", () => {
    const build = new GraphBuilder();
    const x = build.input("x", ["batch", 8, 8, 2]);
    const y = conv2d(build, x, {
      name: "encoder.conv0",
      filters: 3,
      window: 4,
      strides: 2,
      padding: "same",
      activation: "relu",
    });
    expect(y).toMatchObject({ shape: ["batch", 4, 4, 3], name: "encoder/conv0/relu" });
    const init = { kind: "uniform", limit: 1 / Math.sqrt(4 * 4 * 2) };
    expect(build.stateSpec).toEqual({
      "encoder.conv0.kernel": { shape: [4, 4, 2, 3], init },
      "encoder.conv0.bias": { shape: [3], init },
    });
    const spec = build.stateSpec;
    const again = build.conv2d(x, build.state("encoder.conv0.kernel", spec["encoder.conv0.kernel"]!), {
      strides: 2,
      padding: "same",
    });
    expect(build.relu(build.add(again, build.state("encoder.conv0.bias", spec["encoder.conv0.bias"]!)))).toBe(y);
  });

  it("conv2dTranspose likewise", () => {
    const build = new GraphBuilder();
    const x = build.input("x", ["batch", 7, 7, 4]);
    const y = conv2dTranspose(build, x, { name: "up", filters: 2, window: [3, 5], strides: 2, padding: "same" });
    expect(y).toMatchObject({ op: "add", shape: ["batch", 14, 14, 2], name: "up/bias" });
    const init = { kind: "uniform", limit: 1 / Math.sqrt(3 * 5 * 2) };
    expect(build.stateSpec).toEqual({ "up.kernel": { shape: [3, 5, 2, 4], init }, "up.bias": { shape: [2], init } });
  });

  it("refuse what is no image", () => {
    const build = new GraphBuilder();
    const x = build.input("x", ["batch", 7]);
    const message = `"x" expected [batch, height, width, channels], got [batch, 7]`;
    expect(() => conv2d(build, x, { name: "a", filters: 2, window: 3 })).toThrow(
      new RangeError(`conv2d "a": ${message}`),
    );
    expect(() => conv2dTranspose(build, x, { name: "a", filters: 2, window: 3 })).toThrow(
      `conv2dTranspose "a": ${message}`,
    );
    expect(build.stateSpec).toEqual({});
  });
});

describe("the builder", () => {
  const build = new GraphBuilder();
  const x = build.input("x", ["batch", 5, 5, 2]);
  const filter = build.input("filter", [3, 3, 2, 4]);

  it("writes explicit padding however it was asked for", () => {
    const { attributes } = build.conv2d(x, filter, { strides: 2, padding: "same" });
    expect(attributes).toEqual({ strides: [2, 2], dilations: [1, 1], pads: [1, 1, 1, 1] });
    expect(
      build.conv2d(x, filter, {
        strides: [2, 2],
        padding: [
          [1, 1],
          [1, 1],
        ],
      }).attributes,
    ).toEqual(attributes);
    expect(build.conv2d(x, filter).attributes).toEqual(build.conv2d(x, filter, { padding: "valid" }).attributes);
    expect(build.maxPool2d(x, [2, 3]).attributes).toEqual({ window: [2, 3], strides: [2, 3], pads: [0, 0, 0, 0] });
  });

  it("refuses padding, strides, windows and nodes that are none", () => {
    const padding = "full" as unknown as Padding;
    const message = `conv2d: "padding" expected same, valid or [[top, bottom], [left, right]]`;
    expect(() => build.conv2d(x, filter, { padding })).toThrow(new TypeError(message));
    expect(() => build.conv2d(x, filter, { strides: 0, padding: "same" })).toThrow(
      `conv2d: "strides" expected two integers from 1 to 1048576, got [0, 0]`,
    );
    expect(() => build.avgPool2d(x, 0)).toThrow(
      `avgPool2d: "window" expected two integers from 1 to 1048576, got [0, 0]`,
    );
    expect(() => build.conv2dTranspose(x, filter, { padding: "same" })).toThrow(
      `conv2dInputGrad: "g" expected [batch, 5, 5, 4], got [batch, 5, 5, 2]`,
    );
    const foreign = new GraphBuilder().input("x", ["batch", 5, 5, 2]);
    for (const use of [
      () => build.conv2d(foreign, filter),
      () => build.conv2d(x, foreign),
      () => build.maxPool2d(foreign, 2),
    ]) {
      expect(use).toThrow(TypeError);
    }
  });
});
