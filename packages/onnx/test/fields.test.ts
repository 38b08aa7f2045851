import { fromBinary } from "@bufbuild/protobuf";
import { GraphBuilder } from "@isthmus/graph";
import {
  AttributeProto_AttributeType,
  type ModelProto,
  ModelProtoSchema,
  TensorProto_DataType,
  type ValueInfoProto,
} from "onnx-buf";
import { describe, expect, test } from "vitest";
import { exportModelPart, exportOnnx } from "../src/index.ts";
import { denseModel, encoderProgram, parametersOf, sizes } from "./support/models.ts";

/** Read by messages compiled from onnx.proto itself. */
const decode = (bytes: Uint8Array): ModelProto => fromBinary(ModelProtoSchema, bytes);

function typed({ name, type }: ValueInfoProto) {
  if (type?.value.case !== "tensorType") throw new Error("expected a tensor");
  const { elemType, shape } = type.value.value;
  return { name, elemType, shape: shape?.dim.map(({ value }) => value.value) };
}

const floats = (bytes: Uint8Array) => [...new Float32Array(bytes.slice().buffer)];
const { FLOAT, UINT8, INT64 } = TensorProto_DataType;

describe("every field of a small network is where onnx.proto has it", () => {
  const build = new GraphBuilder();
  const pixels = build.cast(build.input("pixels", ["batch", 2], "u8"));
  const state = (name: string, shape: number[]) => build.state(name, { shape, init: { kind: "zeros" } });
  const logits = build.scope("decoder/dense0", () =>
    build.emit("add", [build.matmul(pixels, state("kernel", [2, 3]), {}, "matmul"), state("bias", [3])], {}, "bias"),
  );
  const total = build.sum(build.relu(logits, "decoder/relu"), { axes: [1] });
  const parameters = {
    kernel: { shape: [2, 3], data: Float32Array.from([1, 2, 3, 4, 5, 6]) },
    bias: { shape: [3], data: Float32Array.from([-1, 0.5, 0.25]) },
  };
  const model = decode(
    exportOnnx(build.program({ outputs: { total, logits } }), parameters, {
      graphName: "small",
      producerVersion: "1.2.3",
      docString: "a doc",
      portDocs: { pixels: "two bytes", total: "their sum" },
      metadata: { second: "é", first: "1" },
    }),
  );
  const graph = model.graph!;

  test("model", () => {
    expect(model).toMatchObject({
      irVersion: 8n,
      producerName: "isthmus",
      producerVersion: "1.2.3",
      docString: "a doc",
      domain: "",
      modelVersion: 0n,
    });
    expect(model.opsetImport).toMatchObject([{ domain: "", version: 17n }]);
    expect(model.metadataProps).toMatchObject([
      { key: "first", value: "1" },
      { key: "second", value: "é" },
    ]);
    expect(model.functions).toHaveLength(0);
    expect(model.$unknown).toBeUndefined();
  });

  test("interface", () => {
    expect(graph.name).toBe("small");
    expect(graph.input.map(typed)).toEqual([{ name: "pixels", elemType: UINT8, shape: ["batch", 2n] }]);
    expect(graph.output.map(typed)).toEqual([
      { name: "logits", elemType: FLOAT, shape: ["batch", 3n] },
      { name: "total", elemType: FLOAT, shape: ["batch"] },
    ]);
    const docs = [...graph.input, ...graph.output].map(({ docString }) => docString);
    expect(docs).toEqual(["two bytes", "", "their sum"]);
  });

  test("initialisers are stored as they are, but for the weight of a Gemm, which is turned", () => {
    expect(graph.initializer.map(({ name, dims, dataType }) => ({ name, dims, dataType }))).toEqual([
      { name: "kernel", dims: [3n, 2n], dataType: FLOAT },
      { name: "bias", dims: [3n], dataType: FLOAT },
      { name: "small/sum_7/axes", dims: [1n], dataType: INT64 },
    ]);
    expect(floats(graph.initializer[0]!.rawData)).toEqual([1, 4, 2, 5, 3, 6]);
    expect(floats(graph.initializer[1]!.rawData)).toEqual([-1, 0.5, 0.25]);
    expect([...graph.initializer[2]!.rawData]).toEqual([1, 0, 0, 0, 0, 0, 0, 0]);
  });

  test("nodes", () => {
    expect(
      graph.node.map(({ name, opType, domain, input, output }) => ({ name, opType, domain, input, output })),
    ).toEqual([
      { name: "small/cast_1", opType: "Cast", domain: "", input: ["pixels"], output: ["small/cast_1"] },
      {
        name: "decoder/dense0",
        opType: "Gemm",
        domain: "",
        input: ["small/cast_1", "kernel", "bias"],
        output: ["logits"],
      },
      { name: "decoder/relu", opType: "Relu", domain: "", input: ["logits"], output: ["decoder/relu"] },
      {
        name: "small/sum_7",
        opType: "ReduceSum",
        domain: "",
        input: ["decoder/relu", "small/sum_7/axes"],
        output: ["total"],
      },
    ]);
    const [cast, gemm] = graph.node;
    expect(cast!.attribute).toMatchObject([{ name: "to", type: AttributeProto_AttributeType.INT, i: BigInt(FLOAT) }]);
    expect(gemm!.attribute).toMatchObject([
      { name: "alpha", type: AttributeProto_AttributeType.FLOAT, f: 1 },
      { name: "beta", type: AttributeProto_AttributeType.FLOAT, f: 1 },
      { name: "transA", type: AttributeProto_AttributeType.INT, i: 0n },
      { name: "transB", type: AttributeProto_AttributeType.INT, i: 1n },
    ]);
  });

  test("every value between nodes has its type", () => {
    expect(graph.valueInfo.map(typed)).toEqual([
      { name: "small/cast_1", elemType: FLOAT, shape: ["batch", 2n] },
      { name: "decoder/relu", elemType: FLOAT, shape: ["batch", 3n] },
    ]);
  });
});

