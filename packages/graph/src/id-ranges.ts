import type { HostArray } from "./engine.ts";
import type { Node, Program } from "./ir.ts";

/** Largest count of rows or classes that every use of an input's ids has, by input name. */
type Limits = ReadonlyMap<string, number>;

const known = new WeakMap<Program, Limits>();

/**
 * Checks the ids that a caller feeds. Integers come from inputs alone and nothing computes with them, so what holds at
 * the door holds wherever they are used.
 *
 * @throws RangeError an id below 0 or beyond the last row or class
 */
export function checkIds(program: Program, inputs: Readonly<Record<string, HostArray>>): void {
  for (const [name, limit] of idLimits(program)) {
    const ids = inputs[name] as HostArray;
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      if (id >= 0 && id < limit) continue;
      throw new RangeError(`run: input "${name}" expected ids in [0, ${limit}), got ${id} at ${i}`);
    }
  }
}

/** How many ids there are for each input that ids are fed to: whole numbers from 0 up to this, which they never reach. */
export function idLimits(program: Program): ReadonlyMap<string, number> {
  const found = known.get(program) ?? findLimits(program);
  known.set(program, found);
  return found;
}

function findLimits({ nodes }: Program): Limits {
  const limits = new Map<string, number>();
  for (const node of nodes) {
    const count = countOf(node, nodes);
    if (count === undefined) continue;
    const name = sourceOf(nodes[node.inputs.at(-1)!]!, nodes);
    limits.set(name, Math.min(count, limits.get(name) ?? count));
  }
  return limits;
}

/** How many ids a node tells apart, if it takes any; they are its last input. */
function countOf({ op, inputs, attributes }: Node, nodes: readonly Node[]): number | undefined {
  if (op === "gather") return nodes[inputs[0]!]!.shape[0] as number;
  if (op === "scatterAdd") return attributes["rows"] as number;
  return op === "oneHot" ? (attributes["classes"] as number) : undefined;
}

/** The input that ids come from, through operations that only change their shape. */
function sourceOf(ids: Node, nodes: readonly Node[]): string {
  return ids.op === "input" ? (ids.attributes["name"] as string) : sourceOf(nodes[ids.inputs[0]!]!, nodes);
}
