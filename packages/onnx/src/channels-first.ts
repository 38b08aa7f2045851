/**
 * Graphs have the channels of an image last, ONNX's convolutions and pools have them first. Images stay as ONNX wants them
 * from one to the next, through whatever treats their elements one by one, and are turned where somebody else reads them.
 */
import type { Dim, Node, Program, Shape } from "@isthmus/graph";
import { type GraphWriter, ints, type Value } from "./graph-writer.ts";

const toFirst = [0, 3, 1, 2] as const;
const toLast = [0, 2, 3, 1] as const;

const permuted = (shape: Shape, permutation: readonly number[]): Dim[] => permutation.map((axis) => shape[axis]!);

/** `[batch, height, width, channels]` as `[batch, channels, height, width]`. */
export function channelsFirst(shape: Shape): Dim[] {
  return permuted(shape, toFirst);
}

/** Operand 0 is an image, operand 1 the filter. */
export const convolutions: ReadonlySet<string> = new Set(["conv2d", "conv2dInputGrad", "depthwiseConv2d"]);
const pools: ReadonlySet<string> = new Set(["maxPool2d", "avgPool2d"]);

const elementwise: ReadonlySet<string> = new Set([
  ...[
    "neg",
    "abs",
    "sign",
    "step",
    "exp",
    "expm1",
    "log",
    "log1p",
    "sqrt",
    "square",
    "sigmoid",
    "tanh",
    "softplus",
    "relu",
  ],
  ...["add", "sub", "mul", "div", "maximum", "minimum"],
]);

/** Ids of the nodes whose values ONNX has channels first; `biased` are additions that a convolution absorbs. */
export function findChannelsFirst(program: Program, biased: ReadonlySet<number>): ReadonlySet<number> {
  const found = new Set<number>();
  for (const node of program.nodes) {
    const flows = elementwise.has(node.op) && flowsThrough(program, node, found);
    if (convolutions.has(node.op) || pools.has(node.op) || biased.has(node.id) || flows) found.add(node.id);
  }
  return found;
}

/** Whether every operand is an image with channels first, of the node's own shape, or a scalar, and one is an image. */
function flowsThrough(program: Program, node: Node, found: ReadonlySet<number>): boolean {
  const fits = (id: number) => {
    const { shape } = program.nodes[id]!;
    return shape.length === 0 || (found.has(id) && shape.every((dim, axis) => dim === node.shape[axis]));
  };
  return node.inputs.every(fits) && node.inputs.some((id) => found.has(id));
}

/** The values of a graph's nodes in one or both layouts; the other is made when it is first asked for. */
export class Layouts {
  private readonly writer: GraphWriter;
  private readonly last = new Map<number, Value>();
  private readonly first = new Map<number, Value>();

  constructor(writer: GraphWriter) {
    this.writer = writer;
  }

  /** Says what node `id` has become. */
  set(id: number, value: Value, isFirst: boolean): void {
    (isFirst ? this.first : this.last).set(id, value);
  }

  /** The value as the graph has it. `name` is the one that a value made here shall have. */
  channelsLast(id: number, name?: string): Value {
    return this.turned(id, this.last, this.first, toLast, "channels_last", name);
  }

  channelsFirst(id: number): Value {
    return this.turned(id, this.first, this.last, toFirst, "channels_first");
  }

  private turned(
    id: number,
    wanted: Map<number, Value>,
    there: ReadonlyMap<number, Value>,
    permutation: readonly number[],
    role: string,
    output?: string,
  ): Value {
    const known = wanted.get(id);
    if (known) return known;
    const from = there.get(id)!;
    const node = this.writer.unique(`${from.name}/${role}`);
    const value: Value = { ...from, name: output ?? node, shape: permuted(from.shape, permutation) };
    if (output === undefined) this.writer.edge(value);
    wanted.set(id, turn(this.writer, node, from, value, permutation));
    return value;
  }
}

/** A transpose, or a reshape where all but one of the three axes that change places have size 1. */
function turn(writer: GraphWriter, name: string, from: Value, to: Value, permutation: readonly number[]): Value {
  const [, ...moving] = from.shape;
  const [height, width, channels] = permutation === toFirst ? moving : [moving[1], moving[2], moving[0]];
  if (channels !== 1 && (height !== 1 || width !== 1)) {
    return writer.node("Transpose", name, [from], to, { perm: ints(permutation) });
  }
  const shape = to.shape.map((dim) => (dim === "batch" ? 0 : dim));
  return writer.node("Reshape", name, [from, writer.integers(`${name}/shape`, shape)], to);
}
