import { GraphBuilder, type Node, type Program } from "@isthmus/graph";

/** Makes the value of `node` from the new values of its inputs. */
export type Rule = (build: GraphBuilder, node: Node, inputs: readonly Node[]) => Node;

/** The rule that changes nothing. */
export const keep: Rule = (build, node, inputs) => build.emit(node.op, inputs, node.attributes, node.name);

/** Rebuilds a program node by node; equal operations become one and what nobody needs is gone. */
export function rewrite(program: Program, rule: Rule): Program {
  const build = new GraphBuilder();
  for (const [name, tensor] of Object.entries(program.state)) build.state(name, tensor);
  const made: Node[] = [];
  for (const node of program.nodes)
    made.push(
      rule(
        build,
        node,
        node.inputs.map((id) => made[id]!),
      ),
    );
  const pick = (ids: Readonly<Record<string, number>>, finish: (node: Node) => Node = (node) => node) =>
    Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, finish(made[id]!)]));
  const asFloat = (node: Node) => build.cast(node);
  return build.program({
    outputs: pick(program.outputs, asFloat),
    updates: pick(program.updates),
    ...(program.guard === undefined ? {} : { guard: asFloat(made[program.guard]!) }),
  });
}
