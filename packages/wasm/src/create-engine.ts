import { loadKernels } from "@isthmus/kernels";
import { openWasmEngine, type WasmEngine, type WasmEngineOptions } from "./wasm-engine.ts";

/**
 * Makes an engine that runs programs with the WebAssembly kernels.
 *
 * @throws RangeError when `maxMemoryBytes` is not in [64 KiB, 4 GiB], or `threads` not in [1, 64]
 */
export function createWasmEngine(options: WasmEngineOptions = {}): Promise<WasmEngine> {
  return openWasmEngine(loadKernels, options);
}
