/**
 * Graphs have the channels of an image last, ONNX's convolutions and pools have them first. Which values are written channels
 * first: images from one convolution to the next, through whatever treats their elements alike, and the rows they are
 * flattened to, where the weight that reads or makes such rows can be stored in their order.
 */
import { elementCount, type Node, type Program, type Shape } from "@isthmus/graph";
import { convolutions, pools } from "./channels-first.ts";
import type { Gemm } from "./gemm.ts";
import { countUses } from "./rewrite.ts";

/** Height, width, channels. */
export type ImageSize = readonly [number, number, number];

export interface ImageLayout {
  /** Ids of the images that are written channels first. */
  readonly images: ReadonlySet<number>;
  /**
   * Ids of the matrices whose rows are images, channels first, with more than one channel and pixel. Such rows may be joined
   * with others.
   */
  readonly rows: ReadonlyMap<number, ImageSize>;
}

const unary = ["neg", "abs", "sign", "step", "exp", "expm1", "log", "log1p", "sqrt", "square", "erf", "round"];
const activations = ["sigmoid", "tanh", "softplus", "relu", "cast"];
const binary = ["add", "sub", "mul", "div", "maximum", "minimum", "greater", "equal", "select"];
export const elementwise: ReadonlySet<string> = new Set([...unary, ...activations, ...binary]);
/** These cut and join along an axis that they name. */
const alongAxis: ReadonlySet<string> = new Set(["slice", "pad", "concat"]);

/**
 * @param gemms additions that a product absorbs, by their id
 * @param isNchw whether images come in and go out channels first
 */
export function layoutOf(program: Program, gemms: ReadonlyMap<number, Gemm>, isNchw: boolean): ImageLayout {
  return new Layout(program, gemms, isNchw).solve();
}

class Layout {
  private readonly program: Program;
  private readonly gemms: ReadonlyMap<number, Gemm>;
  private readonly isNchw: boolean;
  private readonly uses: readonly number[];
  private readonly readers: readonly (readonly Node[])[];
  private readonly outputs: ReadonlySet<number>;
  private readonly wanted: ReadonlySet<number>;

  constructor(program: Program, gemms: ReadonlyMap<number, Gemm>, isNchw: boolean) {
    this.program = program;
    this.gemms = gemms;
    this.isNchw = isNchw;
    this.uses = countUses(program);
    this.readers = program.nodes.map(({ id }) => program.nodes.filter(({ inputs }) => inputs.includes(id)));
    this.outputs = new Set(Object.values(program.outputs));
    this.wanted = this.findWanted();
  }

  /** Begins with all rows that could be, and drops those that cannot until the rest agree. */
  solve(): ImageLayout {
    const rows = this.candidates();
    for (;;) {
      const images = this.findImages(rows);
      const wrong = [...rows.keys()].filter((id) => !this.canBeRows(id, rows, images));
      if (wrong.length === 0) return { images, rows };
      for (const id of wrong) rows.delete(id);
    }
  }

  /** Images that a convolution or a pool reads, or that go out channels first, be it through elementwise operations. */
  private findWanted(): ReadonlySet<number> {
    const wanted = new Set<number>();
    for (const { id, shape } of this.program.nodes.toReversed()) {
      const wants = ({ op, inputs, id: reader }: Node) =>
        pools.has(op) || (convolutions.has(op) && inputs[0] === id) || (this.flows(op) && wanted.has(reader));
      const goesOut = this.isNchw && this.outputs.has(id);
      if (shape.length === 4 && (goesOut || this.readers[id]!.some(wants))) wanted.add(id);
    }
    return wanted;
  }

  private flows(op: string): boolean {
    return elementwise.has(op) || alongAxis.has(op);
  }

  private findImages(rows: ReadonlyMap<number, ImageSize>): ReadonlySet<number> {
    const images = new Set<number>();
    for (const node of this.program.nodes) if (this.isImage(node, rows, images)) images.add(node.id);
    return images;
  }

  private isImage(node: Node, rows: ReadonlyMap<number, ImageSize>, images: ReadonlySet<number>): boolean {
    const { id, op, shape } = node;
    const product = this.gemms.get(id)?.product;
    if (convolutions.has(op) || pools.has(op) || (product && convolutions.has(product.op))) return true;
    if (shape.length !== 4) return false;
    if (op === "input") return this.isNchw && node.dtype !== "i32";
    if (op === "reshape") return this.wanted.has(id) && this.isUnflattened(node, rows);
    return this.flows(op) && this.flowsThrough(node, images);
  }

  /** Whether rows of images become images: such as are kept channels first, or whose order is the same either way. */
  private isUnflattened({ inputs, shape }: Node, rows: ReadonlyMap<number, ImageSize>): boolean {
    const size = flattened(this.at(inputs[0]!).shape, shape);
    return size !== undefined && (isTrivial(size) || sameSize(rows.get(inputs[0]!), size));
  }

