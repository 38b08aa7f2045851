import { FLOAT } from "./data-types.ts";
import { int } from "./graph-writer.ts";
import type { OnnxGraph, OnnxNode, Tensor } from "./messages.ts";

/**
 * The graph with the weights of its `Gemm`s stored `[out, in]` and read transposed, as PyTorch writes them: OpenCV takes
 * no others. A weight that something else reads too stays as it is.
 */
export function turnWeights(graph: OnnxGraph): OnnxGraph {
  const turned = turnable(graph);
  return {
    ...graph,
    initialisers: graph.initialisers.map((tensor) => (turned.has(tensor.name) ? transposed(tensor) : tensor)),
    nodes: graph.nodes.map((node) => (turned.has(weightOf(node)) ? readTransposed(node) : node)),
  };
}

/** The weight that a `Gemm` reads as it is stored; an empty name for other nodes. */
function weightOf({ opType, inputs, attributes }: OnnxNode): string {
  return opType === "Gemm" && attributes["transB"]?.value === 0 ? inputs[1]! : "";
}

function turnable({ nodes, initialisers, outputs }: OnnxGraph): ReadonlySet<string> {
  const weights = new Set(nodes.map(weightOf));
  const others = nodes.flatMap((node) => node.inputs.filter((name) => name !== weightOf(node)));
  const taken = new Set([...others, ...outputs.map(({ name }) => name)]);
  const own = initialisers.filter(({ name, elementType }) => {
    return weights.has(name) && !taken.has(name) && elementType === FLOAT;
  });
  return new Set(own.map(({ name }) => name));
}

function readTransposed(node: OnnxNode): OnnxNode {
  return { ...node, attributes: { ...node.attributes, transB: int(1) } };
}

function transposed(tensor: Tensor): Tensor {
  const [rows, columns] = tensor.dims as [number, number];
  const from = new Uint32Array(tensor.data.slice().buffer);
  const to = new Uint32Array(from.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) to[column * rows + row] = from[row * columns + column]!;
  }
  return { ...tensor, dims: [columns, rows], data: new Uint8Array(to.buffer) };
}
