/** Messages compiled from onnx.proto itself (onnx-buf) find the same in every part of every model. */
import { test } from "vitest";
import { exportModelPart } from "../src/index.ts";
import { expectSame } from "./support/onnx-buf.ts";
import { partsOfAll, smallZoo } from "./support/zoo.ts";

test.each(partsOfAll(smallZoo))("%s", (_, { model, part, sample }) => {
  for (const opset of [13, 17, 21] as const) expectSame(exportModelPart(model, part, { sample, opset }));
});