  /** Whether every operand is an image with channels first, a vector of the channels or a scalar, and one is an image. */
  private flowsThrough({ op, inputs, shape }: Node, images: ReadonlySet<number>): boolean {
    const fits = (id: number) => {
      const operand = this.at(id).shape;
      if (alongAxis.has(op)) return images.has(id);
      if (operand.length <= 1) return operand.length === 0 || operand[0] === shape[3];
      return images.has(id) && operand.every((dim, axis) => dim === shape[axis]);
    };
    return inputs.every(fits) && inputs.some((id) => images.has(id));
  }

  /** Matrices that a reshape ties to images, and what elementwise operations and biases tie to those. */
  private candidates(): Map<number, ImageSize> {
    const found = new Map<number, ImageSize>();
    const propose = (id: number, size: ImageSize | undefined) => {
      const { shape } = this.at(id);
      if (!size || isTrivial(size) || found.has(id) || shape.length !== 2 || shape[1] !== elementCount(size))
        return false;
      found.set(id, size);
      return true;
    };
    for (const { id, op, inputs, shape } of this.program.nodes) {
      if (op !== "reshape") continue;
      const from = this.at(inputs[0]!).shape;
      propose(id, flattened(shape, from));
      propose(inputs[0]!, flattened(from, shape));
    }
    for (let grows = true; grows;) {
      grows = false;
      for (const node of this.program.nodes) {
        for (const tied of this.tiedTo(node)) {
          if (propose(node.id, found.get(tied)) || propose(tied, found.get(node.id))) grows = true;
        }
      }
    }
    return found;
  }

  /** Operands whose columns are in the node's own order. */
  private tiedTo(node: Node): readonly number[] {
    const gemm = this.gemms.get(node.id);
    if (gemm) return gemm.product.op === "matmul" ? [gemm.product.id] : [];
    if (!elementwise.has(node.op)) return [];
    return node.inputs.filter((id) => (this.at(id).shape.at(-1) ?? 1) !== 1);
  }

  private canBeRows(id: number, rows: ReadonlyMap<number, ImageSize>, images: ReadonlySet<number>): boolean {
    const size = rows.get(id)!;
    const node = this.at(id);
    const agrees = (other: number) => sameSize(rows.get(other), size);
    const reads = (reader: Node): boolean => {
      if (reader.op === "reshape") return images.has(reader.id) && sameSize(flattened(node.shape, reader.shape), size);
      if (reader.op === "matmul") return this.multiplies(reader, id);
      if (reader.op === "concat") return this.isJoined(reader);
      return elementwise.has(reader.op) && agrees(reader.id);
    };
    return !this.outputs.has(id) && this.isMadeAsRows(node, size, agrees, images) && this.readers[id]!.every(reads);
  }

  /** Whether rows become parts of longer ones that only products read. */
  private isJoined({ id, attributes }: Node): boolean {
    const isRead = this.readers[id]!.every((reader) => reader.op === "matmul" && this.multiplies(reader, id));
    return attributes["axis"] === 1 && !this.outputs.has(id) && isRead;
  }

  private multiplies(product: Node, id: number): boolean {
    return this.hasOwnWeight(product) && product.inputs[0] === id;
  }

  private isMadeAsRows(
    node: Node,
    size: ImageSize,
    agrees: (id: number) => boolean,
    images: ReadonlySet<number>,
  ): boolean {
    if (node.op === "reshape") {
      const [from] = node.inputs as [number];
      return images.has(from) && sameSize(flattened(node.shape, this.at(from).shape), size);
    }
    if (node.op === "matmul") return this.hasOwnWeight(node);
    const bias = this.gemms.get(node.id)?.bias;
    if (bias) return this.isOwn(bias) && agrees(this.gemms.get(node.id)!.product.id);
    return elementwise.has(node.op) && this.tiedTo(node).every(agrees);
  }

  /** Whether a product's weight is stored for it alone, so that it can be stored in any order. */
  private hasOwnWeight({ inputs, attributes }: Node): boolean {
    return !attributes["transposeA"] && this.isOwn(this.at(inputs[1]!));
  }

  private isOwn(tensor: Node): boolean {
    return tensor.op === "state" && this.uses[tensor.id] === 1;
  }

  private at(id: number): Node {
    return this.program.nodes[id]!;
  }
}

/** The size of the images `[n, height, width, channels]` whose rows `[n, elements]` are; undefined when they are not. */
export function flattened(rows: Shape, images: Shape): ImageSize | undefined {
  const [n, ...size] = images;
  if (rows.length !== 2 || images.length !== 4 || rows[0] !== n || size.includes("batch")) return undefined;
  return size as unknown as ImageSize;
}

/** Whether an image's elements have the same order channels first and channels last. */
export function isTrivial([height, width, channels]: ImageSize): boolean {
  return channels === 1 || height * width === 1;
}

function sameSize(a: ImageSize | undefined, b: ImageSize | undefined): boolean {
  return a !== undefined && b !== undefined && a.every((dim, axis) => dim === b[axis]);
}

/** For each element of an image in channels-first order, its place in channels-last order. */
export function channelsFirstOrder([height, width, channels]: ImageSize): Int32Array {
  const pixels = height * width;
  return Int32Array.from({ length: pixels * channels }, (_, i) => (i % pixels) * channels + Math.floor(i / pixels));
}
