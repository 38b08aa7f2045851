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

/** The model with all data in it. */
export function withExternalData(model: OnnxModel, read: ReadExternal): OnnxModel {
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
 * Refuses places outside the model's own folder.
 *
 * @throws IsthmusError `ONNX_INVALID` a location that is absolute, goes up, or names a drive or a stream
 */
export function requireInside(location: string): void {
  const parts = location.split("/");
  const isBad = (part: string) => part === "" || part === "." || part === "..";
  // oxlint-disable-next-line no-control-regex
  if (parts.some(isBad) || /[\\:\u0000-\u001f]/.test(location)) {
    throw invalid(`external data lie at "${location}"; expected a file beside the model, or in a folder beside it`, {
      location,
    });
  }
}
