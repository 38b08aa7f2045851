/** Images in both orders: as graphs have them, with their channels last, and as ONNX has them, with their channels first. */
import type { Dim, Shape } from "@isthmus/graph";
import { type GraphWriter, ints, type Value } from "./graph-writer.ts";

const toFirst = [0, 3, 1, 2] as const;
const toLast = [0, 2, 3, 1] as const;

const permuted = (shape: Shape, permutation: readonly number[]): Dim[] => permutation.map((axis) => shape[axis]!);

/** `[batch, height, width, channels]` as `[batch, channels, height, width]`. */
export function channelsFirst(shape: Shape): Dim[] {
  return permuted(shape, toFirst);
}

/** The axis of an image with channels first that is `axis` of it with channels last. */
export function axisOfFirst(axis: number): number {
  return toFirst.indexOf(axis as 0 | 1 | 2 | 3);
}

/** Operand 0 is an image, operand 1 the filter. */
export const convolutions: ReadonlySet<string> = new Set([
  "conv2d",
  "conv2dInputGrad",
  "depthwiseConv2d",
  "depthwiseConv2dInputGrad",
]);
export const pools: ReadonlySet<string> = new Set(["maxPool2d", "avgPool2d"]);

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

  /** The value with its channels first, likewise. */
  channelsFirst(id: number, name?: string): Value {
    return this.turned(id, this.first, this.last, toFirst, "channels_first", name);
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
