import { elementCount, fakeQuantise, type GraphBuilder, type Node, type Program } from "@isthmus/graph";
import { MAX_BIAS } from "@isthmus/edge/format";
import type { ActivationQuantiser } from "./activation-quantiser.ts";
import type { ChannelGrid } from "./grid.ts";
import { LayerWriter, type Read, type StoredLayer, stepsOf } from "./layer-writer.ts";
import { channelsOf, isTabled, isTransposed, type Layer } from "./layers.ts";
import type { QuantiseOptions } from "./quantise-network.ts";

/**
 * The network in floats with everything rounded as `quantiseNetwork` would round it: weights, biases and values, each read again as
 * the number that its integer stands for. Gradients pass what is rounded, so that its weights can be trained for what they become
 * (quantisation-aware training: Jacob, Kligys, Chen, Zhu, Tang, Howard, Adam, Kalenichenko 2018). It reads the parameters of the
 * network by their names; scales of weights follow them, those of values are the ranges'.
 *
 * Its outputs, to the nearest bin of their grid, are the integers' but where float32 adds up to the other side of a half.
 *
 * @throws as `quantiseNetwork`
 */
export function fakeQuantiseNetwork(program: Program, { ranges, outputs }: QuantiseOptions): Program {
  return new FakeQuantiser({ program, parameters: {} }, ranges, outputs).write();
}

/** Weights as integers that are read again. */
interface FakeWeights {
  /** In the form that they came in, with the gains of what they read taken out again; none of a mean. */
  readonly node?: Node;
  /** [channels], of weights times gains. */
  readonly scale: Node;
  /** [channels]: what rounding them adds to each mean. */
  readonly shift: Node;
}

class FakeQuantiser extends LayerWriter {
  write(): Program {
    return this.writeProgram();
  }

  protected override input(node: Node, { scale, zero }: ActivationQuantiser): Node {
    const x = this.build.input(node.attributes["name"] as string, node.shape, node.dtype);
    return fakeQuantise(this.build, x, { scale: this.build.scalar(scale), zero, low: -128, high: 127 });
  }

  protected override head(layer: Layer, x: Read, { offsets }: ChannelGrid): Node {
    return this.sum(layer, x, offsets);
  }

  protected override hidden(layer: Layer, x: Read, stored: StoredLayer): Node {
    const { build } = this;
    const { sum, quantiser } = stored;
    const sums = this.sum(layer, x, new Float64Array(channelsOf(layer)));
    const rounded = (of: Node, { zero }: ActivationQuantiser, steps: readonly number[]): Node =>
      fakeQuantise(build, of, { scale: build.constant([steps.length], steps), zero, low: -128, high: 127 });
    const steps = [...stepsOf(layer, stored)];
    if (!isTabled(layer)) return rounded(activated(build, sums, layer), sum, steps);
    return rounded(activated(build, rounded(sums, sum, steps), layer), quantiser, [quantiser.scale]);
  }

  /** Products, times the layer's factor, and the bias as it is added to the sum: whole units of it, less the offsets. */
  private sum(layer: Layer, x: Read, offsets: Float64Array): Node {
    const { build } = this;
    const { linear, factor } = layer;
    const inputScale = x.quantiser.scale * factor;
    const offset = build.constant([offsets.length], [...offsets]);
    const bias = build.sub(this.bias(layer), offset);
    const { node, scale, shift } = this.weights(layer, x, build.div(build.abs(bias), build.scalar(inputScale)));
    const uncut = build.emit(linear.op, node ? [x.node, node] : [x.node], linear.attributes);
    const products = layer.cuts.reduce((of, { attributes }) => build.emit("slice", [of], attributes), uncut);
    const righted = build.sub(bias, build.mul(build.scalar(factor), shift));
    const whole = fakeQuantise(build, righted, { scale: build.mul(build.scalar(inputScale), scale) });
    return build.add(build.mul(build.scalar(factor), products), build.add(whole, offset));
  }

  /** [channels], times the factor. */
  private bias(layer: Layer): Node {
    const { build } = this;
    const { bias, factor } = layer;
    const channels = channelsOf(layer);
    if (!bias) return build.constant([channels], new Array<number>(channels).fill(0));
    return build.mul(build.scalar(factor), build.reshape(this.leaf(bias), [channels]));
  }

  /** A state tensor or a constant of the network. */
  private leaf({ op, attributes, shape }: Node): Node {
    if (op === "constant") return this.build.emit(op, [], attributes);
    const name = attributes["name"] as string;
    return this.build.state(name, { ...this.program.state[name]!, shape: shape as readonly number[] });
  }

  private weights(layer: Layer, { gains }: Read, biasUnits: Node): FakeWeights {
    const { build } = this;
    const { linear } = layer;
    const channels = channelsOf(layer);
    if (linear.op === "avgPool2d") {
      const taps = elementCount(linear.attributes["window"] as readonly number[]);
      const scale = Array.from({ length: channels }, (_, c) => (gains?.[c] ?? 1) / taps);
      return { scale: build.constant([channels], scale), shift: build.scalar(0) };
    }
    const given = this.leaf(this.program.nodes[linear.inputs[1]!]!);
    const [first, last] = given.shape.slice(-2) as [number, number];
    const [inputs, isRow] = isTransposed(layer) ? [last, true] : [first, false];
    const perInput = (valueOf: (i: number) => number): Node =>
      build.constant(
        isRow ? [inputs] : [inputs, 1],
        Array.from({ length: inputs }, (_, i) => valueOf(i)),
      );
    const gain = perInput((i) => gains?.[i % gains.length] ?? 1);
    const values = gains ? build.mul(given, gain) : given;
    const rank = given.shape.length;
    const isDepthwise = linear.op === "depthwiseConv2d";
    const kept = isDepthwise ? [rank - 2, rank - 1] : [isRow ? rank - 2 : rank - 1];
    const taps = given.shape.map((_, axis) => axis).filter((axis) => !kept.includes(axis));
    const largest = build.reshape(build.max(build.abs(values), { axes: taps }), [channels]);
    // As quantiseNetwork has it: more than 2^29 units of a bias take larger units, and no weights and no bias any.
    const units = build.maximum(
      build.div(largest, build.scalar(127)),
      build.div(biasUnits, build.scalar(MAX_BIAS / 2 - 1)),
    );
    const scale = build.stopGradient(build.select(build.greater(units, build.scalar(0)), units, build.scalar(1)));
    const perTap = build.reshape(scale, isDepthwise ? [first, last] : isRow ? [channels, 1] : [channels]);
    const rounded = fakeQuantise(build, values, { scale: perTap, low: -127, high: 127 });
    const means = this.meansBefore(layer, gains);
    const moved = build.mul(
      build.sub(rounded, values),
      perInput((i) => means?.[i] ?? 0),
    );
    const shift = build.stopGradient(build.reshape(build.sum(moved, { axes: taps }), [channels]));
    return { node: gains ? build.div(rounded, gain) : rounded, scale, shift };
  }
}

function activated(build: GraphBuilder, x: Node, { activation }: Layer): Node {
  switch (activation?.kind) {
    case undefined:
      return x;
    case "relu":
      return build.relu(x);
    case "leakyRelu":
      return build.maximum(x, build.mul(build.scalar(activation.slope), x));
    case "clamp": {
      const { low, high } = activation;
      const raised = low > -Infinity ? build.maximum(x, build.scalar(low)) : x;
      return high < Infinity ? build.minimum(raised, build.scalar(high)) : raised;
    }
    case "table":
      return build.emit(activation.op, [x]);
  }
}
