import { type Node, operations, type Program } from "@isthmus/graph";
import { refused } from "./network.ts";

/** What adds up products. `conv2dInputGrad` is what a transposed convolution is written as. */
const linear = ["matmul", "conv2d", "conv2dInputGrad", "depthwiseConv2d", "avgPool2d"] as const;

/** Functions of one number that become a table of 256. */
const tabled: ReadonlySet<string> = new Set(["sigmoid", "tanh", "softplus", "exp", "expm1", "abs", "neg", "square"]);

/** A function of each number. */
export type Activation =
  /** A bound of the rounding; `clamp` is ReLU6, say, and has one bound at least. */
  | { readonly kind: "relu" }
  | { readonly kind: "clamp"; readonly low: number; readonly high: number }
  /** x, or slope x where it is below 0: a second multiplier. `slope` is in (0, 1). */
  | { readonly kind: "leakyRelu"; readonly slope: number }
  /** An operation of the graph that becomes a table. */
  | { readonly kind: "table"; readonly op: string };

/** A sum of products with what follows it, done in one go: the bias, a factor, and one function of each number. */
export interface Layer {
  readonly linear: Node;
  /** Cuts of rows and columns behind the last one that is kept, in their order; what else there is does not see them. */
  readonly cuts: readonly Node[];
  readonly bias?: Node;
  /** A number above 0 that products and bias are multiplied by. */
  readonly factor: number;
  readonly activation?: Activation;
  /** The node before the activation. */
  readonly sum: Node;
  /** The last node of the layer. */
  readonly end: Node;
  /** All nodes of the layer. */
  readonly members: readonly Node[];
}

/** The layers of a program, by the id of their first node. */
export function findLayers(program: Program): ReadonlyMap<number, Layer> {
  const readers = new Readers(program);
  const found = program.nodes.flatMap((node) =>
    isLinear(node) ? [new LayerReader(node, program, readers).read()] : [],
  );
  return new Map(found.map((layer) => [layer.linear.id, layer]));
}

function isLinear(node: Node): boolean {
  return (linear as readonly string[]).includes(node.op);
}

/** Follows a layer from its products to its end. */
class LayerReader {
  private readonly nodes: readonly Node[];
  private readonly readers: Readers;
  private readonly members: Node[];
  private readonly cuts: Node[] = [];

  constructor(first: Node, { nodes }: Program, readers: Readers) {
    requireConstantWeight(first, nodes);
    this.nodes = nodes;
    this.readers = readers;
    this.members = [first];
  }

  read(): Layer {
    const [first] = this.members as [Node];
    const bias = this.next((sum, reader) => biasOf(sum, reader, this.nodes));
    const factor = this.next((sum, reader) => factorOf(sum, reader, this.nodes));
    this.skipCuts();
    const sum = this.last();
    const activation = this.leaky() ?? this.clamp() ?? this.next((_, { op }) => activationOf(op));
    this.skipCuts();
    return {
      ...{ linear: first, cuts: this.cuts, factor: factor ?? 1, sum, end: this.last(), members: this.members },
      ...(bias && { bias }),
      ...(activation && { activation }),
    };
  }

  private last(): Node {
    return this.members.at(-1)!;
  }

  /** What `find` makes of the only reader of the last node; if anything, that is the last one then. */
  private next<T>(find: (sum: Node, reader: Node) => T | undefined): T | undefined {
    this.skipCuts();
    const reader = this.readers.only(this.last());
    const found = reader && find(this.last(), reader);
    if (found !== undefined) this.members.push(reader!);
    return found;
  }

  private skipCuts(): void {
    for (let reader = this.readers.only(this.last()); reader && isCut(reader); reader = this.readers.only(reader)) {
      this.members.push(reader);
      this.cuts.push(reader);
    }
  }

  /** max(x, slope x). */
  private leaky(): Activation | undefined {
    const sum = this.last();
    const [mul, maximum, ...others] = this.readers.all(sum);
    if (mul?.op !== "mul" || maximum?.op !== "maximum" || others.length > 0) return undefined;
    const slope = factorOf(sum, mul, this.nodes);
    if (slope === undefined || slope >= 1 || this.readers.only(mul) !== maximum) return undefined;
    this.members.push(mul, maximum);
    return { kind: "leakyRelu", slope };
  }

