import { type Node, operations, type Program } from "@isthmus/graph";
import { refused } from "./network.ts";

/** What adds up products. */
const linear = ["matmul", "conv2d", "depthwiseConv2d", "avgPool2d"] as const;

/** Functions of one number that become a table of 256. */
const tabled: ReadonlySet<string> = new Set(["sigmoid", "tanh", "softplus", "exp", "expm1", "abs", "neg", "square"]);

/** A sum of products with what follows it, done in one go: the bias, a factor, and one function of each number. */
export interface Layer {
  readonly linear: Node;
  readonly bias?: Node;
  /** A number above 0 that products and bias are multiplied by. */
  readonly factor: number;
  /** `relu`, which is a bound of the rounding, or one that becomes a table. */
  readonly activation?: Node;
  /** The node before the activation. */
  readonly sum: Node;
  /** The last node of the layer. */
  readonly end: Node;
  /** All nodes of the layer. */
  readonly members: readonly Node[];
}

/** The layers of a program, by the id of their first node. */
export function findLayers(program: Program): ReadonlyMap<number, Layer> {
  const next = soleReaders(program);
  const found = program.nodes.flatMap((node) => (isLinear(node) ? [layerFrom(node, program, next)] : []));
  return new Map(found.map((layer) => [layer.linear.id, layer]));
}

function isLinear(node: Node): boolean {
  return (linear as readonly string[]).includes(node.op);
}

function layerFrom(linear: Node, { nodes }: Program, next: ReadonlyMap<number, Node>): Layer {
  requireConstantWeight(linear, nodes);
  const members = [linear];
  const reader = (): Node | undefined => next.get(members.at(-1)!.id);
  const bias = biasOf(linear, reader(), nodes);
  if (bias) members.push(reader()!);
  const factor = factorOf(members.at(-1)!, reader(), nodes);
  if (factor !== undefined) members.push(reader()!);
  const sum = members.at(-1)!;
  const after = reader();
  const activation = after && (after.op === "relu" || tabled.has(after.op)) ? after : undefined;
  if (activation) members.push(activation);
  return {
    ...{ linear, factor: factor ?? 1, sum, end: members.at(-1)!, members },
    ...(bias && { bias }),
    ...(activation && { activation }),
  };
}

/** Nodes whose only reader is another: the reader, by their ids. */
function soleReaders({ nodes, outputs }: Program): ReadonlyMap<number, Node> {
  const readers = new Map<number, Node[]>();
  for (const node of nodes) for (const id of node.inputs) readers.set(id, [...(readers.get(id) ?? []), node]);
  const kept = new Set(Object.values(outputs));
  const sole = [...readers].filter(([id, { length }]) => length === 1 && !kept.has(id));
  return new Map(sole.map(([id, [reader]]) => [id, reader!]));
}

/** What is added to each channel, where the reader of a sum does that. */
function biasOf(sum: Node, reader: Node | undefined, nodes: readonly Node[]): Node | undefined {
  if (reader?.op !== "add") return undefined;
  const other = nodes[reader.inputs.find((id) => id !== sum.id) ?? sum.id]!;
  const channels = sum.shape.at(-1)!;
  const isRow = other.shape.at(-1) === channels && other.shape.slice(0, -1).every((size) => size === 1);
  return isRow && (other.op === "state" || other.op === "constant") ? other : undefined;
}

/** What all of a sum is multiplied by, where its reader does that. */
function factorOf(sum: Node, reader: Node | undefined, nodes: readonly Node[]): number | undefined {
  if (reader?.op !== "mul") return undefined;
  const other = nodes[reader.inputs.find((id) => id !== sum.id) ?? sum.id]!;
  const [factor, ...more] = (other.attributes["values"] ?? []) as readonly number[];
  return other.op === "constant" && factor! > 0 && more.length === 0 ? factor : undefined;
}

function requireConstantWeight(node: Node, nodes: readonly Node[]): void {
  if (node.op === "avgPool2d") return;
  if (nodes[node.inputs[1]!]!.op !== "state") throw refused(node, "its second factor is no parameter");
  if (node.attributes["transposeA"] === true || node.attributes["transposeB"] === true) {
    throw refused(node, "a factor is transposed");
  }
}

/** The function of one number that an activation is. */
export function isTabled({ activation }: Layer): boolean {
  return activation !== undefined && activation.op !== "relu";
}

/** How many numbers of the last axis a layer makes. */
export function channelsOf({ linear }: Layer): number {
  return linear.shape.at(-1) as number;
}

/** What to say of an operation that nothing here knows. */
export function unknownOperation(node: Node): Error {
  const known = ["dense and convolutional layers with relu, sigmoid, tanh or softplus", "pools", "reshapes"].join(", ");
  const isKnown = operations.has(node.op);
  return refused(
    node,
    `${isKnown ? "only" : "an operation that is not known; only"} ${known} have one; choose such a trunk`,
  );
}
