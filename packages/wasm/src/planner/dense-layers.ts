import type { Node, Program } from "@isthmus/graph";
import { ACTIVATIONS } from "@isthmus/kernels";
import { countUses } from "./uses.ts";

type Activation = keyof typeof ACTIVATIONS;

/** What takes a bias and an activation on the way out: products of matrices, and convolutions. */
const products: ReadonlySet<string> = new Set(["matmul", "conv2d", "conv2dInputGrad", "depthwiseConv2d"]);

/** A product with the bias and activation that its kernel can apply on the way out. */
export interface DenseLayer {
  readonly product: Node;
  readonly bias?: Node;
  readonly activation?: Activation;
  /** The nodes it stands for, the last of which has its value. */
  readonly nodes: readonly Node[];
}

/**
 * Every product, with what follows it as far as nobody else needs the values in between.
 * Keyed by the last node of each chain; `inside` holds the ids of the others.
 */
export function findDenseLayers(program: Program): {
  readonly layers: ReadonlyMap<number, DenseLayer>;
  readonly inside: ReadonlySet<number>;
} {
  const uses = countUses(program);
  const consumer = new Map<number, Node>();
  for (const node of program.nodes) for (const id of node.inputs) consumer.set(id, node);
  const only = (node: Node) => (uses[node.id] === 1 ? consumer.get(node.id) : undefined);
  const layers = new Map<number, DenseLayer>();
  const inside = new Set<number>();
  for (const product of program.nodes.filter(({ op }) => products.has(op))) {
    const layer = growLayer(program, product, only);
    layers.set(layer.nodes.at(-1)!.id, layer);
    for (const node of layer.nodes.slice(0, -1)) inside.add(node.id);
  }
  return { layers, inside };
}

function growLayer(program: Program, product: Node, only: (node: Node) => Node | undefined): DenseLayer {
  const nodes = [product];
  const next = only(product);
  const bias = next && rowAddedTo(program, product, next);
  if (next && bias) nodes.push(next);
  const after = only(nodes.at(-1)!);
  const activation = after && after.op in ACTIVATIONS ? (after.op as Activation) : undefined;
  if (after && activation) nodes.push(after);
  return { product, nodes, ...(bias && { bias }), ...(activation && { activation }) };
}

/** The other operand when `sum` adds one row to all rows of `product`. */
function rowAddedTo(program: Program, product: Node, sum: Node): Node | undefined {
  if (sum.op !== "add") return undefined;
  const other = program.nodes[sum.inputs[0] === product.id ? sum.inputs[1]! : sum.inputs[0]!]!;
  const width = product.shape.at(-1)!;
  const isRow = other.shape.at(-1) === width && other.shape.slice(0, -1).every((dim) => dim === 1);
  return isRow && other.shape.length <= product.shape.length && typeof width === "number" ? other : undefined;
}
