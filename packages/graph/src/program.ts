import { hash32 } from "@isthmus/math";
import { ancestors } from "./ancestors.ts";
import { isName } from "./attributes.ts";
import type { ProgramRoots } from "./builder.ts";
import type { Node, Program, StateSpec } from "./ir.ts";
import { formatShape, sameShape } from "./shape.ts";
import { requireStateTensor } from "./state-checks.ts";

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
  const stateNames = new Set([...named(kept, "state").keys(), ...Object.keys(updates)]);
  const program: Program = {
    nodes: kept.map((node, id) => ({
      ...node,
      id,
      inputs: node.inputs.map((input) => renumbered.get(input) as number),
    })),
    inputs: mapValues(Object.fromEntries(named(kept, "input")), idOf),
    state: Object.fromEntries([...stateNames].sort().map((name) => [name, requireStateTensor(declared, name)])),
    outputs: mapValues(roots.outputs, idOf),
    updates: mapValues(updates, idOf),
    ...(roots.guard ? { guard: idOf(roots.guard) } : {}),
  };
  checkInterface(program);
  return program;
}

/**
 * Checks what nodes alone do not tell: that inputs, state, updates and guard belong to the nodes they name, and that
 * no two noises are the same.
 *
 * @throws RangeError
 */
export function checkInterface(program: Program): void {
  const { nodes, inputs, state, outputs, updates, guard } = program;
  const inputNodes = named(nodes, "input");
  for (const name of new Set([...inputNodes.keys(), ...Object.keys(inputs)])) {
    const id = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
    if (id !== inputNodes.get(name)?.id) throw new RangeError(`program: input "${name}" is not the node of that name`);
  }
  for (const [name, node] of named(nodes, "state")) checkState(state, name, node, "is read as");
  for (const [name, id] of Object.entries(updates)) checkState(state, name, nodes[id] as Node, "is updated with");
  for (const name of Object.keys(outputs)) {
    if (!isName(name)) throw new RangeError(`program: an output cannot be called "${name}"`);
  }
  const guardShape = guard === undefined ? [] : (nodes[guard] as Node).shape;
  if (guardShape.length > 0) throw new RangeError(`program: "guard" expected a scalar, got ${formatShape(guardShape)}`);
  checkStreams(nodes);
}

function checkState(spec: StateSpec, name: string, { shape, dtype }: Node, verb: string): void {
  const tensor = requireStateTensor(spec, name);
  if (dtype !== "f32" || !sameShape(tensor.shape, shape)) {
    throw new RangeError(
      `program: state "${name}", f32 ${formatShape(tensor.shape)}, ${verb} ${dtype} ${formatShape(shape)}`,
    );
  }
}

function checkStreams(nodes: readonly Node[]): void {
  const streams = nodes.flatMap(({ attributes }) => (attributes["stream"] === undefined ? [] : [attributes["stream"]]));
  const distinct = new Set(streams.map((stream) => hash32(stream as string)));
  if (distinct.size < streams.length) throw new RangeError("program: two noises share a stream");
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

function mapValues<A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
