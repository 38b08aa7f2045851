import { type FloatCall, type FloatFunctionName, type FloatOutput, type FloatPlan } from "@isthmus/edge";
import { checkFloatPlan, FLOAT_PLAN_VERSION, floatRow } from "@isthmus/edge/format";
import { elementCount, interpretNodes, type Node, type Program } from "@isthmus/graph";
import { type NdArray, ndArrayOps } from "@isthmus/math";
import { Arena } from "./arena.ts";
import type { Grid } from "./grid.ts";
import { type Network, onlyInput, parameterOf, partOf, refused } from "./network.ts";
import { denseWindow, type Image, type Pair, windowOf } from "./plan-windows.ts";

/**
 * A network in float32 as a plan for `@isthmus/edge`, whose outputs are symbols on grids. What depends on parameters alone is computed here,
 * in float64. The same network gives the same bytes.
 *
 * @throws IsthmusError `DEPLOY_OPERATION` an operation that no plan in floats has, by name
 * @throws RangeError unknown outputs, more than one input, or a grid that does not fit
 */
export function lowerFloatNetwork(network: Network, outputs: Readonly<Record<string, Grid>>): FloatPlan {
  return new FloatPlanWriter(network, outputs).write();
}

/** Functions of one number, or of two, that are kernels of the same name. */
const functions: ReadonlySet<string> = new Set<FloatFunctionName>([
  ...(["abs", "sqrt", "exp", "expm1", "erf", "sigmoid", "tanh", "softplus"] as const),
  ...(["add", "sub", "mul", "div", "maximum", "minimum"] as const),
]);

/** Numbers of an item in the workspace. */
interface Stored {
  readonly at: number;
  /** How many. */
  readonly count: number;
}

/** Where an operand of a function lies, and after how many numbers it begins anew. */
interface Operand {
  readonly address: (workspace: number) => number;
  readonly length: number;
}

/** A call whose addresses in the workspace are still counted from its beginning. */
type Placed = (workspace: number) => FloatCall;

class FloatPlanWriter {
  private readonly program: Program;
  private readonly outputs: Readonly<Record<string, Grid>>;
  private readonly known: ReadonlyMap<number, NdArray>;
  private readonly values = new Map<number, Stored>();
  private readonly constants: number[] = [];
  private readonly arena = new Arena();
  private readonly calls: Placed[] = [];
  private input: Stored | undefined;

  constructor(network: Network, outputs: Readonly<Record<string, Grid>>) {
    this.program = partOf(network.program, Object.keys(outputs));
    onlyInput(this.program);
    this.outputs = outputs;
    this.known = knownValues({ ...network, program: this.program });
  }

  write(): FloatPlan {
    for (const node of this.program.nodes) {
      if (!this.known.has(node.id) && !this.values.has(node.id)) this.values.set(node.id, this.lower(node));
      this.releaseAfter(node);
    }
    const grids = Object.entries(this.program.outputs).map(([name, id]) => this.output(name, this.program.nodes[id]!));
    const workspace = this.align();
    const { at, count } = this.input!;
    const plan: FloatPlan = {
      version: FLOAT_PLAN_VERSION,
      constants: Uint8Array.from(this.constants),
      memoryBytes: workspace + this.arena.bytes,
      input: { address: workspace + at, length: count },
      outputs: grids.map((output) => ({ ...output, address: workspace + output.address })),
      calls: this.calls.map((call) => call(workspace)),
    };
    checkFloatPlan(plan);
    return plan;
  }

  /** With an address that is counted from the beginning of the workspace. */
  private output(name: string, node: Node): FloatOutput {
    const { steps, offsets = new Float32Array(steps.length) } = this.outputs[name]!;
    const { at, count } = this.stored(node);
    const channels = steps.length;
    const isRight = channels > 0 && count % channels === 0 && [1, channels].includes(offsets.length);
    if (!isRight) throw new RangeError(`"steps" expected a divisor of ${count} numbers, got ${channels}`);
    const each = Array.from({ length: channels }, (_, c) => offsets[c % offsets.length]!);
    return { name, address: at, length: count, grid: this.append([...Array.from(steps), ...each]), channels };
  }

  private lower(node: Node): Stored {
    const [x, other] = node.inputs.map((id) => this.program.nodes[id]!);
    switch (node.op) {
      case "input":
        return (this.input = this.room(node));
      case "reshape":
      case "stopGradient":
        return this.stored(x!);
      case "matmul":
        return this.dense(node);
      case "conv2d":
        return this.convolution(node, this.filterOf(node));
      case "depthwiseConv2d":
        return this.depthwise(node, this.filterOf(node), windowSizes(other!.shape));
      case "avgPool2d":
        return this.average(node);
      case "maxPool2d":
        return this.maxPool(node);
      case "relu":
        return this.join(node, "maximum", this.operand(x!, node), this.scalar(0));
      case "neg":
        return this.join(node, "mul", this.operand(x!, node), this.scalar(-1));
      case "square":
        return this.join(node, "mul", this.operand(x!, node), this.operand(x!, node));
      case "gdn":
        return this.normalised(node);
      default:
        if (!functions.has(node.op)) throw refusedInFloats(node, "the runtime of devices has no kernel for it");
        return this.join(node, node.op, this.operand(x!, node), this.operand(other ?? x!, node));
    }
  }

