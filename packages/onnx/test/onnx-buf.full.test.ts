/** Messages compiled from onnx.proto itself (onnx-buf) find the same in every part of every model. */
import { test } from "vitest";
import { exportModelPart } from "../src/index.ts";
import { expectSame } from "./support/onnx-buf.ts";
import { exportable, partsOf, smallZoo } from "./support/zoo.ts";

test.each(smallZoo)("every part of %s", (_, definition) => {
  const model = exportable(definition);
  for (const { part, sample } of partsOf(definition)) {
    for (const opset of [13, 17, 21] as const) expectSame(exportModelPart(model, part, { sample, opset }));
  }
});
