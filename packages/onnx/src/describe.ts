import { dataTypes, typeName } from "./data-types.ts";
import { decodeModel } from "./decode.ts";
import { invalid } from "./invalid.ts";
import type { OnnxDim, OperatorSet, Tensor, ValueInfo } from "./messages.ts";

export interface OnnxPort {
  readonly name: string;
  /** `float32`, ...; `type 8` for one that is not a number. */
  readonly dtype: string;
  /** Sizes; a name for one that a run decides; null for one the file leaves open. */
  readonly shape: readonly OnnxDim[];
}

/** `elements` and `bytes` follow from shapes and types, also of data in other files. */
export interface InitialiserSizes {
  readonly count: number;
  readonly elements: number;
  readonly bytes: number;
  /** File beside the model -> how many of the bytes lie in it. Absent where all are in the model. */
  readonly external?: Readonly<Record<string, number>>;
}

/** What an ONNX file holds, ready for JSON. */
export interface OnnxDescription {
  readonly producer: { readonly name: string; readonly version: string };
  readonly irVersion: number;
  /** The domain `""` is ONNX's own. */
  readonly operatorSets: readonly OperatorSet[];
  readonly graphName: string;
  readonly docString: string;
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  /** Operator -> how many nodes, sorted by name. */
  readonly nodes: Readonly<Record<string, number>>;
  readonly initialisers: InitialiserSizes;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Describes any ONNX file.
 *
 * @throws IsthmusError `ONNX_INVALID` for bytes that are not one
 */
export function describeOnnx(bytes: Uint8Array): OnnxDescription {
  const { producerName, producerVersion, irVersion, operatorSets, docString, graph, metadata } = decodeModel(bytes);
  const weights = new Set(graph.initialisers.map(({ name }) => name));
  return {
    producer: { name: producerName, version: producerVersion },
    irVersion,
    operatorSets,
    graphName: graph.name,
    docString,
    inputs: graph.inputs.filter(({ name }) => !weights.has(name)).map(port),
    outputs: graph.outputs.map(port),
    nodes: countByName(graph.nodes.map(({ opType }) => opType)),
    initialisers: sizesOf(graph.initialisers),
    metadata,
  };
}

function port({ name, elementType, shape }: ValueInfo): OnnxPort {
  return { name, dtype: typeName(elementType), shape };
}

function sizesOf(tensors: readonly Tensor[]): InitialiserSizes {
  const bytesOf = (some: readonly Tensor[]) => sizeOf(some, ({ elementType }) => dataTypes[elementType]?.bytes ?? 0);
  const apart = new Map<string, number>();
  for (const tensor of tensors.filter(({ external }) => external !== undefined)) {
    const { location } = tensor.external!;
    apart.set(location, (apart.get(location) ?? 0) + bytesOf([tensor]));
  }
  return {
    count: tensors.length,
    elements: sizeOf(tensors, () => 1),
    bytes: bytesOf(tensors),
    ...(apart.size > 0 && { external: Object.fromEntries(apart) }),
  };
}

/** The elements of all tensors, each as large as `each` says. */
function sizeOf(tensors: readonly Tensor[], each: (tensor: Tensor) => number): number {
  const size = tensors.reduce(
    (sum, tensor) => sum + tensor.dims.reduce((product, dim) => product * dim, each(tensor)),
    0,
  );
  if (!Number.isSafeInteger(size)) throw invalid(`the initialisers' shapes speak of ${size} bytes`);
  return size;
}

function countByName(names: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const name of names.toSorted()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries(counts);
}