  private dense(node: Node): Stored {
    const filter = this.filterOf(node);
    const { transposeA, transposeB } = node.attributes;
    if (transposeA === true || transposeB === true) throw refusedInFloats(node, "a factor is transposed");
    if (filter.shape.length !== 2 || node.shape.length !== 2)
      throw refusedInFloats(node, "it is no product of a row and a matrix");
    return this.windowed(node, "floatConv2d", denseWindow(filter.shape as unknown as Pair), filter.data);
  }

  private convolution(node: Node, { shape, data }: NdArray): Stored {
    return this.windowed(node, "floatConv2d", this.windowOver(node, windowSizes(shape)), data);
  }

  private depthwise(node: Node, { data }: Pick<NdArray, "data">, sizes: Pair): Stored {
    return this.windowed(node, "floatDepthwise", this.windowOver(node, sizes), data);
  }

  /** A mean is a depthwise convolution with equal weights. */
  private average(node: Node): Stored {
    const { window, pads } = node.attributes;
    if ((pads as readonly number[]).some((pad) => pad > 0))
      throw refusedInFloats(node, "a mean that leaves out what lies beside the image");
    const [rows, columns] = window as unknown as Pair;
    const data = new Float64Array(rows * columns * (node.shape.at(-1) as number)).fill(1 / (rows * columns));
    return this.depthwise(node, { data }, [rows, columns]);
  }

  private maxPool(node: Node): Stored {
    const from = this.stored(this.program.nodes[node.inputs[0]!]!);
    const window = this.windowOver(node, node.attributes["window"] as unknown as Pair);
    const to = this.room(node);
    this.calls.push((base) => ({ kernel: "floatMaxPool", x: base + from.at, y: base + to.at, window }));
    return to;
  }

  /** A sum of products with the bias that is added to it, where nothing else reads the sum. */
  private windowed(
    node: Node,
    kernel: "floatConv2d" | "floatDepthwise",
    window: ReturnType<typeof denseWindow>,
    weights: Float64Array,
  ): Stored {
    const from = this.stored(this.program.nodes[node.inputs[0]!]!);
    const isDense = kernel === "floatConv2d";
    const { rows, columns, channels, yChannels } = window;
    const row = isDense ? floatRow(yChannels) : yChannels;
    const filled = (values: ArrayLike<number>): number[] =>
      Array.from({ length: (values.length / yChannels) * row }, (_, i) => {
        const [r, c] = [Math.floor(i / row), i % row];
        return c < yChannels ? values[r * yChannels + c]! : 0;
      });
    const weightsAt = this.append(filled(weights));
    const adder = this.adderOf(node);
    const biasesAt = this.append(filled(adder?.bias ?? new Float64Array(yChannels)));
    const to = this.room(node, row - yChannels);
    const scratch = isDense ? this.arena.allocate(4 * rows * columns * channels) : 0;
    if (isDense) this.arena.release(scratch);
    this.calls.push((base) => ({
      ...{ kernel, x: base + from.at, y: base + to.at, weights: weightsAt, biases: biasesAt },
      ...{ window, scratch: base + scratch },
    }));
    if (adder) this.values.set(adder.node.id, to);
    return to;
  }

  /** The only reader of a sum, where it adds a number to each channel. */
  private adderOf(sum: Node): { readonly node: Node; readonly bias: Float64Array } | undefined {
    const { nodes, outputs } = this.program;
    const [node, ...others] = nodes.filter(({ inputs }) => inputs.includes(sum.id));
    if (node?.op !== "add" || others.length > 0 || Object.values(outputs).includes(sum.id)) return undefined;
    const bias = this.known.get(node.inputs.find((id) => id !== sum.id) ?? sum.id);
    const channels = sum.shape.at(-1) as number;
    return bias && bias.data.length === channels && bias.shape.at(-1) === channels
      ? { node, bias: bias.data }
      : undefined;
  }

  /** x / sqrt(energy), or x sqrt(energy). */
  private normalised(node: Node): Stored {
    const [x, energy] = node.inputs.map((id) => this.operand(this.program.nodes[id]!, node)) as [Operand, Operand];
    const root = this.join(node, "sqrt", energy, energy);
    const of = { address: (base: number) => base + root.at, length: floatRow(root.count) };
    const to = this.join(node, node.attributes["inverse"] === true ? "mul" : "div", x, of);
    this.arena.release(root.at);
    return to;
  }

