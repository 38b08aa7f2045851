import type { GraphBuilder } from "./builder.ts";
import type { Node, Program } from "./ir.ts";
import { formatShape, sameShape } from "./shape.ts";

/**
 * Writes the nodes of a program into a graph, which goes on from there. Inputs and state tensors of one name are one;
 * names stay what they were.
 *
 * @param fed nodes that take the place of the inputs of these names
 * @returns the nodes by their ids in the program
 * @throws RangeError a noise stream or a state tensor that the graph has already and otherwise, a fed node of another type
 */
export function include(build: GraphBuilder, program: Program, fed: Readonly<Record<string, Node>> = {}): Node[] {
  const nodes: Node[] = [];
  for (const node of program.nodes) {
    const operands = node.inputs.map((id) => nodes[id] as Node);
    nodes.push(fedNode(node, fed) ?? written(build, program, node, operands));
  }
  // What is only updated has no node.
  for (const [name, tensor] of Object.entries(program.state)) build.state(name, tensor);
  return nodes;
}

function fedNode({ op, attributes, shape, dtype }: Node, fed: Readonly<Record<string, Node>>): Node | undefined {
  const name = attributes["name"] as string;
  if (op !== "input" || !Object.hasOwn(fed, name)) return undefined;
  const given = fed[name]!;
  if (given.dtype === dtype && sameShape(given.shape, shape)) return given;
  const got = `${given.dtype} ${formatShape(given.shape)}`;
  throw new RangeError(`include: "fed" expected "${name}" as ${dtype} ${formatShape(shape)}, got ${got}`);
}

function written(
  build: GraphBuilder,
  { state }: Program,
  { op, attributes, shape, name }: Node,
  operands: readonly Node[],
): Node {
  if (op === "state") return build.state(attributes["name"] as string, state[attributes["name"] as string]!);
  if (op !== "randomUniform" && op !== "randomNormal") return build.emit(op, operands, attributes, name);
  const [seed, step] = operands as [Node, Node];
  return build[op](shape, { seed, step, stream: attributes["stream"] as string });
}
