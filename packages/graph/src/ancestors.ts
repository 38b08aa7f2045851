import type { Node } from "./ir.ts";

/**
 * The ids of `roots` and of all nodes that their values are made of.
 *
 * @param nodes of the graph that the roots are from
 */
export function ancestors(nodes: readonly Node[], roots: readonly Node[]): ReadonlySet<number> {
  const found = new Set(roots.map((node) => node.id));
  for (let id = nodes.length - 1; id >= 0; id--) {
    if (found.has(id)) for (const input of (nodes[id] as Node).inputs) found.add(input);
  }
  return found;
}