  private join(node: Node, kernel: string, a: Operand, b: Operand): Stored {
    const to = this.room(node);
    this.calls.push((base) => ({
      ...{ kernel: kernel as FloatFunctionName, x: a.address(base), y: base + to.at, length: floatRow(to.count) },
      ...{ xLength: a.length, other: b.address(base), otherLength: b.length },
    }));
    return to;
  }

  /** A value of a node's shape, or a constant that is repeated until it has. */
  private operand(from: Node, node: Node): Operand {
    const known = this.known.get(from.id);
    if (known) return this.repeated(known, itemShape(node));
    const { at, count } = this.stored(from);
    if (count !== elementCount(itemShape(node)))
      throw refusedInFloats(node, "a value is repeated along an axis, and is no constant");
    return { address: (base) => base + at, length: floatRow(count) };
  }

  private scalar(value: number): Operand {
    return this.repeated({ shape: [], data: Float64Array.of(value) }, []);
  }

  /** As few of a constant's numbers as stand for all: one, those of the last axis, or all; a multiple of four of them. */
  private repeated(known: NdArray, shape: readonly number[]): Operand {
    const { data } = known;
    const isRow = data.length === 1 || (data.length === shape.at(-1) && known.shape.at(-1) === data.length);
    const all = isRow ? data : ndArrayOps.mul(known, { shape: [1, ...shape], data: ones(shape) }).data;
    const times = isRow ? 4 / greatestCommon(4, all.length) : 1;
    const length = floatRow(all.length * times);
    const at = this.append(Array.from({ length }, (_, i) => all[i % all.length]!));
    return { address: () => at, length };
  }

  private filterOf(node: Node): NdArray {
    const filter = this.known.get(node.inputs[1]!);
    if (filter) return filter;
    throw refusedInFloats(node, "its second factor is no parameter");
  }

  private windowOver(node: Node, sizes: Pair): ReturnType<typeof windowOf> {
    return windowOf(node, this.program.nodes[node.inputs[0]!]!.shape as Image, sizes);
  }

  private stored(node: Node): Stored {
    const value = this.values.get(node.id);
    if (value) return value;
    throw refusedInFloats(node, "it is no value but a parameter");
  }

  /** Memory for a node's numbers, and `beyond` more. */
  private room(node: Node, beyond = 0): Stored {
    const count = elementCount(itemShape(node));
    return { at: this.arena.allocate(4 * (count + beyond)), count };
  }

  /** The address of float32 among the constants. */
  private append(values: readonly number[]): number {
    const at = this.align();
    for (const byte of new Uint8Array(Float32Array.from(values).buffer)) this.constants.push(byte);
    return at;
  }

  private align(): number {
    while (this.constants.length % 16 !== 0) this.constants.push(0);
    return this.constants.length;
  }

  /** Frees what no node behind this one reads. */
  private releaseAfter({ id }: Node): void {
    const { nodes, outputs } = this.program;
    const isRead = (value: number): boolean =>
      Object.values(outputs).includes(value) || nodes.some((node) => node.id > id && node.inputs.includes(value));
    const places = new Map<number, boolean>();
    for (const [value, { at }] of this.values) places.set(at, (places.get(at) ?? false) || value > id || isRead(value));
    for (const [at, isNeeded] of places) if (!isNeeded) this.arena.release(at);
    for (const [value, { at }] of this.values) if (!places.get(at)) this.values.delete(value);
  }
}

/** The values of nodes that depend on parameters alone, in float64. */
function knownValues({ program, parameters }: Network): ReadonlyMap<number, NdArray> {
  const known = new Set<number>();
  for (const { id, op, inputs } of program.nodes) {
    const isLeaf = op === "state" || op === "constant";
    if (isLeaf || (inputs.length > 0 && inputs.every((input) => known.has(input)))) known.add(id);
  }
  const ids = [...known];
  if (ids.length === 0) return new Map();
  const part = partOf({ ...program, outputs: Object.fromEntries(ids.map((id) => [String(id), id])) }, ids.map(String));
  const state = Object.fromEntries(
    Object.keys(part.state).map((name) => [name, parameterOf({ parameters }, name)] as const),
  );
  const values = interpretNodes(part, { inputs: {}, state, batch: 1 });
  return new Map(ids.map((id) => [id, values[part.outputs[String(id)]!]!]));
}

function itemShape({ shape }: Node): number[] {
  return shape.filter((size) => typeof size === "number");
}

function windowSizes(shape: Node["shape"]): Pair {
  return [shape[0] as number, shape[1] as number];
}

function ones(shape: readonly number[]): Float64Array {
  return new Float64Array(elementCount(shape)).fill(1);
}

function greatestCommon(a: number, b: number): number {
  return b === 0 ? a : greatestCommon(b, a % b);
}

function refusedInFloats(node: Node, reason: string): Error {
  return refused(node, reason, "floats");
}
