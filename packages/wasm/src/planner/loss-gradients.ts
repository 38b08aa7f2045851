import { ancestors, type Node, type Program } from "@isthmus/graph";
import { lossLowerings } from "./lowerings.ts";

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
  for (const loss of nodes.filter(({ op }) => Object.hasOwn(lossLowerings, op))) {
    const gradient = nodes.find(({ op, inputs }) => op === `${loss.op}Grad` && samePair(inputs, loss.inputs));
    const needed = gradient && ancestors(nodes, [nodes[gradient.inputs[2]!]!]);
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
