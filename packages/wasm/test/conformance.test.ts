import { type KernelBuild, probe } from "@isthmus/kernels";
import { createWasmEngine } from "@isthmus/wasm";
import { describe } from "vitest";
import { engineConforms } from "../../graph/test/conformance/suite.ts";

const builds: readonly KernelBuild[] = probe().relaxedSimd ? ["simd128", "relaxed"] : ["simd128"];

describe.each(builds)("%s", (build) => {
  engineConforms(() => createWasmEngine({ build }));
});
