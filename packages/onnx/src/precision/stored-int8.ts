import { elementCount } from "@isthmus/graph";
import type { OnnxGraph, WrittenTensor } from "../messages.ts";
import { GraphEdit } from "./graph-edit.ts";
import { findProducts, type Product } from "./products.ts";
import { writeWeightBytes } from "./weight-bytes.ts";

/** About what a `DequantizeLinear` with its names adds to a file, beside the scales and zero points. */
const NODE_BYTES = 512;

/** Weights of products stored as bytes, each behind a `DequantizeLinear` that has the weight's name, where that saves. */
export function storeInt8(graph: OnnxGraph<WrittenTensor>, bits: 7 | 8): OnnxGraph<WrittenTensor> {
  const edit = new GraphEdit(graph);
  const products = new Map(
    findProducts(graph)
      .filter(saves)
      .map((product) => [product.weight.name, product]),
  );
  edit.initialisers.push(...graph.initialisers.filter(({ name }) => !products.has(name)));
  const written = [...products.values()].map((product) => writeWeightBytes(edit, product, bits));
  return edit.applied(graph, [...written.map(({ node }) => node), ...graph.nodes]);
}

function saves({ weight, axis }: Product): boolean {
  return elementCount(weight.dims) * 3 > NODE_BYTES + weight.dims[axis]! * 5;
}
