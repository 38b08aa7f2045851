/** Messages compiled from onnx.proto itself (onnx-buf) find the same in every exported file, and write it back to the same bytes; `onnx-buf.full.test.ts` has all models. */
import { test } from "vitest";
import { exportModelPart } from "../src/index.ts";
import { expectSame } from "./support/onnx-buf.ts";
import { exportable, fewModels, imageModels, partsOf } from "./support/zoo.ts";

test.each(fewModels)("every part of %s", (_, definition) => {
  const model = exportable(definition);
  for (const { part, sample } of partsOf(definition)) expectSame(exportModelPart(model, part, { sample }));
});

test.each(imageModels)("every shape of %s, and bytes", (_, definition) => {
  const model = exportable(definition);
  for (const layout of ["nhwc", "nchw"] as const) {
    expectSame(exportModelPart(model, "autoencoder", { layout, uint8: true }));
    expectSame(exportModelPart(model, "autoencoder", { layout, batch: 2, profile: "compact" }));
  }
});
