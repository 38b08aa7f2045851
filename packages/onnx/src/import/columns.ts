import { type Dim, elementCount, type Node, type Shape } from "@isthmus/graph";
import { elementwise } from "../image-layout.ts";
import { type Flow, isSequence } from "./flow.ts";
import { type Known, reshapeKnown, transposeKnown } from "./known.ts";
import type { NodeReader } from "./node-reader.ts";

/** Where a file's image [batch, channels, height, width] lies in a graph's [batch, height, width, channels]. */
export const CHANNELS_LAST: readonly number[] = [0, 3, 1, 2];

/** How far up the graph the product is looked for. */
const DEPTH = 16;

/**
 * Rows that become images. Where they are a product with weights, the weights' columns are put in the order that the
 * graph has images in, and no transpose is needed; undefined where they are something else.
 */
export function reshapedToImage(read: NodeReader, value: Flow, shape: Shape): Flow | undefined {
  const [batch, ...image] = shape;
  const { node, order, folded } = value;
  const isImage =
    image.length === 3 && !image.includes("batch") && image[0] !== 1 && elementCount(image as number[]) > 1;
  const isRow = node.shape.length === 2 && isSequence(order) && !folded && node.shape[0] === batch;
  if (!isImage || !isRow) return undefined;
  const turned = new Columns(read, image as number[]).turned(node, 0);
  const [channels, height, width] = image as [Dim, Dim, Dim];
  return (
    turned && {
      kind: "flow",
      node: read.build.reshape(turned, [batch!, height, width, channels]),
      order: CHANNELS_LAST,
      elementType: value.elementType,
    }
  );
}

/** Writes nodes again with their last axis, [channels, height, width] in one, as [height, width, channels]. */
class Columns {
  private readonly read: NodeReader;
  private readonly image: readonly number[];
  private readonly known = new Map<Node, Node | undefined>();

  constructor(read: NodeReader, image: readonly number[]) {
    this.read = read;
    this.image = image;
  }

  turned(node: Node, depth: number): Node | undefined {
    if (depth > DEPTH) return undefined;
    if (!this.known.has(node)) this.known.set(node, this.turnedAnew(node, depth));
    return this.known.get(node);
  }

  private turnedAnew(node: Node, depth: number): Node | undefined {
    const last = node.shape.at(-1) ?? 1;
    if (last === 1) return node;
    if (last !== elementCount(this.image)) return undefined;
    const known = this.read.placed(node);
    if (known) return this.read.place(this.turnedKnown(known));
    const { build } = this.read;
    const inputs = build.inputsOf(node);
    if (node.op === "matmul") return this.product(node, inputs as readonly [Node, Node]);
    if (!elementwise.has(node.op)) return undefined;
    const parts = inputs.map((input) => this.turned(input, depth + 1));
    return parts.includes(undefined) ? undefined : build.emit(node.op, parts as Node[], node.attributes, node.name);
  }

  private product(node: Node, [a, b]: readonly [Node, Node]): Node | undefined {
    const weights = node.attributes["transposeB"] ? undefined : this.read.placed(b);
    return weights && this.read.build.emit("matmul", [a, this.read.place(this.turnedKnown(weights))], node.attributes);
  }

  private turnedKnown(known: Known): Known {
    const before = known.shape.slice(0, -1);
    const apart = reshapeKnown(known, [...before, ...this.image]);
    const axes = [1, 2, 0].map((axis) => axis + before.length);
    return reshapeKnown(transposeKnown(apart, [...before.map((_, axis) => axis), ...axes]), known.shape);
  }
}
