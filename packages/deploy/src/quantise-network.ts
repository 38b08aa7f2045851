import { GraphBuilder, interpret, type Node, type StoredTensor } from "@isthmus/graph";
import { MAX_BIAS, MAX_TAPS } from "@isthmus/edge/format";
import type { ActivationQuantiser, ActivationRanges } from "./activation-quantiser.ts";
import { fixedPoint } from "./fixed-point.ts";
import type { ChannelGrid, Grid } from "./grid.ts";
import { LayerWriter, type Read, stepsOf, type StoredLayer } from "./layer-writer.ts";
import { type Activation, channelsOf, isTransposed, type Layer } from "./layers.ts";
import { type Network, parameterOf, refused } from "./network.ts";

export interface QuantiseOptions {
  /** Of `calibrate`, with the same outputs in the same order. */
  readonly ranges: ActivationRanges;
  /** The outputs to make, and the grid that each snaps to. */
  readonly outputs: Readonly<Record<string, Grid>>;
}

/**
 * A network in integers, still as a graph: its weights are int8 with a scale for each channel, its values int8 with a scale and a zero
 * point for each tensor, and its outputs int32 in steps of a grid. The float64 interpreter runs it exactly, and is the reference for
 * every other reader.
 *
 * @throws IsthmusError `DEPLOY_OPERATION` an operation that has no form in integers, by name
 * @throws RangeError unknown outputs, a range or a step that is missing or out of range
 */
export function quantiseNetwork(network: Network, { ranges, outputs }: QuantiseOptions): Network {
  return new Quantiser(network, ranges, outputs).write();
}

class Quantiser extends LayerWriter {
  private readonly parameters: Record<string, StoredTensor> = {};

  write(): Network {
    return { program: this.writeProgram(), parameters: this.parameters };
  }

  protected override input(node: Node, quantiser: ActivationQuantiser): Node {
    const x = this.build.input(node.attributes["name"] as string, node.shape, node.dtype);
    return this.build.emit("quantise", [x], { ...quantiser }, "quantise");
  }

  protected override head(layer: Layer, x: Read, grid: ChannelGrid): Node {
    return this.sums(layer, x, grid, { zero: 0, low: -(2 ** 31), high: 2 ** 31 - 1, slope: 1, table: [] });
  }

  /** int8, with the activation as bounds, as a second multiplier or as a table. */
  protected override hidden(layer: Layer, x: Read, stored: StoredLayer): Node {
    const { sum } = stored;
    const { activation } = layer;
    const [low, high] = boundsOf(activation).map((bound) => storedBound(bound, sum)) as [number, number];
    const slope = activation?.kind === "leakyRelu" ? activation.slope : 1;
    const table = activation?.kind === "table" ? tableOf(activation.op, sum, stored.quantiser) : [];
    const steps = stepsOf(layer, stored);
    const offsets = steps.map(() => 0);
    return this.sums(layer, x, { steps, offsets }, { zero: sum.zero, low, high, slope, table });
  }

  private sums(layer: Layer, x: Read, { steps, offsets }: ChannelGrid, { slope, ...bounds }: Bounds): Node {
    const { linear, factor } = layer;
    const centred = this.build.sub(x.node, this.build.scalar(x.quantiser.zero));
    const biases = this.biases(layer, offsets);
    const weights = this.weights(layer, biases, x.quantiser.scale * factor, x.gains);
    const op = linear.op === "avgPool2d" ? "depthwiseConv2d" : linear.op;
    const products = this.build.emit(op, [centred, weights.node], weights.attributes, linear.name);
    const sum = layer.cuts.reduce((of, { attributes }) => this.build.emit("slice", [of], attributes), products);
    const units = weights.scales.map((scale) => scale * x.quantiser.scale * factor);
    const righted = biases.map((bias, c) => bias - factor * weights.shifts[c]!);
    const attributes = { ...channelsWith(righted, { units, steps, slope }), ...bounds };
    return this.build.emit("requantise", [sum], attributes, `${linear.name ?? linear.op}/requantise`);
  }

  private weights(layer: Layer, biases: Float64Array, inputScale: number, gains?: Float64Array): Weights {
    const { linear } = layer;
    if (linear.op === "avgPool2d") return this.averaging(linear, gains);
    const state = this.program.nodes[linear.inputs[1]!]!;
    const name = state.attributes["name"] as string;
    const shape = state.shape as readonly number[];
    const axes = weightAxes(shape, isTransposed(layer));
    const values = gained(parameterOf(this.network, name), axes, gains);
    const channels = channelsOf(layer);
    requireTaps(linear, values.length / channels);
    const channelOf = (i: number): number => (linear.op === "depthwiseConv2d" ? i % channels : axes.output(i));
    const scales = new Float64Array(channels);
    values.forEach((value, i) => (scales[channelOf(i)] = Math.max(scales[channelOf(i)]!, Math.abs(value) / 127)));
    // A bias of more than 2^29 units takes larger units.
    scales.forEach(
      (scale, c) => (scales[c] = Math.max(scale, Math.abs(biases[c]!) / (inputScale * (MAX_BIAS / 2 - 1))) || 1),
    );
    const data = Float32Array.from(values, (value, i) => clampedToInt8(value / scales[channelOf(i)]!));
    const shifts = new Float64Array(channels);
    const means = this.meansBefore(layer, gains);
    // What rounding weights adds to the mean of each channel, where the means of what they read are known.
    values.forEach((value, i) => {
      const c = channelOf(i);
      if (means) shifts[c]! += (data[i]! * scales[c]! - value) * means[axes.input(i)]!;
    });
    return { node: this.parameter(name, shape, data), attributes: linear.attributes, scales, shifts };
  }

