import { type ConvolutionCall, type IntegerPlan, type PlanCall, type PlanInput, type PlanOutput } from "@isthmus/edge";
import { CHANNEL_BYTES, checkPlan, PLAN_VERSION, rowBytes } from "@isthmus/edge/format";
import { elementCount, type JsonObject, type Node, type Program } from "@isthmus/graph";
import { Arena } from "./arena.ts";
import { type Network, parameterOf, refused } from "./network.ts";
import { denseWindow, type Image, type Pair, windowOf } from "./plan-windows.ts";

/**
 * A network in integers, as `quantiseNetwork` makes it, as a plan for `@isthmus/edge`: zero points are folded into biases, and values
 * laid out in a workspace where others have ended. The same network gives the same bytes.
 *
 * @throws IsthmusError `DEPLOY_OPERATION` a node that no plan has
 */
export function lowerNetwork(network: Network): IntegerPlan {
  return new PlanWriter(network).write();
}

/** What a node of the graph is while a plan is written. */
type Value =
  /** int8, or int32 where it is wide, in the workspace. */
  | { readonly kind: "stored"; readonly at: number; readonly wide: boolean }
  /** A stored value less its zero point. */
  | { readonly kind: "centred"; readonly of: Node; readonly zero: number }
  /** Products of a centred value, not rounded yet. */
  | { readonly kind: "sum"; readonly linear: Node; readonly of: Node; readonly zero: number };

type Stored = Extract<Value, { kind: "stored" }>;

/** A call whose addresses in the workspace are still counted from its beginning. */
type Placed = (workspace: number) => PlanCall;

class PlanWriter {
  private readonly network: Network;
  private readonly program: Program;
  private readonly values = new Map<number, Value>();
  private readonly constants: number[] = [];
  private readonly arena = new Arena();
  private readonly calls: Placed[] = [];
  private readonly lastReads: ReadonlyMap<number, number>;
  private input: { readonly node: Node; readonly at: number } | undefined;

  constructor(network: Network) {
    this.network = network;
    this.program = network.program;
    this.lastReads = lastReads(network.program);
  }

  write(): IntegerPlan {
    for (const node of this.program.nodes) {
      const value = this.valueOf(node);
      if (value) this.values.set(node.id, value);
      this.releaseAfter(node);
    }
    const workspace = this.align();
    const plan: IntegerPlan = {
      version: PLAN_VERSION,
      constants: Uint8Array.from(this.constants),
      memoryBytes: workspace + this.arena.bytes,
      input: this.planInput(workspace),
      outputs: Object.entries(this.program.outputs).map(([name, id]) => this.planOutput(name, id, workspace)),
      calls: this.calls.map((call) => call(workspace)),
    };
    checkPlan(plan);
    return plan;
  }

  private planInput(workspace: number): PlanInput {
    const { node, at } = this.input!;
    const { scale, zero } = node.attributes as { readonly scale: number; readonly zero: number };
    return { address: workspace + at, length: elementCount(node.shape), scale, zero };
  }

  private planOutput(name: string, id: number, workspace: number): PlanOutput {
    const node = this.program.nodes[id]!;
    const { at, wide } = this.stored(node);
    if (!wide) throw refused(node, `the output "${name}" is no int32`);
    return { name, address: workspace + at, length: elementCount(node.shape) };
  }

  private valueOf(node: Node): Value | undefined {
    const [x, other] = node.inputs.map((id) => this.program.nodes[id]!);
    switch (node.op) {
      case "input":
      case "state":
      case "constant":
        return undefined;
      case "quantise":
        return this.quantise(node);
      case "sub":
        return { kind: "centred", of: x!, zero: zeroOf(node, other!) };
      case "reshape":
        return this.stored(x!);
      case "maxPool2d":
        return this.maxPool(node, x!);
      case "matmul":
      case "conv2d":
      case "conv2dInputGrad":
      case "depthwiseConv2d":
        return this.sum(node, x!);
      case "slice":
        return this.cut(node, x!);
      case "requantise":
        return this.requantise(node, x!);
      default:
        throw refused(node, "no plan has it");
    }
  }

