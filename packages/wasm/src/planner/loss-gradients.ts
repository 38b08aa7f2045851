import type { Node, Program } from "@isthmus/graph";

/** Cross-entropies with the gradient at the same logits, which one call makes: their exponentials are the same. */
export interface LossGradients {
  /** The program's nodes; what such a gradient is scaled by stands before the cross-entropy. */
  readonly order: readonly Node[];
  /** By the id of the cross-entropy. */
  readonly gradients: ReadonlyMap<number, Node>;
}

/** Those whose gradient is scaled by what does not depend on the cross-entropy, as where the loss is a mean or a sum of it. */
export function findLossGradients({ nodes }: Program): LossGradients {
  const gradients = new Map<number, Node>();
  const early = new Map<number, readonly Node[]>();
  for (const loss of nodes.filter(({ op }) => op === "sigmoidCrossEntropy")) {
    const gradient = nodes.find(({ op, inputs }) => op === "sigmoidCrossEntropyGrad" && samePair(inputs, loss.inputs));
    const needed = gradient && ancestors(nodes, gradient.inputs[2]!);
    if (!needed || needed.has(loss.id)) continue;
    gradients.set(loss.id, gradient);
    early.set(
      loss.id,
      nodes.filter(({ id }) => needed.has(id)),
    );
  }
  return { order: [...new Set(nodes.flatMap((node) => [...(early.get(node.id) ?? []), node]))], gradients };
}

function samePair(a: readonly number[], b: readonly number[]): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

/** `id`, and all that its value is made of. */
function ancestors(nodes: readonly Node[], id: number): ReadonlySet<number> {
  const found = new Set([id]);
  // Operands come before what is made of them.
  for (const node of nodes.slice(0, id + 1).toReversed()) {
    if (found.has(node.id)) for (const input of node.inputs) found.add(input);
  }
  return found;
}