  /** A mean is a depthwise convolution with weights of 1. */
  private averaging(node: Node, gains?: Float64Array): Weights {
    const { window, strides, pads } = node.attributes;
    if ((pads as readonly number[]).some((pad) => pad > 0))
      throw refused(node, "a mean that leaves out what lies beside the image");
    const [rows, columns] = window as unknown as readonly [number, number];
    const channels = node.shape.at(-1) as number;
    requireTaps(node, rows * columns);
    const data = new Float32Array(rows * columns * channels).fill(1);
    const kernel = this.parameter(`averages.${node.id}`, [rows, columns, channels, 1], data);
    const scales = Float64Array.from({ length: channels }, (_, c) => (gains?.[c] ?? 1) / (rows * columns));
    const attributes = { strides: strides!, pads: pads!, dilations: [1, 1] };
    return { node: kernel, attributes, scales, shifts: new Float64Array(channels) };
  }

  private parameter(name: string, shape: readonly number[], data: Float32Array): Node {
    const known = this.parameters[name]?.data as Float32Array | undefined;
    if (known && !known.every((value, i) => value === data[i])) {
      throw new RangeError(`"network" reads the weight "${name}" after values of different scales`);
    }
    this.parameters[name] = { shape: [...shape], data };
    return this.build.state(name, { shape, init: { kind: "zeros" } });
  }

  /** Less the offsets of what is stored. */
  private biases({ bias, factor }: Layer, offsets: Float64Array): Float64Array {
    if (!bias) return offsets.map((offset) => -offset);
    const { name, values } = bias.attributes;
    const given = bias.op === "constant" ? (values as readonly number[]) : parameterOf(this.network, name as string);
    return offsets.map((offset, c) => factor * given[c]! - offset);
  }
}

/** Biases and factors of channels whose sums count `units`, and are stored in `steps`, those below 0 in as many as `slope` times. */
function channelsWith(
  biases: Float64Array,
  { units, steps, slope }: { readonly units: Float64Array; readonly steps: Float64Array; readonly slope: number },
): Record<string, number[]> {
  const factors = Array.from(units, (unit, c) => fixedPoint(unit / steps[c]!));
  const multipliers = factors.map(({ multiplier }) => multiplier);
  return {
    biases: Array.from(biases, (value, c) => Math.round(value / units[c]!)),
    multipliers,
    negatives: multipliers.map((multiplier) => Math.round(slope * multiplier)),
    shifts: factors.map(({ shift }) => shift),
  };
}

interface Weights {
  readonly node: Node;
  readonly attributes: Node["attributes"];
  readonly scales: Float64Array;
  /** What rounding the weights adds to each channel's mean. */
  readonly shifts: Float64Array;
}

/** What a layer's sums are clamped to, and the table that they are looked up in. */
interface Bounds {
  readonly zero: number;
  readonly low: number;
  readonly high: number;
  /** Of what is below 0. */
  readonly slope: number;
  readonly table: readonly number[];
}

/** Of the numbers behind an activation. */
function boundsOf(activation: Activation | undefined): readonly [number, number] {
  if (activation?.kind === "clamp") return [activation.low, activation.high];
  return [activation?.kind === "relu" ? 0 : -Infinity, Infinity];
}

function storedBound(bound: number, { scale, zero }: ActivationQuantiser): number {
  return Math.min(Math.max(Math.round(bound / scale) + zero, -128), 127);
}

/** Where weights [..., inputs, outputs], or [..., outputs, inputs], have the input and the output of their number i. */
interface WeightAxes {
  readonly input: (i: number) => number;
  readonly output: (i: number) => number;
}

function weightAxes(shape: readonly number[], transposed: boolean): WeightAxes {
  const [first, last] = shape.slice(-2) as [number, number];
  const outer = (i: number): number => Math.floor(i / last) % first;
  const inner = (i: number): number => i % last;
  return transposed ? { input: inner, output: outer } : { input: outer, output: inner };
}

/** Weights times the gains of what they read; a flattened image's inputs take turns. */
function gained(values: Float32Array, { input }: WeightAxes, gains?: Float64Array): Float64Array {
  return Float64Array.from(values, (value, i) => value * (gains?.[input(i) % gains.length] ?? 1));
}

function clampedToInt8(value: number): number {
  return Math.min(Math.max(Math.round(value), -127), 127);
}

function requireTaps(node: Node, taps: number): void {
  if (taps > MAX_TAPS) throw refused(node, `each of its sums has ${taps} products, more than ${MAX_TAPS}`);
}

/** A function of one number on all int8. */
function tableOf(op: string, from: ActivationQuantiser, to: ActivationQuantiser): number[] {
  const build = new GraphBuilder();
  const program = build.program({ outputs: { y: build.emit(op, [build.input("x", [256])]) } });
  const x = Float64Array.from({ length: 256 }, (_, i) => from.scale * (i - 128 - from.zero));
  const { data } = interpret(program, { inputs: { x }, state: {}, batch: 1 }).outputs["y"]!;
  return Array.from(data, (value) => Math.min(Math.max(Math.round(value / to.scale) + to.zero, -128), 127));
}
