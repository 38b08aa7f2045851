import { FLOAT } from "./data-types.ts";
import { int } from "./graph-writer.ts";
import { bytesOf } from "./lazy-bytes.ts";
import type { OnnxGraph, OnnxNode, WrittenTensor } from "./messages.ts";

/**
 * The graph with the weights of its `Gemm`s stored `[out, in]` and read transposed, as PyTorch writes them: OpenCV takes
 * no others. A weight that something else reads too stays as it is.
 */
export function turnWeights(graph: OnnxGraph<WrittenTensor>): OnnxGraph<WrittenTensor> {
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

function turnable({ nodes, initialisers, outputs }: OnnxGraph<WrittenTensor>): ReadonlySet<string> {
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

function transposed(tensor: WrittenTensor): WrittenTensor {
  const [rows, columns] = tensor.dims as [number, number];
  const make = (): Uint8Array => turned(bytesOf(tensor.data), rows, columns);
  return { ...tensor, dims: [columns, rows], data: { length: tensor.data.length, make } };
}

/** Edge of the squares that are turned one after the other: what is read and written of one stays in the cache. */
const SQUARE = 32;

/** A matrix of four-byte elements, transposed. */
function turned(bytes: Uint8Array, rows: number, columns: number): Uint8Array {
  const from = new Uint32Array(bytes.buffer, bytes.byteOffset, rows * columns);
  const to = new Uint32Array(from.length);
  for (let top = 0; top < rows; top += SQUARE) {
    const bottom = Math.min(rows, top + SQUARE);
    for (let left = 0; left < columns; left += SQUARE) {
      const right = Math.min(columns, left + SQUARE);
      for (let column = left; column < right; column++) {
        for (let row = top; row < bottom; row++) to[column * rows + row] = from[row * columns + column]!;
      }
    }
  }
  return new Uint8Array(to.buffer);
}
