import { GraphBuilder, interpret, type Node, type Program } from "@isthmus/graph";
import type { Network, Weight } from "./network.ts";
import { copied, rewrite, stored } from "./rewrite.ts";

/** What makes more of its input than there was: cheaper done by the runtime than stored. */
const growing: ReadonlySet<string> = new Set(["broadcastTo"]);
const leaves: ReadonlySet<string> = new Set(["state", "constant"]);

/**
 * Computes here, in float64, what depends on parameters and constants alone; some runtimes refuse operations on nothing but
 * initialisers. The results are weights called `folded.<node>`.
 */
export function foldConstants({ program, weights }: Network): Network {
  const fixed = findFixed(program);
  const roots = rootsOf(program, fixed);
  if (roots.length === 0) return { program, weights };
  const names = new Map<number, string>();
  const folded: Record<string, Weight> = {};
  for (const node of roots) {
    const name = freeName(`folded.${(node.name ?? `${node.op}_${node.id}`).replaceAll("/", ".")}`, {
      ...weights,
      ...folded,
    });
    names.set(node.id, name);
    folded[name] = {
      shape: node.shape as readonly number[],
      values: () => computed({ program, weights }, fixed, node),
    };
  }
  const shortened = rewrite(program, (build, { id }) => {
    const name = names.get(id);
    return name === undefined ? undefined : build.state(name, stored(folded[name]!.shape));
  });
  return { program: shortened, weights: { ...weights, ...folded } };
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

/** The values of one of them. */
function computed({ program, weights }: Network, fixed: ReadonlySet<number>, root: Node): Float32Array {
  const build = new GraphBuilder();
  const made = new Map<number, Node>();
  for (const node of program.nodes.filter(({ id }) => fixed.has(id) && id <= root.id)) {
    const inputs = node.inputs.map((id) => made.get(id)!);
    made.set(node.id, copied(build, program, node, inputs));
  }
  const needed = build.program({ outputs: { value: made.get(root.id)! } });
  const state = Object.keys(needed.state).map((name) => [name, weights[name]!.values()] as const);
  const { outputs } = interpret(needed, { inputs: {}, state: Object.fromEntries(state), batch: 1 });
  return Float32Array.from(outputs["value"]!.data);
}

function freeName(wanted: string, taken: object): string {
  let name = wanted;
  for (let count = 2; Object.hasOwn(taken, name); count++) name = `${wanted}_${count}`;
  return name;
}