  private quantise(node: Node): Stored {
    if (this.input) throw refused(node, "a plan has one input");
    const at = this.arena.allocate(elementCount(node.shape));
    this.input = { node, at };
    return { kind: "stored", at, wide: false };
  }

  private sum(linear: Node, x: Node): Value {
    const value = this.values.get(x.id);
    if (value?.kind === "centred") return { kind: "sum", linear, of: value.of, zero: value.zero };
    // Builders leave out what subtracts 0.
    if (value?.kind === "stored" && !value.wide) return { kind: "sum", linear, of: x, zero: 0 };
    throw refused(linear, "it does not read integers less their zero point");
  }

  /** Sums that are not made. Which they are, the shape of what rounds them says. */
  private cut(node: Node, x: Node): Value {
    const value = this.values.get(x.id);
    if (value?.kind === "sum" && node.attributes["begin"] === 0) return value;
    throw refused(node, "it cuts other than the last rows or columns of a layer");
  }

  private stored(node: Node): Stored {
    const value = this.values.get(node.id);
    if (value?.kind === "stored") return value;
    throw refused(node, "it is read before it is rounded");
  }

  private maxPool(node: Node, x: Node): Stored {
    const from = this.stored(x);
    const at = this.arena.allocate(elementCount(node.shape));
    const window = windowOf(node, x.shape as Image, node.attributes["window"] as unknown as Pair);
    this.calls.push((base) => ({ kernel: "maxPool", x: base + from.at, y: base + at, window }));
    return { ...from, at };
  }

  private requantise(node: Node, of: Node): Stored {
    const value = this.values.get(of.id);
    if (value?.kind !== "sum") throw refused(node, "it does not read a sum of products");
    const { zero, low, high, table } = node.attributes as unknown as Rounded;
    const wide = this.isWide(node);
    const at = this.arena.allocate(elementCount(node.shape) * (wide ? 4 : 1));
    this.convolution(value, node, { y: at, zero, low, high, wide });
    if (table.length > 0) this.lookup(at, table, elementCount(node.shape));
    return { kind: "stored", at, wide };
  }

  /** Whether what is rounded may leave int8. */
  private isWide({ attributes }: Node): boolean {
    return (attributes["low"] as number) < -128 || (attributes["high"] as number) > 127;
  }

  private convolution(
    { linear, of, zero: padding }: Extract<Value, { kind: "sum" }>,
    rounding: Node,
    result: Pick<ConvolutionCall, "y" | "zero" | "low" | "high" | "wide">,
  ): void {
    const name = this.program.nodes[linear.inputs[1]!]!.attributes["name"] as string;
    const filter = this.program.nodes[linear.inputs[1]!]!.shape as readonly number[];
    const values = parameterOf(this.network, name);
    const isDepthwise = linear.op === "depthwiseConv2d";
    const window =
      linear.op === "matmul"
        ? denseWindow(filter as Pair)
        : windowOf({ ...linear, shape: rounding.shape }, of.shape as Image, filter as unknown as Pair);
    const isTransposed = linear.op === "conv2dInputGrad";
    const rows = isDepthwise
      ? undefined
      : rowsOf(isTransposed ? outputsLast(values, filter) : values, window.yChannels);
    const weights = this.append(rows ? rows.flat() : [...values]);
    const sums = isDepthwise ? channelSums(values, window.yChannels) : rows!.map(total);
    const channels = this.append(channelWords(rounding.attributes, sums, padding));
    const from = this.stored(of).at;
    const scratch = isDepthwise ? 0 : this.arena.allocate(window.rows * window.columns * window.channels);
    if (!isDepthwise) this.arena.release(scratch);
    const kernel = isDepthwise ? "depthwise" : isTransposed ? "conv2dTranspose" : "conv2d";
    this.calls.push((base) => ({
      ...{ kernel, x: base + from, weights, channels, window, padding, scratch: base + scratch },
      ...{ ...result, y: base + result.y },
    }));
  }

