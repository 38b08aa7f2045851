import {
  type Activation,
  conv2d,
  conv2dTranspose,
  dense,
  elementCount,
  GraphBuilder,
  interpret,
  type Node,
  type StoredTensor,
} from "@isthmus/graph";
import { Randomness } from "./randomness.ts";
import type { Network } from "../src/index.ts";

/** A network of the nodes that `make` writes on an input `x`, with parameters of standard deviation near 1 / sqrt(taps). */
export function networkOf(
  shape: readonly number[],
  make: (build: GraphBuilder, x: Node) => Record<string, Node>,
  seed = 1,
): Network {
  const build = new GraphBuilder();
  const outputs = make(build, build.input("x", ["batch", ...shape]));
  const program = build.program({ outputs });
  const draw = new Randomness(seed);
  const parameters: Record<string, StoredTensor> = {};
  for (const [name, { shape: sizes }] of Object.entries(program.state)) {
    const taps = elementCount(sizes.slice(0, -1));
    const data = Float32Array.from({ length: elementCount(sizes) }, () => draw.normal() / Math.sqrt(taps + 1));
    parameters[name] = { shape: [...sizes], data };
  }
  return { program, parameters };
}

/** Items of numbers in [0, 1), one after the other. */
export function items(count: number, length: number, seed = 2): Float32Array {
  const draw = new Randomness(seed);
  return Float32Array.from({ length: count * length }, () => draw.uniform());
}

/** The outputs of a network by the float64 interpreter, [batch, ...]. */
export function interpreted(
  { program, parameters }: Network,
  x: Float32Array,
  batch: number,
): Record<string, Float64Array> {
  const state = Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, data as Float32Array]));
  const { outputs } = interpret(program, { inputs: { x }, state, batch });
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, Float64Array.from(data)]));
}

/** Everything that has a form in integers, in one network: strided, dilated, depthwise and padded windows, pools, tables, two outputs. */
export function manyKinds(activation: Exclude<Activation, "linear"> = "relu"): Network {
  return networkOf([9, 8, 3], (build, x) => {
    const first = conv2d(build, x, {
      name: "first",
      filters: 5,
      window: [3, 2],
      strides: [2, 1],
      padding: "same",
      activation,
    });
    const filter = build.state("deep.kernel", { shape: [2, 2, 5, 2], init: { kind: "zeros" } });
    const deep = build.relu(
      build.emit("depthwiseConv2d", [first, filter], { strides: [1, 1], dilations: [1, 2], pads: [1, 0, 0, 1] }),
    );
    const most = build.maxPool2d(deep, 2, { strides: 2, padding: "same" });
    const mean = build.avgPool2d(most, [2, 1], { strides: 1 });
    const flat = build.reshape(mean, ["batch", elementCount(mean.shape.slice(1))]);
    const scaled = build.mul(dense(build, flat, { name: "hidden", units: 20 }), build.scalar(3));
    const hidden = build.emit(activation, [scaled]);
    return {
      mu: dense(build, hidden, { name: "mu", units: 6 }),
      logVar: dense(build, hidden, { name: "logVar", units: 4 }),
    };
  });
}

/** A decoder: transposed convolutions, what they make too much of cut off before and behind activations, clamps, and leaky ReLUs. */
export function decoder(): Network {
  return networkOf([6], (build, z) => {
    const leaky = (x: Node): Node => build.maximum(x, build.mul(x, build.scalar(0.2)));
    const cut = (x: Node, height: number, width: number): Node =>
      build.slice(build.slice(x, { axis: 1, begin: 0, end: height }), { axis: 2, begin: 0, end: width });
    const flat = leaky(dense(build, z, { name: "dense", units: 2 * 3 * 5 }));
    const smallest = build.reshape(flat, ["batch", 2, 3, 5]);
    const options = { window: 4, strides: 2, padding: "same" } as const;
    const first = conv2dTranspose(build, smallest, { ...options, name: "first", filters: 4, activation: "relu" });
    const second = conv2dTranspose(build, cut(first, 3, 5), { ...options, name: "second", filters: 3 });
    const relu6 = build.minimum(build.relu(build.mul(cut(second, 5, 9), build.scalar(4))), build.scalar(0.6));
    const third = conv2dTranspose(build, relu6, { name: "third", filters: 4, window: [2, 3], dilations: [1, 2] });
    const bounded = build.maximum(build.minimum(third, build.scalar(0.4)), build.scalar(-0.3));
    const image = conv2dTranspose(build, bounded, {
      name: "image",
      filters: 2,
      window: 3,
      strides: [2, 1],
      padding: "same",
    });
    return { image: build.reshape(cut(image, 11, 13), ["batch", 11 * 13 * 2]) };
  });
}
