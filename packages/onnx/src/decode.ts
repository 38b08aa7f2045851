import { invalid } from "./invalid.ts";
import {
  type AttributeValue,
  attributeTypes,
  EXTERNAL,
  type ExternalData,
  fields,
  type OnnxDim,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OperatorSet,
  type Tensor,
  type ValueInfo,
} from "./messages.ts";
import { type Field, readMessage } from "./protobuf-reader.ts";
import { TensorNumbers } from "./tensor-numbers.ts";

/**
 * The messages in an ONNX file, also one written by other programs: what this package does not write is skipped.
 *
 * @throws IsthmusError `ONNX_INVALID` for bytes that are not an ONNX model
 */
export function decodeModel(bytes: Uint8Array): OnnxModel {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`"bytes" expected a Uint8Array, got ${typeof bytes}`);
  const f = fields.model;
  let graph: OnnxGraph | undefined;
  const operatorSets: OperatorSet[] = [];
  const metadata: [string, string][] = [];
  const model = { irVersion: 0, producerName: "", producerVersion: "", docString: "" };
  readMessage(bytes, {
    [f.irVersion]: (field) => (model.irVersion = field.int()),
    [f.producerName]: (field) => (model.producerName = field.string()),
    [f.producerVersion]: (field) => (model.producerVersion = field.string()),
    [f.docString]: (field) => (model.docString = field.string()),
    [f.graph]: (field) => (graph = decodeGraph(field)),
    [f.operatorSets]: (field) => operatorSets.push(decodeOperatorSet(field)),
    [f.metadata]: (field) => metadata.push(decodeEntry(field)),
  });
  if (!graph || model.irVersion === 0) throw invalid("not an ONNX model: the IR version or the graph is missing");
  return { ...model, graph, operatorSets, metadata: Object.fromEntries(metadata) };
}

/**
 * The metadata of any ONNX file (`metadata_props`), for runtimes that do not show it, such as onnxruntime in JavaScript.
 *
 * @throws IsthmusError `ONNX_INVALID` for bytes that are not an ONNX model
 */
export function readOnnxMetadata(bytes: Uint8Array): Record<string, string> {
  const f = fields.model;
  const metadata: [string, string][] = [];
  const there = new Set<number>();
  readMessage(bytes, {
    [f.irVersion]: () => there.add(f.irVersion),
    [f.graph]: () => there.add(f.graph),
    [f.metadata]: (field) => metadata.push(decodeEntry(field)),
  });
  if (there.size < 2) throw invalid("not an ONNX model: the IR version or the graph is missing");
  return Object.fromEntries(metadata);
}

function decodeOperatorSet(field: Field): OperatorSet {
  const set = { domain: "", version: 0 };
  field.message({
    [fields.operatorSet.domain]: (inner) => (set.domain = inner.string()),
    [fields.operatorSet.version]: (inner) => (set.version = inner.int()),
  });
  return set;
}

function decodeEntry(field: Field): [string, string] {
  const entry: [string, string] = ["", ""];
  field.message({
    [fields.entry.key]: (inner) => (entry[0] = inner.string()),
    [fields.entry.value]: (inner) => (entry[1] = inner.string()),
  });
  return entry;
}

function decodeGraph(field: Field): OnnxGraph {
  const f = fields.graph;
  let name = "";
  const nodes: OnnxNode[] = [];
  const initialisers: Tensor[] = [];
  const inputs: ValueInfo[] = [];
  const outputs: ValueInfo[] = [];
  const valueInfo: ValueInfo[] = [];
  field.message({
    [f.nodes]: (inner) => nodes.push(decodeNode(inner)),
    [f.name]: (inner) => (name = inner.string()),
    [f.initialisers]: (inner) => initialisers.push(decodeTensor(inner)),
    [f.inputs]: (inner) => inputs.push(decodeValueInfo(inner)),
    [f.outputs]: (inner) => outputs.push(decodeValueInfo(inner)),
    [f.valueInfo]: (inner) => valueInfo.push(decodeValueInfo(inner)),
  });
  return { name, nodes, initialisers, inputs, outputs, valueInfo };
}

function decodeNode(field: Field): OnnxNode {
  const f = fields.node;
  const node = { name: "", opType: "", domain: "" };
  let docString = "";
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: [string, AttributeValue | undefined][] = [];
  field.message({
    [f.inputs]: (inner) => inputs.push(inner.string()),
    [f.outputs]: (inner) => outputs.push(inner.string()),
    [f.name]: (inner) => (node.name = inner.string()),
    [f.opType]: (inner) => (node.opType = inner.string()),
    [f.attributes]: (inner) => attributes.push(decodeAttribute(inner)),
    [f.docString]: (inner) => (docString = inner.string()),
    [f.domain]: (inner) => (node.domain = inner.string()),
  });
  return { ...node, inputs, outputs, attributes: Object.fromEntries(attributes), ...(docString && { docString }) };
}