  private lookup(at: number, values: readonly number[], length: number): void {
    const table = this.append(values);
    this.calls.push((base) => ({ kernel: "lookup", x: base + at, y: base + at, table, length }));
  }

  /** The address of bytes among the constants. */
  private append(bytes: readonly number[]): number {
    const at = this.align();
    for (const byte of bytes) this.constants.push(byte & 255);
    return at;
  }

  private align(): number {
    while (this.constants.length % 16 !== 0) this.constants.push(0);
    return this.constants.length;
  }

  /** Frees what `node` was the last to read. */
  private releaseAfter(node: Node): void {
    for (const [id, value] of this.values) {
      if (value.kind !== "stored" || this.lastReads.get(id) !== node.id) continue;
      const isShared = [...this.values].some(
        ([other, found]) =>
          found.kind === "stored" && found.at === value.at && (this.lastReads.get(other) ?? -1) > node.id,
      );
      if (!isShared) this.arena.release(value.at);
    }
  }
}

interface Rounded {
  readonly zero: number;
  readonly low: number;
  readonly high: number;
  readonly table: readonly number[];
}

/** The zero point that is subtracted. */
function zeroOf(node: Node, other: Node): number {
  const [zero, ...more] = (other.attributes["values"] ?? []) as readonly number[];
  if (other.op === "constant" && zero !== undefined && more.length === 0) return zero;
  throw refused(node, "it does not subtract a zero point");
}

/**
 * The last node that reads each value from the workspace: sums read when they are rounded. Outputs are read behind the end.
 */
function lastReads({ nodes, outputs }: Program): ReadonlyMap<number, number> {
  const last = new Map<number, number>();
  for (const node of nodes.toReversed()) {
    const isLater = ["sub", "matmul", "conv2d", "conv2dInputGrad", "depthwiseConv2d", "slice"].includes(node.op);
    const at = isLater ? (last.get(node.id) ?? node.id) : node.id;
    for (const id of node.inputs) last.set(id, Math.max(last.get(id) ?? -1, at));
  }
  for (const id of Object.values(outputs)) last.set(id, nodes.length);
  return last;
}

/** Weights [..., channels] as a row for each channel, with zeros up to a multiple of 16. */
function rowsOf(values: Float32Array, channels: number): number[][] {
  const taps = values.length / channels;
  return Array.from({ length: channels }, (_, c) =>
    Array.from({ length: rowBytes(taps) }, (__, tap) => (tap < taps ? values[tap * channels + c]! : 0)),
  );
}

/** Weights [..., outputs, inputs] as [..., inputs, outputs]. */
function outputsLast(values: Float32Array, filter: readonly number[]): Float32Array {
  const [outputs, inputs] = filter.slice(-2) as [number, number];
  const taps = outputs * inputs;
  return values.map((_, i) => {
    const [tap, input, output] = [i - (i % taps), Math.floor((i % taps) / outputs), i % outputs];
    return values[tap + output * inputs + input]!;
  });
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function channelSums(values: Float32Array, channels: number): number[] {
  const sums = Array.from({ length: channels }, () => 0);
  values.forEach((value, i) => (sums[i % channels]! += value));
  return sums;
}

/** The bytes of channels, with the zero point of what is read folded into the biases. */
function channelWords(attributes: JsonObject, sums: readonly number[], zero: number): readonly number[] {
  const [biases, multipliers, negatives, shifts] = ["biases", "multipliers", "negatives", "shifts"].map(
    (key) => attributes[key] as readonly number[],
  );
  const bytes = new DataView(new ArrayBuffer(sums.length * CHANNEL_BYTES));
  sums.forEach((sum, c) => {
    const words = [biases![c]! - zero * sum, multipliers![c]!, negatives![c]!, shifts![c]!];
    words.forEach((word, i) => bytes.setInt32(c * CHANNEL_BYTES + 4 * i, word, true));
  });
  return [...new Uint8Array(bytes.buffer)];
}
