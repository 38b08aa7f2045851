import type { IsthmusError } from "@isthmus/math";
import { decodeModel } from "../decode.ts";
import { invalid } from "../invalid.ts";
import type { ExternalData, OnnxModel, OnnxNode, Tensor } from "../messages.ts";

/** The bytes of a part of another file. */
export type ReadExternal = (data: ExternalData) => Uint8Array;

/** The tensors of a model whose data lie in other files. */
export function externalTensors({ graph }: OnnxModel): ExternalData[] {
  const attributes = graph.nodes.flatMap((node) => Object.values(node.attributes));
  const inNodes = attributes.flatMap((attribute) => (attribute?.type === "tensor" ? [attribute.value] : []));
  return [...graph.initialisers, ...inNodes].flatMap(({ external }) => (external ? [external] : []));
}

/** The messages of a file; with all its data where they can be read. */
export function readModel(bytes: Uint8Array, { external }: { readonly external?: ReadExternal }): OnnxModel {
  const model = decodeModel(bytes);
  return external && externalTensors(model).length > 0 ? withExternalData(model, external) : model;
}

function withExternalData(model: OnnxModel, read: ReadExternal): OnnxModel {
  const { graph } = model;
  const initialisers = graph.initialisers.map((tensor) => filled(tensor, read));
  const nodes = graph.nodes.map((node) => filledNode(node, read));
  return { ...model, graph: { ...graph, initialisers, nodes } };
}

function filledNode(node: OnnxNode, read: ReadExternal): OnnxNode {
  const attributes = Object.entries(node.attributes).map(([name, attribute]) => {
    if (attribute?.type !== "tensor") return [name, attribute] as const;
    return [name, { ...attribute, value: filled(attribute.value, read) }] as const;
  });
  return { ...node, attributes: Object.fromEntries(attributes) };
}

function filled({ external, ...tensor }: Tensor, read: ReadExternal): Tensor {
  return external ? { ...tensor, data: read(external) } : tensor;
}

/**
 * Refuses places outside the model's own folder: absolute ones, those that go up, and names of drives or streams.
 *
 * @throws IsthmusError `ONNX_INVALID`
 */
export function requireInside(location: string): void {
  const isPlain = (part: string) => part !== "" && part !== "." && part !== ".." && !/[\\:\0]/.test(part);
  if (location.split("/").every(isPlain)) return;
  throw outside(location);
}

/** The error for data that are not where a model's data may be. */
export function outside(location: string): IsthmusError {
  const where = "expected a file beside the model, or in a folder beside it, and no link";
  return invalid(`external data lie at "${location}"; ${where}`, { location });
}