function decodeAttribute(field: Field): [string, AttributeValue | undefined] {
  const f = fields.attribute;
  const found = { name: "", float: 0, int: 0, string: "", type: 0 };
  let tensor: Tensor | undefined;
  const floats: number[] = [];
  const ints: number[] = [];
  field.message({
    [f.name]: (inner) => (found.name = inner.string()),
    [f.float]: (inner) => (found.float = inner.float()),
    [f.int]: (inner) => (found.int = inner.int()),
    [f.string]: (inner) => (found.string = inner.string()),
    [f.tensor]: (inner) => (tensor = decodeTensor(inner)),
    [f.floats]: (inner) => appendAll(floats, inner.floats()),
    [f.ints]: (inner) => appendAll(ints, inner.ints()),
    [f.type]: (inner) => (found.type = inner.int()),
  });
  switch (found.type) {
    case attributeTypes.float:
      return [found.name, { type: "float", value: found.float }];
    case attributeTypes.int:
      return [found.name, { type: "int", value: found.int }];
    case attributeTypes.string:
      return [found.name, { type: "string", value: found.string }];
    case attributeTypes.tensor:
      return [found.name, tensor && { type: "tensor", value: tensor }];
    case attributeTypes.floats:
      return [found.name, { type: "floats", value: floats }];
    case attributeTypes.ints:
      return [found.name, { type: "ints", value: ints }];
    default:
      return [found.name, undefined];
  }
}

/** Numbers that the file wrote out one by one become the bytes that others write at once. */
function decodeTensor(field: Field): Tensor {
  const f = fields.tensor;
  const tensor = { name: "", elementType: 0 };
  const location: Record<string, string> = {};
  let isExternal = false;
  let raw: Uint8Array | undefined;
  const dims: number[] = [];
  const numbers = new TensorNumbers();
  field.message({
    [f.dims]: (inner) => appendAll(dims, inner.ints()),
    [f.elementType]: (inner) => (tensor.elementType = inner.int()),
    [f.floats]: (inner) => numbers.add(inner.floats()),
    [f.int32s]: (inner) => numbers.add(inner.ints()),
    [f.int64s]: (inner) => numbers.add(inner.ints()),
    [f.name]: (inner) => (tensor.name = inner.string()),
    [f.data]: (inner) => (raw = inner.bytes()),
    [f.doubles]: (inner) => numbers.add(inner.doubles()),
    [f.uint64s]: (inner) => numbers.add(inner.ints()),
    [f.external]: (inner) => {
      const [key, value] = decodeEntry(inner);
      location[key] = value;
    },
    [f.location]: (inner) => (isExternal = inner.int() === EXTERNAL),
  });
  if (!dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) {
    throw invalid(`initialiser "${tensor.name}" is of shape [${dims.join(", ")}]`, { initialiser: tensor.name });
  }
  const external = isExternal ? { external: decodeLocation(tensor.name, location) } : {};
  return { ...tensor, dims, data: raw ?? numbers.bytes(tensor.elementType), ...external };
}

function decodeLocation(name: string, { location = "", offset = "0", length }: Record<string, string>): ExternalData {
  const sizes = [offset, length ?? "0"];
  if (location === "" || !sizes.every((size) => /^\d{1,15}$/.test(size))) {
    throw invalid(`initialiser "${name}" says wrongly where its data are`, { initialiser: name });
  }
  return { location, offset: Number(offset), ...(length !== undefined && { length: Number(length) }) };
}

function decodeValueInfo(field: Field): ValueInfo {
  const value = { name: "", elementType: 0, docString: "" };
  const shape: OnnxDim[] = [];
  field.message({
    [fields.valueInfo.name]: (inner) => (value.name = inner.string()),
    [fields.valueInfo.docString]: (inner) => (value.docString = inner.string()),
    [fields.valueInfo.type]: (type) =>
      type.message({
        [fields.type.tensor]: (tensor) =>
          tensor.message({
            [fields.tensorType.elementType]: (inner) => (value.elementType = inner.int()),
            [fields.tensorType.shape]: (inner) =>
              inner.message({ [fields.shape.dims]: (dim) => shape.push(decodeDim(dim)) }),
          }),
      }),
  });
  return { ...value, shape };
}

function decodeDim(field: Field): OnnxDim {
  let dim: OnnxDim = null;
  field.message({
    [fields.dim.value]: (inner) => (dim = inner.int()),
    [fields.dim.parameter]: (inner) => (dim = inner.string()),
  });
  return dim;
}

function appendAll(list: number[], values: Iterable<number>): void {
  for (const value of values) list.push(value);
}
