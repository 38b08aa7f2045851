import { concreteShape, elementCount, type Node, type Program } from "@isthmus/graph";
import type { FusedUpdate } from "./fused-updates.ts";
import { countUses } from "./uses.ts";

/** A gradient that its update makes while it reads it: the product of a column and a row, by the ids of the nodes that hold them. */
export interface OuterGradient {
  readonly column: number;
  readonly row: number;
  /** Elements of the row. */
  readonly length: number;
}

/** Shorter rows cost more to begin than is saved by not storing their product. */
const LEAST_LENGTH = 16;

/**
 * Gradients that are products over one single term, as those of a layer's weights at batch 1, and that only their fused update reads,
 * by node id: they need not be in memory at all.
 */
export function findOuterGradients(
  program: Program,
  fused: readonly FusedUpdate[],
  batch: number,
): ReadonlyMap<number, OuterGradient> {
  const uses = countUses(program);
  const found = new Map<number, OuterGradient>();
  for (const { gradient, nodes } of fused) {
    const own = nodes.flatMap(({ inputs }) => inputs).filter((id) => id === gradient).length;
    const product = outerProduct(program, program.nodes[gradient]!, batch);
    if (product && uses[gradient] === own) found.set(gradient, product);
  }
  return found;
}

function outerProduct({ nodes }: Program, node: Node, batch: number): OuterGradient | undefined {
  if (node.op !== "matmul") return undefined;
  const [column, row] = node.inputs as [number, number];
  const [rows, length] = concreteShape(node.shape, batch) as [number, number];
  return elementCount(nodes[column]!.shape, batch) === rows && length >= LEAST_LENGTH
    ? { column, row, length }
    : undefined;
}
