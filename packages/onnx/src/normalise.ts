import { GraphBuilder, type Node, operationNamed, type Program } from "@isthmus/graph";
import { isWhole } from "./translate.ts";

const isExpanded = (op: string): boolean => operationNamed(op).tier === "composite" && !isWhole(op);

/** Operations whose value is their first input; what they mean concerns differentiation only. */
const passThrough: ReadonlySet<string> = new Set(["stopGradient", "straightThrough"]);

/**
 * The same function in what can be written: composites expanded unless ONNX has them, pass-through operations gone, and with them everything
 * that no output needs.
 */
export function normalise(program: Program): Program {
  const rewritten = rewrite(program);
  const done = rewritten.nodes.every(({ op }) => !isExpanded(op) && !passThrough.has(op));
  return done ? rewritten : normalise(rewritten);
}

function rewrite(program: Program): Program {
  const build = new GraphBuilder();
  const rewritten: Node[] = [];
  for (const node of program.nodes) {
    const inputs = node.inputs.map((id) => rewritten[id]!);
    rewritten.push(rewriteNode(build, program, node, inputs));
  }
  const outputs = Object.entries(program.outputs).map(([name, id]) => [name, rewritten[id]!] as const);
  return build.program({ outputs: Object.fromEntries(outputs) });
}

function rewriteNode(build: GraphBuilder, program: Program, node: Node, inputs: readonly Node[]): Node {
  if (passThrough.has(node.op)) return inputs[0]!;
  if (node.op === "state") {
    const name = node.attributes["name"] as string;
    return build.state(name, program.state[name]!);
  }
  const operation = operationNamed(node.op);
  if (operation.tier === "composite" && isExpanded(node.op)) return operation.expand(build, inputs, node.attributes);
  return build.emit(node.op, inputs, node.attributes, node.name);
}
