import { elementCount } from "@isthmus/graph";
import { FLOAT, FLOAT16 } from "../data-types.ts";
import { int } from "../graph-writer.ts";
import type { OnnxGraph, OnnxNode, WrittenTensor } from "../messages.ts";
import { floatsOf } from "./floats.ts";
import { GraphEdit } from "./graph-edit.ts";
import { fitsHalf, lazyHalves } from "./half.ts";

/** About what a `Cast` with its names adds to a file; tensors that save less, biases mostly, stay as they are. */
const CAST_BYTES = 256;

/** Weights stored as halves, each behind a `Cast` that has the weight's name. Those that halves do not hold stay. */
export function storeFloat16(graph: OnnxGraph<WrittenTensor>): OnnxGraph<WrittenTensor> {
  const edit = new GraphEdit(graph);
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const casts: OnnxNode[] = [];
  for (const tensor of graph.initialisers) {
    if (outputs.has(tensor.name) || !saves(tensor) || !fitsHalf(floatsOf(tensor))) {
      edit.initialisers.push(tensor);
      continue;
    }
    const halves = { ...tensor, elementType: FLOAT16, data: lazyHalves(tensor) };
    const stored = edit.tensor(`${tensor.name}/float16`, halves);
    casts.push(edit.node("Cast", [stored], tensor.name, { to: int(FLOAT) }));
    edit.declare(tensor.name, FLOAT, tensor.dims);
  }
  return edit.applied(graph, [...casts, ...graph.nodes]);
}

function saves({ elementType, dims }: WrittenTensor): boolean {
  return elementType === FLOAT && elementCount(dims) * 2 > CAST_BYTES;
}
