/** For a bundle of one file: the kernels' bytes are part of this module, where the root entry loads those of one build when it needs them. */
import { loadKernels } from "@isthmus/kernels/inline";
import { openWasmEngine, type WasmEngine, type WasmEngineOptions } from "./wasm-engine.ts";

export type { WasmEngine, WasmEngineOptions } from "./wasm-engine.ts";

/** `createWasmEngine` of `@isthmus/wasm`, and what it throws. */
export function createWasmEngine(options: WasmEngineOptions = {}): Promise<WasmEngine> {
  return openWasmEngine(loadKernels, options);
}
