import type { OnnxGraph, OnnxNode, WrittenTensor } from "../messages.ts";

/** The graph with the tensors of `Constant` nodes as initialisers: some exporters write weights so. */
export function hoistConstants(graph: OnnxGraph<WrittenTensor>): OnnxGraph<WrittenTensor> {
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const hoisted = graph.nodes.filter((node) => tensorOf(node) && !outputs.has(node.outputs[0]!));
  if (hoisted.length === 0) return graph;
  const gone = new Set(hoisted);
  const tensors = hoisted.map((node) => ({ ...tensorOf(node)!, name: node.outputs[0]! }));
  return {
    ...graph,
    nodes: graph.nodes.filter((node) => !gone.has(node)),
    initialisers: [...graph.initialisers, ...tensors],
  };
}

function tensorOf({ opType, attributes }: OnnxNode): WrittenTensor | undefined {
  const value = opType === "Constant" ? attributes["value"] : undefined;
  return value?.type === "tensor" ? value.value : undefined;
}
