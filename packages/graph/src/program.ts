import type { ProgramRoots } from "./builder.ts";
import type { Node, Program, StateSpec, StateTensor } from "./ir.ts";
import { formatShape, sameShape } from "./shape.ts";

/** Cuts the part of a graph that `roots` need and numbers it anew, in the old order. */
export function makeProgram(nodes: readonly Node[], declared: StateSpec, roots: ProgramRoots): Program {
  const updates = roots.updates ?? {};
  const needed = ancestors(nodes, [
    ...Object.values(roots.outputs),
    ...Object.values(updates),
    ...(roots.guard ? [roots.guard] : []),
  ]);
  const kept = nodes.filter((node) => needed.has(node.id));
  const renumbered = new Map(kept.map((node, id) => [node.id, id]));
  const idOf = (node: Node) => renumbered.get(node.id) as number;
  checkUpdates(declared, updates);
  if (roots.guard && roots.guard.shape.length > 0) {
    throw new RangeError(`program: "guard" expected a scalar, got ${formatShape(roots.guard.shape)}`);
  }
  const state: Record<string, StateTensor> = {};
  const stateNames = [...named(kept, "state").keys(), ...Object.keys(updates)];
  for (const name of [...new Set(stateNames)].sort()) state[name] = declared[name] as StateTensor;
  return {
    nodes: kept.map((node, id) => ({ ...node, id, inputs: node.inputs.map((input) => renumbered.get(input) as number) })),
    inputs: mapValues(Object.fromEntries(named(kept, "input")), idOf),
    state,
    outputs: mapValues(roots.outputs, idOf),
    updates: mapValues(updates, idOf),
    ...(roots.guard ? { guard: idOf(roots.guard) } : {}),
  };
}

function ancestors(nodes: readonly Node[], roots: readonly Node[]): Set<number> {
  const needed = new Set(roots.map((node) => node.id));
  for (let id = nodes.length - 1; id >= 0; id--) {
    if (needed.has(id)) for (const input of (nodes[id] as Node).inputs) needed.add(input);
  }
  return needed;
}

/** Name -> node of the leaves of one kind. */
function named(nodes: readonly Node[], op: "input" | "state"): Map<string, Node> {
  const found = new Map<string, Node>();
  for (const node of nodes.filter((candidate) => candidate.op === op)) {
    const name = node.attributes["name"] as string;
    if (found.has(name)) throw new RangeError(`program: ${op} "${name}" is declared twice with different types`);
    found.set(name, node);
  }
  return found;
}

function checkUpdates(declared: StateSpec, updates: Readonly<Record<string, Node>>): void {
  for (const [name, node] of Object.entries(updates)) {
    const tensor = declared[name];
    if (!tensor) throw new RangeError(`program: update of "${name}", which is not a state tensor`);
    if (!sameShape(tensor.shape, node.shape)) {
      throw new RangeError(`program: update of "${name}" expected ${formatShape(tensor.shape)}, got ${formatShape(node.shape)}`);
    }
  }
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
