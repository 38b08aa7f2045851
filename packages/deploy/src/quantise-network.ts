import { elementCount, GraphBuilder, type Node, type Program, type StoredTensor } from "@isthmus/graph";
import { interpret } from "@isthmus/graph";
import { MAX_BIAS, MAX_TAPS } from "@isthmus/edge";
import { type ActivationQuantiser, activationQuantiser } from "./activation-quantiser.ts";
import { type ActivationRanges, onlyInput } from "./calibrate.ts";
import { fixedPoint } from "./fixed-point.ts";
import { findLayers, isTabled, type Layer, unknownOperation } from "./layers.ts";
import { type Network, parameterOf, partOf, refused } from "./network.ts";

/**
 * What an output's integers count: q = round((y - offset) / step), in int32. One number for all, one for each channel of the last layer,
 * or one for each number of the output where channels agree.
 */
export interface Grid {
  readonly steps: ArrayLike<number>;
  /** Default: 0. */
  readonly offsets?: ArrayLike<number>;
}

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

/** A value in integers: int8, or the int32 of an output. */
interface Written {
  readonly node: Node;
  readonly quantiser?: ActivationQuantiser;
  /** What the steps of each channel, the last axis, are multiplied by: those of a flattened image take turns. */
  readonly gains?: Float64Array;
}

class Quantiser {
  private readonly network: Network;
  private readonly program: Program;
  private readonly ranges: ActivationRanges;
  private readonly layers: ReadonlyMap<number, Layer>;
  /** Grids by the ids of the nodes whose layers make outputs. */
  private readonly grids: ReadonlyMap<number, Grid>;
  private readonly build = new GraphBuilder();
  private readonly written = new Map<number, Written>();
  private readonly parameters: Record<string, StoredTensor> = {};

  constructor(network: Network, ranges: ActivationRanges, outputs: Readonly<Record<string, Grid>>) {
    this.network = network;
    this.program = partOf(network.program, Object.keys(outputs));
    onlyInput(this.program);
    this.ranges = ranges;
    this.layers = findLayers(this.program);
    this.grids = new Map(Object.entries(outputs).map(([name, grid]) => [this.headOf(name), grid]));
  }

  write(): Network {
    const inside = new Set([...this.layers.values()].flatMap(({ members }) => members.map(({ id }) => id)));
    for (const node of this.program.nodes) {
      const layer = this.layers.get(node.id);
      if (layer) this.written.set(layer.end.id, this.layer(layer));
      else if (!inside.has(node.id)) this.other(node);
    }
    const made = Object.entries(this.program.outputs).map(([name, id]) => [name, this.written.get(id)!.node] as const);
    return { program: this.build.program({ outputs: Object.fromEntries(made) }), parameters: this.parameters };
  }

  /** The last node of the layer that makes an output. */
  private headOf(name: string): number {
    const { nodes, outputs } = this.program;
    let node = nodes[outputs[name]!]!;
    while (node.op === "reshape") node = nodes[node.inputs[0]!]!;
    const layer = [...this.layers.values()].find(({ end }) => end === node);
    if (!layer) throw refused(node, `the output "${name}" is to come out of a layer`);
    if (layer.activation)
      throw refused(layer.activation, `the output "${name}" is to come out of a layer without an activation`);
    const readers = nodes.filter(({ op, inputs }) => op !== "reshape" && inputs.includes(node.id));
    if (readers.length > 0) throw refused(node, `the output "${name}" is read by "${readers[0]!.op}", too`);
    return node.id;
  }

  private other(node: Node): void {
    switch (node.op) {
      case "state":
      case "constant":
        return;
      case "input":
        return void this.written.set(node.id, this.input(node));
      case "reshape":
      case "maxPool2d": {
        const { node: x, ...rest } = this.valueOf(node);
        this.written.set(node.id, { node: this.build.emit(node.op, [x], node.attributes, node.name), ...rest });
        return;
      }
      default:
        throw unknownOperation(node);
    }
  }

  private valueOf(node: Node): Written {
    const value = this.written.get(node.inputs[0]!);
    if (value) return value;
    throw refused(node, "what it reads is no value but a parameter");
  }

