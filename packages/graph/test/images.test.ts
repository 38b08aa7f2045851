/** Convolutions and pools: values, gradients and second derivatives against PyTorch in float64; layers; bad arguments. */
import { describe, expect, it } from "vitest";
import { GraphBuilder, interpret, type Node, type Padding, type Shape, vjp } from "../src/index.ts";
import { expectRelative } from "./support/close.ts";
import { readFixture } from "./support/fixture.ts";

type Pair = readonly [number, number];
interface Case {
  readonly op: "conv2d" | "conv2dTranspose" | "depthwiseConv2d" | "maxPool2d" | "avgPool2d";
  readonly options: { readonly strides: Pair; readonly dilations?: Pair; readonly padding: Padding; readonly window?: Pair };
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
describe.each(cases.map((one) => ({ title: `${one.op} ${JSON.stringify(one.options)} of ${JSON.stringify(Object.values(one.inputs).map(({ shape }) => shape))}`, one })))(
  "$title",
  ({ one }) => {
    const names = Object.keys(one.inputs);
    const build = new GraphBuilder();
    const nodes = names.map((key) => build.input(key, one.inputs[key]!.shape));
    const y = apply(build, one, nodes);
    const first = vjp(build, [lossOf(build, y, one)], nodes, [build.scalar(1)]);
    const penalty = first.map((g) => build.sum(build.square(g))).reduce((a, b) => build.add(a, b));
    const again = vjp(build, [penalty], nodes, [build.scalar(1)]);
    const outputs = Object.fromEntries(names.flatMap((key, i) => [[`d.${key}`, first[i]!], [`dd.${key}`, again[i]!]]));
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
  },
);
