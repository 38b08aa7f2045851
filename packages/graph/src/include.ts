import type { GraphBuilder } from "./builder.ts";
import type { Node, Program } from "./ir.ts";

/**
 * Writes the nodes of a program into a graph, which goes on from there. Inputs and state tensors of one name are one;
 * names stay what they were.
 *
 * @returns the nodes by their ids in the program
 * @throws RangeError a noise stream or a state tensor that the graph has already and otherwise
 */
export function include(build: GraphBuilder, program: Program): Node[] {
  const nodes: Node[] = [];
  for (const { op, inputs, attributes, name, shape } of program.nodes) {
    const given = inputs.map((id) => nodes[id] as Node);
    nodes.push(written(build, program, { op, given, attributes, shape, ...(name === undefined ? {} : { name }) }));
  }
  // What is only updated has no node.
  for (const [name, tensor] of Object.entries(program.state)) build.state(name, tensor);
  return nodes;
}

interface Written extends Pick<Node, "op" | "attributes" | "shape" | "name"> {
  readonly given: readonly Node[];
}

function written(build: GraphBuilder, { state }: Program, { op, given, attributes, shape, name }: Written): Node {
  if (op === "state") return build.state(attributes["name"] as string, state[attributes["name"] as string]!);
  if (op !== "randomUniform" && op !== "randomNormal") return build.emit(op, given, attributes, name);
  const [seed, step] = given as [Node, Node];
  return build[op](shape, { seed, step, stream: attributes["stream"] as string });
}
