import { GraphBuilder, type Node, type Program } from "@isthmus/graph";

/** Makes the value of `node` from the new values of its inputs. */
export type Rule = (build: GraphBuilder, node: Node, inputs: readonly Node[]) => Node;

/** The rule that changes nothing. */
export const keep: Rule = (build, node, inputs) => build.emit(node.op, inputs, node.attributes, node.name);

/**
 * Rebuilds a program node by node; equal operations become one, what nobody needs is
 * gone, and whatever leaves the program is float32.
 */
export function rewrite(program: Program, rule: Rule): Program {
  const build = new GraphBuilder();
  for (const [name, tensor] of Object.entries(program.state)) build.state(name, tensor);
  const made: Node[] = [];
  for (const node of program.nodes) {
    const inputs = node.inputs.map((id) => made[id]!);
    made.push(rule(build, node, inputs));
  }
  const asFloat = (id: number) => build.cast(made[id]!);
  const pick = (ids: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, asFloat(id)]));
  return build.program({
    outputs: pick(program.outputs),
    updates: pick(program.updates),
    ...(program.guard === undefined ? {} : { guard: asFloat(program.guard) }),
  });
}
