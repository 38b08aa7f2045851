import { GraphBuilder, type Node, type Program, type StateTensor } from "@isthmus/graph";

/** What becomes of a node when all before it have been rewritten, `inputs` among them; undefined for one that stays. */
export type Rewrite = (
  build: GraphBuilder,
  node: Node,
  inputs: readonly Node[],
  rewritten: readonly Node[],
) => Node | undefined;

/** The program with its nodes rewritten in order; what no output needs any more is gone. */
export function rewrite(program: Program, change: Rewrite): Program {
  const build = new GraphBuilder();
  const rewritten: Node[] = [];
  for (const node of program.nodes) {
    const inputs = node.inputs.map((id) => rewritten[id]!);
    rewritten.push(change(build, node, inputs, rewritten) ?? copied(build, program, node, inputs));
  }
  const outputs = Object.entries(program.outputs).map(([name, id]) => [name, rewritten[id]!] as const);
  return build.program({ outputs: Object.fromEntries(outputs) });
}

/** The node as it was, on other inputs. */
export function copied(build: GraphBuilder, { state }: Program, node: Node, inputs: readonly Node[]): Node {
  if (node.op !== "state") return build.emit(node.op, inputs, node.attributes, node.name);
  const name = nameOf(node);
  return build.state(name, state[name]!);
}

/** The name of an input or a state tensor. */
export function nameOf({ attributes }: Node): string {
  return attributes["name"] as string;
}

/** Inputs or outputs in the order of their nodes, which a stored program keeps while its names are sorted. */
export function inOrder(ports: Readonly<Record<string, number>>): [name: string, id: number][] {
  return Object.entries(ports).sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1));
}

/** The program with those outputs alone; all, where none are named. Throws `RangeError` for one that it lacks. */
export function selected(program: Program, wanted: readonly string[] | undefined): Program {
  if (wanted === undefined) return program;
  const known = Object.keys(program.outputs);
  const outputs = wanted.map((name) => {
    if (!known.includes(name)) throw new RangeError(`"outputs" expected some of ${known.join(", ")}, got "${name}"`);
    return [name, program.outputs[name]!] as const;
  });
  if (outputs.length === 0) throw new RangeError(`"outputs" expected some of ${known.join(", ")}, got none`);
  return { ...program, outputs: Object.fromEntries(outputs) };
}

/** Reads of each node: as an input of others, or as an output. */
export function countUses(program: Program): number[] {
  const uses = program.nodes.map(() => 0);
  const read = [...program.nodes.flatMap((node) => node.inputs), ...Object.values(program.outputs)];
  for (const id of read) uses[id]!++;
  return uses;
}

/** A state tensor that takes its values from elsewhere. */
export function stored(shape: readonly number[]): StateTensor {
  return { shape, init: { kind: "zeros" } };
}
