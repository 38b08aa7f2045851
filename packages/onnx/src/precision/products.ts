/** The operators that multiply what a run computes with weights. */
import { FLOAT } from "../data-types.ts";
import type { OnnxGraph, OnnxNode, WrittenTensor } from "../messages.ts";

/** A product with constant weights: the inputs of its node are what it reads, the weight, and perhaps a bias. */
export interface Product {
  readonly node: OnnxNode;
  readonly weight: WrittenTensor;
  /** The weight's axis of outputs; of a grouped transposed convolution that of its groups. */
  readonly axis: number;
}

/** Products whose weights nothing else reads, in the order of their nodes. One weight may serve several in the same way. */
export function findProducts({ nodes, initialisers, outputs }: OnnxGraph<WrittenTensor>): Product[] {
  const floats = new Map(initialisers.filter(({ elementType }) => elementType === FLOAT).map((t) => [t.name, t]));
  const found = nodes.flatMap((node) => productOf(node, floats) ?? []);
  const axes = new Map(found.map(({ weight, axis }) => [weight.name, axis]));
  const others = new Set(outputs.map(({ name }) => name));
  const products = new Map(found.map((product) => [product.node, product]));
  for (const node of nodes) {
    for (const [index, name] of node.inputs.entries()) {
      const product = index === 1 ? products.get(node) : undefined;
      if (product?.axis !== axes.get(name)) others.add(name);
    }
  }
  return found.filter(({ weight }) => !others.has(weight.name));
}

function productOf(node: OnnxNode, floats: ReadonlyMap<string, WrittenTensor>): Product | undefined {
  const weight = floats.get(node.inputs[1] ?? "");
  if (!weight || floats.has(node.inputs[0]!)) return undefined;
  const axis = outputAxis(node, weight.dims.length);
  return axis === undefined ? undefined : { node, weight, axis };
}

function outputAxis({ opType, attributes }: OnnxNode, rank: number): number | undefined {
  switch (opType) {
    case "Conv":
      return 0;
    case "ConvTranspose":
      return (attributes["group"]?.value ?? 1) === 1 ? 1 : 0;
    case "Gemm":
      return attributes["transB"]?.value === 1 ? 0 : 1;
    case "MatMul":
      return rank === 2 ? 1 : undefined;
    default:
      return undefined;
  }
}
