/** What every node says of the network it came from, as an independent reader finds it. */
import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { exportModelPart, redraft } from "../src/index.ts";
import { draftBytes } from "../src/draft.ts";
import { exportable, fewModels, imageModels, partsOf } from "./support/zoo.ts";

const nodesOf = (bytes: Uint8Array) => fromBinary(ModelProtoSchema, bytes).graph!.node;

describe.each(fewModels)("%s", (_, definition) => {
  const model = exportable(definition);
  test.each(partsOf(definition))("$part, sample $sample: every node says something", ({ part, sample }) => {
    const bytes = exportModelPart(model, part, { sample });
    for (const { name, docString } of nodesOf(bytes))
      expect(docString, name).toMatch(/^[a-z][A-Za-z0-9]*( with bias)?(, .+| .+)?$/);
    expect(draftBytes(redraft(bytes))).toEqual(bytes);
  });
});

test("a layer, what stands between a file's bytes and the network, and where a node is one of several", () => {
  const nodes = nodesOf(
    exportModelPart(exportable(imageModels[0]![1]), "autoencoder", { layout: "nchw", uint8: true }),
  );
  const said = Object.fromEntries(nodes.map(({ name, docString }) => [name, docString]));
  expect(said["x/number"]).toBe("input x");
  expect(said["reconstruction/rounded"]).toBe("output reconstruction");
  expect(Object.values(said)).toContain("conv2d with bias, encoder/conv0");
  expect(Object.values(said).some((text) => text?.startsWith("matmul with bias, encoder/"))).toBe(true);
});
