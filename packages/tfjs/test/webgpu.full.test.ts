/** The suite that every engine must pass, on WebGPU in Node, where the package `webgpu` finds an adapter. */
import { createTfjsEngine } from "@isthmus/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import { describe } from "vitest";
import { engineConforms } from "../../graph/test/conformance/suite.ts";

// Small arrays would be computed by the CPU's kernels.
await import("@tensorflow/tfjs-backend-webgpu");
tf.env().set("WEBGPU_CPU_FORWARD", false);

describe("tfjs:webgpu", () => {
  engineConforms(() => createTfjsEngine({ backend: "webgpu" }));
});