  private input(node: Node): Written {
    const quantiser = this.quantiserOf(node);
    const x = this.build.input(node.attributes["name"] as string, node.shape, node.dtype);
    return { node: this.build.emit("quantise", [x], { ...quantiser }, "quantise"), quantiser };
  }

  private quantiserOf({ id }: Node): ActivationQuantiser {
    const range = this.ranges.get(id);
    if (range && Number.isFinite(range.min) && Number.isFinite(range.max) && range.min <= range.max) {
      return activationQuantiser(range);
    }
    const got = range ? `[${range.min}, ${range.max}]` : "nothing";
    throw new RangeError(
      `"ranges" expected what node ${id} is between, as calibrate gives for these outputs, got ${got}`,
    );
  }

  private layer(layer: Layer): Written {
    const { linear, end } = layer;
    const x = this.valueOf(linear);
    if (!x.quantiser) throw refused(linear, "it reads an output");
    const centred = this.build.sub(x.node, this.build.scalar(x.quantiser.zero));
    const grid = this.grids.get(end.id);
    const result = grid ? gridded(grid, layer) : this.rounded(layer);
    const biases = this.biases(layer, result.offsets);
    const weights = this.weights(layer, biases, x.quantiser.scale * layer.factor, x.gains);
    const op = linear.op === "avgPool2d" ? "depthwiseConv2d" : linear.op;
    const sum = this.build.emit(op, [centred, weights.node], weights.attributes, linear.name);
    const units = weights.scales.map((scale) => scale * x.quantiser!.scale * layer.factor);
    const righted = biases.map((bias, c) => bias - layer.factor * weights.shifts[c]!);
    const attributes = { ...channelsWith(righted, units, result.steps), ...result.bounds };
    const node = this.build.emit("requantise", [sum], attributes, `${linear.name ?? linear.op}/requantise`);
    const { quantiser, gains } = result;
    return { node, ...(quantiser && { quantiser }), ...(gains && { gains }) };
  }

  /** int8, with the activation as a bound or as a table. */
  private rounded(layer: Layer): Result {
    const channels = channelsOf(layer);
    const stored = this.quantiserOf(isTabled(layer) ? layer.sum : layer.end);
    const low = layer.activation?.op === "relu" ? stored.zero : -128;
    const gains = this.gains(layer);
    const quantiser = isTabled(layer) ? this.quantiserOf(layer.end) : stored;
    const table = isTabled(layer) ? tableOf(layer.activation!.op, stored, quantiser) : [];
    return {
      quantiser,
      ...(gains && { gains }),
      steps: Float64Array.from({ length: channels }, (_, c) => stored.scale * (gains?.[c] ?? 1)),
      offsets: new Float64Array(channels),
      bounds: { zero: stored.zero, low, high: 127, table },
    };
  }

  /**
   * Behind a ReLU: the square root of how far each channel reaches of the range that is kept, 1/64 of it at least. What is small there
   * gains as many bits as the weights that read it lose.
   */
  private gains({ activation, end }: Layer): Float64Array | undefined {
    const { maxima, max = 0 } = this.ranges.get(end.id) ?? {};
    if (activation?.op !== "relu" || !maxima || max <= 0) return undefined;
    return Float64Array.from(maxima, (value) => Math.sqrt(Math.min(Math.max(value / max, 1 / 64), 1)));
  }

