import { fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProto_AttributeType as Kind,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "onnx-buf";
import { expect } from "vitest";
import { decodeModel } from "../../src/decode.ts";
import { checkOnnx } from "../../src/index.ts";
import type { AttributeValue, OnnxModel, OnnxNode, Tensor, ValueInfo } from "../../src/messages.ts";

function attributeOf({ name, type, f, i, ints }: AttributeProto): [string, AttributeValue] {
  if (type === Kind.FLOAT) return [name, { type: "float", value: f }];
  if (type === Kind.INT) return [name, { type: "int", value: Number(i) }];
  if (type === Kind.INTS) return [name, { type: "ints", value: ints.map(Number) }];
  throw new Error(`${name} is of type ${type}, which is never written`);
}

const nodeOf = ({ name, opType, domain, docString, input, output, attribute }: NodeProto): OnnxNode => ({
  ...{ name, opType, domain, ...(docString && { docString }) },
  ...{ inputs: input, outputs: output, attributes: Object.fromEntries(attribute.map(attributeOf)) },
});

const tensorOf = ({ name, dataType, dims, rawData }: TensorProto): Tensor => ({
  ...{ name, elementType: dataType, dims: dims.map(Number), data: rawData },
});

function valueOf({ name, docString, type }: ValueInfoProto): ValueInfo {
  if (type?.value.case !== "tensorType") throw new Error(`${name} is no tensor`);
  const { elemType, shape } = type.value.value;
  const dims = shape!.dim.map(({ value }) => (value.case === "dimValue" ? Number(value.value) : value.value!));
  return { name, elementType: elemType, shape: dims, docString };
}

function modelOf(model: ModelProto): OnnxModel {
  const { producerName, producerVersion, docString, opsetImport, metadataProps } = model;
  const graph = model.graph!;
  return {
    ...{ irVersion: Number(model.irVersion), producerName, producerVersion, docString },
    operatorSets: opsetImport.map(({ domain, version }) => ({ domain, version: Number(version) })),
    metadata: Object.fromEntries(metadataProps.map(({ key, value }) => [key, value])),
    graph: {
      name: graph.name,
      nodes: graph.node.map(nodeOf),
      initialisers: graph.initializer.map(tensorOf),
      inputs: graph.input.map(valueOf),
      outputs: graph.output.map(valueOf),
      valueInfo: graph.valueInfo.map(valueOf),
    },
  };
}

/** Holds a file to both readers and to our own checker; every value between nodes is declared. */
export function expectSame(bytes: Uint8Array): void {
  const independent = fromBinary(ModelProtoSchema, bytes);
  const ours = decodeModel(bytes);
  expect(ours).toEqual(modelOf(independent));
  expect(Buffer.from(toBinary(ModelProtoSchema, independent)).equals(bytes)).toBe(true);
  const { nodes, outputs, valueInfo } = ours.graph;
  const declared = new Set([...outputs, ...valueInfo].map(({ name }) => name));
  for (const node of nodes) for (const name of node.outputs) expect(declared).toContain(name);
  expect(() => checkOnnx(bytes)).not.toThrow();
}
