import { create, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { expect, test } from "vitest";
import { describeOnnx, exportModelPart, modelMetadata } from "../src/index.ts";
import { denseModel, sizes } from "./support/models.ts";

test("a decoder", () => {
  const model = denseModel(sizes["odd"]!);
  const options = { producerVersion: "0.1.0", docString: "small", golden: false };
  const bytes = exportModelPart(model, "decoder", options);
  expect(describeOnnx(bytes)).toEqual({
    producer: { name: "isthmus", version: "0.1.0" },
    irVersion: 8,
    operatorSets: [{ domain: "", version: 17 }],
    graphName: "decoder",
    docString: "small",
    inputs: [{ name: "z", dtype: "float32", shape: ["batch", 3] }],
    outputs: [
      { name: "logits", dtype: "float32", shape: ["batch", 11] },
      { name: "reconstruction", dtype: "float32", shape: ["batch", 11] },
    ],
    nodes: { Gemm: 2, Relu: 1, Sigmoid: 1 },
    initialisers: { count: 4, elements: 3 * 7 + 7 + 7 * 11 + 11, bytes: 4 * (3 * 7 + 7 + 7 * 11 + 11) },
    metadata: modelMetadata(model, "decoder", options),
  });
});

test("a file that another program wrote, with what this package never writes", () => {
  const tensor = (elemType: number, dims: object[]) => ({
    value: {
      case: "tensorType" as const,
      value: { elemType, shape: { dim: dims as { value: { case: "dimValue"; value: bigint } }[] } },
    },
  });
  const bytes = toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 10n,
      domain: "com.example",
      modelVersion: 2n ** 62n,
      opsetImport: [{ version: 21n }, { domain: "com.example", version: 1n }],
      graph: {
        name: "g",
        node: [
          { opType: "Conv", attribute: [{ name: "pads", type: 7, ints: [-1n, 2n ** 63n - 1n] }] },
          { opType: "Conv", attribute: [{ name: "auto_pad", type: 3, s: new Uint8Array([1]) }] },
        ],
        initializer: [
          { name: "w", dataType: 10, dims: [2n, 3n], int32Data: [1, 2, 3, 4, 5, 6] },
          { name: "words", dataType: 8, dims: [2n], stringData: [new Uint8Array(9)] },
        ],
        input: [
          { name: "w", type: tensor(10, []) },
          { name: "x", type: tensor(16, [{ value: { case: "dimValue", value: 3n } }, {}]) },
          { name: "words", type: tensor(8, []) },
          { name: "s", type: tensor(8, []) },
        ],
      },
    }),
  );
  expect(describeOnnx(bytes)).toMatchObject({
    producer: { name: "", version: "" },
    irVersion: 10,
    operatorSets: [
      { domain: "", version: 21 },
      { domain: "com.example", version: 1 },
    ],
    inputs: [
      { name: "x", dtype: "bfloat16", shape: [3, null] },
      { name: "s", dtype: "type 8", shape: [] },
    ],
    nodes: { Conv: 2 },
    initialisers: { count: 2, elements: 8, bytes: 12 },
  });
});