  /** Bounds by constants, one or two, in any order, ReLU among them. */
  private clamp(): Activation | undefined {
    let [low, high] = [-Infinity, Infinity];
    const bound = (): true | undefined =>
      this.next((sum, reader) => {
        const value = reader.op === "relu" ? 0 : constantBeside(sum, reader, this.nodes);
        if (value === undefined || !["relu", "maximum", "minimum"].includes(reader.op)) return undefined;
        if (reader.op === "minimum") [low, high] = [Math.min(low, value), Math.min(high, value)];
        else [low, high] = [Math.max(low, value), Math.max(high, value)];
        return true;
      });
    if (!bound()) return undefined;
    while (bound());
    return low === 0 && high === Infinity ? { kind: "relu" } : { kind: "clamp", low, high };
  }
}

function activationOf(op: string): Activation | undefined {
  return tabled.has(op) ? { kind: "table", op } : undefined;
}

/** The first rows or columns of an image. */
function isCut({ op, attributes, shape }: Node): boolean {
  const { axis, begin } = attributes;
  return op === "slice" && shape.length === 4 && (axis === 1 || axis === 2) && begin === 0;
}

/** Who reads which nodes. */
class Readers {
  private readonly readers = new Map<number, Node[]>();
  private readonly kept: ReadonlySet<number>;

  constructor({ nodes, outputs }: Program) {
    for (const node of nodes) {
      for (const id of new Set(node.inputs)) this.readers.set(id, [...(this.readers.get(id) ?? []), node]);
    }
    this.kept = new Set(Object.values(outputs));
  }

  /** None of an output, whose number counts. */
  all({ id }: Node): readonly Node[] {
    return this.kept.has(id) ? [] : (this.readers.get(id) ?? []);
  }

  only(node: Node): Node | undefined {
    const [first, ...others] = this.all(node);
    return others.length === 0 ? first : undefined;
  }
}

/** What is added to each channel, where the reader of a sum does that. */
function biasOf(sum: Node, reader: Node, nodes: readonly Node[]): Node | undefined {
  if (reader.op !== "add") return undefined;
  const other = nodes[reader.inputs.find((id) => id !== sum.id) ?? sum.id]!;
  const channels = sum.shape.at(-1)!;
  const isRow = other.shape.at(-1) === channels && other.shape.slice(0, -1).every((size) => size === 1);
  return isRow && (other.op === "state" || other.op === "constant") ? other : undefined;
}

/** What all of a sum is multiplied by, where its reader does that. */
function factorOf(sum: Node, reader: Node, nodes: readonly Node[]): number | undefined {
  const factor = reader.op === "mul" ? constantBeside(sum, reader, nodes) : undefined;
  return factor !== undefined && factor > 0 ? factor : undefined;
}

/** The number that a reader takes beside a node. */
function constantBeside({ id }: Node, reader: Node, nodes: readonly Node[]): number | undefined {
  const other = nodes[reader.inputs.find((input) => input !== id) ?? id]!;
  const [value, ...more] = (other.attributes["values"] ?? []) as readonly number[];
  return other.op === "constant" && more.length === 0 ? value : undefined;
}

function requireConstantWeight(node: Node, nodes: readonly Node[]): void {
  if (node.op === "avgPool2d") return;
  if (nodes[node.inputs[1]!]!.op !== "state") throw refused(node, "its second factor is no parameter");
  if (node.attributes["transposeA"] === true || node.attributes["transposeB"] === true) {
    throw refused(node, "a factor is transposed");
  }
}

/** Whether sums are int8 before the activation, which is a table of them. */
export function isTabled({ activation }: Layer): boolean {
  return activation?.kind === "table";
}

/** Whether its weights are [..., outputs, inputs], as those of a transposed convolution, and not [..., inputs, outputs]. */
export function isTransposed({ linear: { op } }: Layer): boolean {
  return op === "conv2dInputGrad";
}

/** How many numbers of the last axis a layer makes. */
export function channelsOf({ linear }: Layer): number {
  return linear.shape.at(-1) as number;
}

/**
 * Refuses what no layer before it would be named for: its squares and sums would be the first that are not known.
 *
 * @throws IsthmusError `DEPLOY_OPERATION`
 */
export function requireNoNormalisation({ nodes }: Program): void {
  const gdn = nodes.find(({ op }) => op === "gdn");
  if (!gdn) return;
  throw refused(
    gdn,
    "divisive normalisation (GDN) divides by what the network computes; train the codec with an integer-friendly trunk, gdn off and the activation relu",
  );
}

/** What to say of an operation that nothing here knows. */
export function unknownOperation(node: Node): Error {
  const activations = "relu, leaky relu, clamps, sigmoid, tanh or softplus";
  const known = [`dense and (transposed) convolutional layers with ${activations}`, "pools", "reshapes"].join(", ");
  const isKnown = operations.has(node.op);
  return refused(
    node,
    `${isKnown ? "only" : "an operation that is not known; only"} ${known} have one; choose such a trunk`,
  );
}
