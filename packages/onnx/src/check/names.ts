import { invalid } from "../invalid.ts";
import type { OnnxGraph, WrittenTensor } from "../messages.ts";
import { defect } from "./node-facts.ts";

/**
 * Every value is made once, before it is read, and every output is made by something. Names of nodes, where they have any,
 * are their own. An initialiser that is an input as well is refused: runtimes ignore what is fed to it.
 */
export function checkNames(graph: OnnxGraph<WrittenTensor>): void {
  if (graph.name === "") throw invalid("the graph has no name");
  const made = new Set<string>();
  const make = (name: string, where: string) => {
    if (name === "" || made.has(name))
      throw invalid(`${where} makes "${name}", ${name ? "which is there already" : "an empty name"}`);
    made.add(name);
  };
  for (const { name } of graph.inputs) make(name, "the list of inputs");
  for (const { name } of graph.initialisers) make(name, "the list of initialisers");
  checkNodeNames(graph);
  for (const node of graph.nodes) {
    for (const name of node.inputs) {
      if (name !== "" && !made.has(name)) throw defect(node, `reads "${name}", which nothing before it makes`);
    }
    for (const name of node.outputs) if (name !== "") make(name, `node "${node.name || name}" (${node.opType})`);
  }
  checkPorts(graph, made);
}

function checkNodeNames({ nodes }: Pick<OnnxGraph, "nodes">): void {
  const names = new Set<string>();
  for (const node of nodes) {
    if (node.name === "") continue;
    if (names.has(node.name)) throw defect(node, "has a name that is used twice");
    names.add(node.name);
  }
}

/** Whatever is declared is made, and declared once. */
function checkPorts({ inputs, outputs, valueInfo }: OnnxGraph<WrittenTensor>, made: ReadonlySet<string>): void {
  if (outputs.length === 0) throw invalid("the graph has no output");
  const declared = new Set<string>();
  for (const { name } of [...inputs, ...outputs, ...valueInfo]) {
    if (!made.has(name)) throw invalid(`value "${name}" is declared, but nothing makes it`, { value: name });
    if (declared.has(name)) throw invalid(`value "${name}" is declared twice`, { value: name });
    declared.add(name);
  }
}