  private weights(layer: Layer, biases: Float64Array, inputScale: number, gains?: Float64Array): Weights {
    const { linear } = layer;
    if (linear.op === "avgPool2d") return this.averaging(linear, gains);
    const state = this.program.nodes[linear.inputs[1]!]!;
    const name = state.attributes["name"] as string;
    const shape = state.shape as readonly number[];
    const values = gained(parameterOf(this.network, name), shape, gains);
    const channels = channelsOf(layer);
    requireTaps(linear, values.length / channels);
    const scales = new Float64Array(channels);
    values.forEach((value, i) => (scales[i % channels] = Math.max(scales[i % channels]!, Math.abs(value) / 127)));
    // A bias of more than 2^29 units takes larger units.
    scales.forEach(
      (scale, c) => (scales[c] = Math.max(scale, Math.abs(biases[c]!) / (inputScale * (MAX_BIAS / 2 - 1))) || 1),
    );
    const data = Float32Array.from(values, (value, i) => clampedToInt8(value / scales[i % channels]!));
    const means = this.ranges.get(linear.inputs[0]!)?.means?.map((mean, i) => mean / (gains?.[i % gains.length] ?? 1));
    const shifts = meanShifts({ values, data, scales, shape }, means);
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

/** Biases and factors of channels whose sums count `units`, and are stored in `steps`. */
function channelsWith(biases: Float64Array, units: Float64Array, steps: Float64Array): Record<string, number[]> {
  const factors = Array.from(units, (unit, c) => fixedPoint(unit / steps[c]!));
  const multipliers = factors.map(({ multiplier }) => multiplier);
  return {
    biases: Array.from(biases, (value, c) => Math.round(value / units[c]!)),
    multipliers,
    negatives: multipliers,
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

/** How a layer's sums are stored. */
interface Result {
  readonly quantiser?: ActivationQuantiser;
  readonly gains?: Float64Array;
  /** Of each channel, in units of the network. */
  readonly steps: Float64Array;
  readonly offsets: Float64Array;
  readonly bounds: {
    readonly zero: number;
    readonly low: number;
    readonly high: number;
    readonly table: readonly number[];
  };
}

interface RoundedWeights {
  /** [..., inputs, outputs] as they were. */
  readonly values: Float64Array;
  readonly data: Float32Array;
  readonly scales: Float64Array;
  readonly shape: readonly number[];
}

/** Weights [..., inputs, outputs] times the gains of what they read; a flattened image's inputs take turns. */
function gained(values: Float32Array, shape: readonly number[], gains?: Float64Array): Float64Array {
  const [inputs, last] = shape.slice(-2) as [number, number];
  return Float64Array.from(
    values,
    (value, i) => value * (gains?.[(Math.floor(i / last) % inputs) % gains.length] ?? 1),
  );
}

/** What rounding weights adds to the mean of each channel, where the means of what they read are known. */
function meanShifts({ values, data, scales, shape }: RoundedWeights, means?: readonly number[]): Float64Array {
  const shifts = new Float64Array(scales.length);
  if (!means) return shifts;
  const [inputs, last] = shape.slice(-2) as [number, number];
  values.forEach((value, i) => {
    const c = i % scales.length;
    shifts[c]! += (data[i]! * scales[c]! - value) * means[Math.floor(i / last) % inputs]!;
  });
  return shifts;
}

function clampedToInt8(value: number): number {
  return Math.min(Math.max(Math.round(value), -127), 127);
}

function channelsOf({ linear }: Layer): number {
  return linear.shape.at(-1) as number;
}

function gridded({ steps, offsets = [0] }: Grid, layer: Layer): Result {
  const channels = channelsOf(layer);
  const perChannel = (name: string, values: ArrayLike<number>): Float64Array => {
    const all = elementCount(layer.end.shape);
    if (![1, channels, all].includes(values.length)) {
      throw new RangeError(`"${name}" expected 1, ${channels} or ${all} numbers, got ${values.length}`);
    }
    const found = Float64Array.from({ length: channels }, (_, c) => values[c % values.length]!);
    for (let i = channels; i < values.length; i++) {
      if (values[i] === found[i % channels]) continue;
      throw new RangeError(
        `"${name}" expected one number for each channel of a convolution, got two for channel ${i % channels}`,
      );
    }
    return found;
  };
  const found = perChannel("steps", steps);
  const wrong = found.find((step) => !(step > 0 && step < Infinity));
  if (wrong !== undefined) throw new RangeError(`"steps" expected finite numbers above 0, got ${wrong}`);
  const bounds = { zero: 0, low: -(2 ** 31), high: 2 ** 31 - 1, table: [] };
  return { steps: found, offsets: perChannel("offsets", offsets), bounds };
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
