import { GraphBuilder, interpret, type Node, type Program } from "@isthmus/graph";
import type { Network, Parameters } from "./network.ts";
import { copied, rewrite, stored } from "./rewrite.ts";

/** What makes more of its input than there was: cheaper done by the runtime than stored. */
const growing: ReadonlySet<string> = new Set(["broadcastTo"]);
const leaves: ReadonlySet<string> = new Set(["state", "constant"]);

/**
 * Computes once, in float64, what depends on parameters and constants alone; some runtimes refuse operations on nothing but
 * initialisers. The results are parameters called `folded.<node>`.
 */
export function foldConstants({ program, parameters }: Network): Network {
  const fixed = findFixed(program);
  const roots = rootsOf(program, fixed);
  if (roots.length === 0) return { program, parameters };
  const values = computed(program, parameters, fixed, roots);
  const names = new Map<number, string>();
  const folded: Record<string, { shape: readonly number[]; data: Float32Array }> = {};
  for (const node of roots) {
    const name = freeName(`folded.${(node.name ?? `${node.op}_${node.id}`).replaceAll("/", ".")}`, {
      ...parameters,
      ...folded,
    });
    names.set(node.id, name);
    folded[name] = { shape: node.shape as readonly number[], data: Float32Array.from(values[`${node.id}`]!.data) };
  }
  const shortened = rewrite(program, (build, { id }) => {
    const name = names.get(id);
    return name === undefined ? undefined : build.state(name, stored(folded[name]!.shape));
  });
  return { program: shortened, parameters: { ...parameters, ...folded } };
}

/** Ids of the nodes that no input decides. */
function findFixed(program: Program): ReadonlySet<number> {
  const fixed = new Set<number>();
  for (const { id, op, inputs } of program.nodes) {
    const isMade = inputs.length > 0 && !growing.has(op) && inputs.every((input) => fixed.has(input));
    if (leaves.has(op) || isMade) fixed.add(id);
  }
  return fixed;
}

/** Those of them, leaves apart, that others read or that come out. */
function rootsOf(program: Program, fixed: ReadonlySet<number>): Node[] {
  const read = new Set(Object.values(program.outputs));
  for (const node of program.nodes) {
    if (!fixed.has(node.id)) for (const input of node.inputs) read.add(input);
  }
  return program.nodes.filter(({ id, op }) => fixed.has(id) && read.has(id) && !leaves.has(op));
}

function computed(program: Program, parameters: Parameters, fixed: ReadonlySet<number>, roots: readonly Node[]) {
  const build = new GraphBuilder();
  const made = new Map<number, Node>();
  for (const node of program.nodes.filter(({ id }) => fixed.has(id))) {
    const inputs = node.inputs.map((id) => made.get(id)!);
    made.set(node.id, copied(build, program, node, inputs));
  }
  const outputs = Object.fromEntries(roots.map(({ id }) => [`${id}`, made.get(id)!]));
  const state = Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, data as Float32Array]));
  return interpret(build.program({ outputs }), { inputs: {}, state, batch: 1 }).outputs;
}

function freeName(wanted: string, taken: object): string {
  let name = wanted;
  for (let count = 2; Object.hasOwn(taken, name); count++) name = `${wanted}_${count}`;
  return name;
}
