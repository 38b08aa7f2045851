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
  type ValueInfo,
  type WrittenTensor,
} from "./messages.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";

/** The bytes of an ONNX file. */
export function encodeModel(model: OnnxModel<WrittenTensor>): Uint8Array {
  return modelMessage(model).finish();
}

/** An ONNX file as a message. Fields ascend by number, empty strings are left out, metadata is sorted by key. */
export function modelMessage(model: OnnxModel<WrittenTensor>): ProtobufWriter {
  const f = fields.model;
  const out = new ProtobufWriter().int(f.irVersion, model.irVersion);
  text(out, f.producerName, model.producerName);
  text(out, f.producerVersion, model.producerVersion);
  text(out, f.docString, model.docString);
  out.message(f.graph, encodeGraph(model.graph));
  for (const { domain, version } of model.operatorSets) {
    const set = new ProtobufWriter().string(fields.operatorSet.domain, domain).int(fields.operatorSet.version, version);
    out.message(f.operatorSets, set);
  }
  for (const key of Object.keys(model.metadata).sort()) {
    const entry = new ProtobufWriter().string(fields.entry.key, key);
    out.message(f.metadata, entry.string(fields.entry.value, model.metadata[key]!));
  }
  return out;
}

function text(out: ProtobufWriter, field: number, value: string): void {
  if (value !== "") out.string(field, value);
}

function encodeGraph(graph: OnnxGraph<WrittenTensor>): ProtobufWriter {
  const f = fields.graph;
  const out = new ProtobufWriter();
  for (const node of graph.nodes) out.message(f.nodes, encodeNode(node));
  out.string(f.name, graph.name);
  for (const tensor of graph.initialisers) out.message(f.initialisers, encodeTensor(tensor));
  for (const value of graph.inputs) out.message(f.inputs, encodeValueInfo(value));
  for (const value of graph.outputs) out.message(f.outputs, encodeValueInfo(value));
  for (const value of graph.valueInfo) out.message(f.valueInfo, encodeValueInfo(value));
  return out;
}

function encodeNode(node: OnnxNode): ProtobufWriter {
  const f = fields.node;
  const out = new ProtobufWriter();
  for (const name of node.inputs) out.string(f.inputs, name);
  for (const name of node.outputs) out.string(f.outputs, name);
  out.string(f.name, node.name).string(f.opType, node.opType);
  for (const [name, value] of Object.entries(node.attributes)) {
    if (value) out.message(f.attributes, encodeAttribute(name, value));
  }
  text(out, f.docString, node.docString ?? "");
  text(out, f.domain, node.domain);
  return out;
}

/** The type is written always: since IR version 2 a file without it is refused. */
function encodeAttribute(name: string, attribute: AttributeValue): ProtobufWriter {
  const f = fields.attribute;
  const out = new ProtobufWriter().string(f.name, name);
  encodeValue(out, attribute);
  return out.int(f.type, attributeTypes[attribute.type]);
}

function encodeValue(out: ProtobufWriter, attribute: AttributeValue): void {
  const f = fields.attribute;
  switch (attribute.type) {
    case "float":
      return void out.float(f.float, attribute.value);
    case "int":
      return void out.int(f.int, attribute.value);
    case "string":
      return void out.string(f.string, attribute.value);
    case "tensor":
      return void out.message(f.tensor, encodeTensor(attribute.value));
    case "floats":
      return attribute.value.forEach((value) => out.float(f.floats, value));
    case "ints":
      return attribute.value.forEach((value) => out.int(f.ints, value));
  }
}

function encodeTensor({ dims, elementType, name, data, external }: WrittenTensor): ProtobufWriter {
  const f = fields.tensor;
  const out = new ProtobufWriter();
  for (const dim of dims) out.int(f.dims, dim);
  out.int(f.elementType, elementType).string(f.name, name);
  return external ? encodePlace(out, external) : out.bytes(f.data, data);
}

function encodePlace(out: ProtobufWriter, { location, offset, length }: ExternalData): ProtobufWriter {
  const { entry, tensor } = fields;
  const write = (key: string, value: string | number): void => {
    out.message(tensor.external, new ProtobufWriter().string(entry.key, key).string(entry.value, `${value}`));
  };
  write("location", location);
  write("offset", offset);
  if (length !== undefined) write("length", length);
  return out.int(tensor.location, EXTERNAL);
}

function encodeValueInfo({ name, elementType, shape, docString = "" }: ValueInfo): ProtobufWriter {
  const dims = new ProtobufWriter();
  for (const dim of shape) dims.message(fields.shape.dims, encodeDim(dim));
  const { tensorType } = fields;
  const tensor = new ProtobufWriter().int(tensorType.elementType, elementType).message(tensorType.shape, dims);
  const type = new ProtobufWriter().message(fields.type.tensor, tensor);
  const out = new ProtobufWriter().string(fields.valueInfo.name, name).message(fields.valueInfo.type, type);
  text(out, fields.valueInfo.docString, docString);
  return out;
}

function encodeDim(dim: OnnxDim): ProtobufWriter {
  const out = new ProtobufWriter();
  if (typeof dim === "number") out.int(fields.dim.value, dim);
  else if (dim !== null) out.string(fields.dim.parameter, dim);
  return out;
}
