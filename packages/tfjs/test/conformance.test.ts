/** The suite that every engine must pass, on TensorFlow.js. */
import { createTfjsEngine } from "@isthmus/tfjs";
import { describe } from "vitest";
import { engineConforms } from "../../graph/test/conformance/suite.ts";

describe.each(["cpu", "wasm"] as const)("tfjs:%s", (backend) => {
  engineConforms(() => createTfjsEngine({ backend }));
});