describe("a dense model", () => {
  const model = denseModel(sizes["odd"]!);

  test("has one Gemm per layer, under the layer's name, and weights under their own", () => {
    const graph = decode(exportModelPart(model, "encoder")).graph!;
    expect(graph.node.map(({ name, opType }) => `${opType} ${name}`)).toEqual([
      "Gemm encoder/dense0",
      "Relu encoder/dense0/relu",
      "Gemm encoder/mu",
      "Gemm encoder/logVar",
    ]);
    for (const { name, dims, rawData } of graph.initializer) {
      const { shape, data } = model.parameters[name]!;
      const [rows, columns] = shape as [number, number];
      const isMatrix = shape.length === 2;
      const turned = isMatrix ? data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!) : data;
      expect(dims).toEqual(shape.toReversed().map(BigInt));
      expect(floats(rawData)).toEqual([...turned]);
    }
    expect(graph.initializer.map(({ name }) => name).sort()).toEqual(Object.keys(model.encoder.state));
  });

  test("has no initialiser among its inputs, and no fixed batch", () => {
    const graph = decode(exportModelPart(model, "decoder")).graph!;
    const weights = new Set(graph.initializer.map(({ name }) => name));
    expect(graph.input.filter(({ name }) => weights.has(name))).toEqual([]);
    for (const value of [...graph.input, ...graph.output, ...graph.valueInfo])
      expect(typed(value).shape![0]).toBe("batch");
  });

  test("attributes that are lists are written as such", () => {
    const build = new GraphBuilder();
    const program = build.program({ outputs: { y: build.max(build.input("x", ["batch", 2, 3]), { axes: [1, 2] }) } });
    const [node] = decode(exportOnnx(program, {}, { graphName: "max" })).graph!.node;
    expect(node!.attribute).toMatchObject([
      { name: "axes", type: AttributeProto_AttributeType.INTS, ints: [1n, 2n] },
      { name: "keepdims", type: AttributeProto_AttributeType.INT, i: 0n },
    ]);
  });

  test("of 784-400-20 needs no more than its weights and a kilobyte or two", () => {
    const program = encoderProgram(sizes["standard"]!, "vae");
    const parameters = parametersOf(program);
    const weights = Object.values(parameters).reduce((sum, { data }) => sum + data.byteLength, 0);
    expect(exportOnnx(program, parameters, { graphName: "encoder" }).length - weights).toBeLessThan(2048);
  });
});
