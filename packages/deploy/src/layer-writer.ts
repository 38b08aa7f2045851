import { GraphBuilder, type Node, type Program } from "@isthmus/graph";
import { type ActivationQuantiser, type ActivationRanges, activationQuantiser } from "./activation-quantiser.ts";
import { channelGrid, type ChannelGrid, type Grid } from "./grid.ts";
import { channelsOf, findLayers, isTabled, type Layer, requireNoNormalisation, unknownOperation } from "./layers.ts";
import { type Network, onlyInput, partOf, refused } from "./network.ts";

/** A value of the network in the form that is written. */
export interface Written {
  readonly node: Node;
  /** None of an output. */
  readonly quantiser?: ActivationQuantiser;
  /** What the steps of each channel, the last axis, are multiplied by: those of a flattened image take turns. */
  readonly gains?: Float64Array;
}

/** What a layer reads. */
export type Read = Written & { readonly quantiser: ActivationQuantiser };

/** How the sums of a layer that makes no output are stored. */
export interface StoredLayer {
  /** Of the sums: of those before a table. */
  readonly sum: ActivationQuantiser;
  /** Of the results. */
  readonly quantiser: ActivationQuantiser;
  readonly gains?: Float64Array;
}

/** Goes through a network layer by layer, and says what the ranges make of each; what is written of it is a subclass's. */
export abstract class LayerWriter {
  protected readonly network: Network;
  protected readonly program: Program;
  protected readonly ranges: ActivationRanges;
  protected readonly build: GraphBuilder = new GraphBuilder();
  private readonly layers: ReadonlyMap<number, Layer>;
  /** By the ids of the nodes whose layers make outputs. */
  private readonly grids: ReadonlyMap<number, Grid>;
  private readonly written = new Map<number, Written>();

  constructor(network: Network, ranges: ActivationRanges, outputs: Readonly<Record<string, Grid>>) {
    this.network = network;
    this.program = partOf(network.program, Object.keys(outputs));
    onlyInput(this.program);
    requireNoNormalisation(this.program);
    this.ranges = ranges;
    this.layers = findLayers(this.program);
    this.grids = new Map(Object.entries(outputs).map(([name, grid]) => [this.headOf(name), grid]));
  }

  protected abstract input(node: Node, quantiser: ActivationQuantiser): Node;
  /** A layer that makes an output. */
  protected abstract head(layer: Layer, x: Read, grid: ChannelGrid): Node;
  protected abstract hidden(layer: Layer, x: Read, stored: StoredLayer): Node;

  protected writeProgram(): Program {
    const inside = new Set([...this.layers.values()].flatMap(({ members }) => members.map(({ id }) => id)));
    for (const node of this.program.nodes) {
      const layer = this.layers.get(node.id);
      if (layer) this.written.set(layer.end.id, this.layer(layer));
      else if (!inside.has(node.id)) this.other(node);
    }
    const made = Object.entries(this.program.outputs).map(([name, id]) => [name, this.written.get(id)!.node] as const);
    return this.build.program({ outputs: Object.fromEntries(made) });
  }

  /** The last node of the layer that makes an output. */
  private headOf(name: string): number {
    const { nodes, outputs } = this.program;
    let node = nodes[outputs[name]!]!;
    while (node.op === "reshape") node = nodes[node.inputs[0]!]!;
    const layer = [...this.layers.values()].find(({ end }) => end === node);
    if (!layer) throw refused(node, `the output "${name}" is to come out of a layer`);
    if (layer.activation) throw refused(node, `the output "${name}" is to come out of a layer without an activation`);
    const readers = nodes.filter(({ op, inputs }) => op !== "reshape" && inputs.includes(node.id));
    if (readers.length > 0) throw refused(node, `the output "${name}" is read by "${readers[0]!.op}", too`);
    return node.id;
  }

  private other(node: Node): void {
    switch (node.op) {
      case "state":
      case "constant":
        return;
      case "input": {
        const quantiser = this.quantiserOf(node);
        return void this.written.set(node.id, { node: this.input(node, quantiser), quantiser });
      }
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

  private layer(layer: Layer): Written {
    const { linear, end } = layer;
    const { quantiser, ...x } = this.valueOf(linear);
    if (!quantiser) throw refused(linear, "it reads an output");
    const grid = this.grids.get(end.id);
    if (grid) return { node: this.head(layer, { ...x, quantiser }, channelGrid(grid, layer)) };
    const stored = this.stored(layer);
    const { gains } = stored;
    return {
      node: this.hidden(layer, { ...x, quantiser }, stored),
      quantiser: stored.quantiser,
      ...(gains && { gains }),
    };
  }

  private stored(layer: Layer): StoredLayer {
    const gains = this.gains(layer);
    const quantiser = this.quantiserOf(layer.end);
    return { sum: isTabled(layer) ? this.quantiserOf(layer.sum) : quantiser, quantiser, ...(gains && { gains }) };
  }

  /**
   * Behind a ReLU: the square root of how far each channel reaches of the range that is kept, 1/64 of it at least. What is small there
   * gains as many bits as the weights that read it lose.
   */
  private gains({ activation, end }: Layer): Float64Array | undefined {
    const { maxima, max = 0 } = this.ranges.get(end.id) ?? {};
    if (activation?.kind !== "relu" || !maxima || max <= 0) return undefined;
    return Float64Array.from(maxima, (value) => Math.sqrt(Math.min(Math.max(value / max, 1 / 64), 1)));
  }

  private valueOf(node: Node): Written {
    const value = this.written.get(node.inputs[0]!);
    if (value) return value;
    throw refused(node, "what it reads is no value but a parameter");
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

  /** The means of what a layer reads, in units of its gains, where they are known. */
  protected meansBefore({ linear }: Layer, gains?: Float64Array): readonly number[] | undefined {
    return this.ranges.get(linear.inputs[0]!)?.means?.map((mean, i) => mean / (gains?.[i % gains.length] ?? 1));
  }
}

/** The steps of each channel of a layer's sums. */
export function stepsOf(layer: Layer, { sum, gains }: StoredLayer): Float64Array {
  return Float64Array.from({ length: channelsOf(layer) }, (_, c) => sum.scale * (gains?.[c] ?? 1));
}
