import type { BundleLimits } from "./bundle-limits.ts";
import { type Encoder, encoderOf } from "./encoder.ts";
import { type KernelsName, type LoadExecutorOptions, openKernels } from "./open-kernels.ts";
import { wasmFrames } from "./wasm-frames.ts";

export interface LoadEncoderOptions {
  /**
   * The kernels, where they must not be compiled from the bytes that travel inside this package: a module, its bytes, or where to fetch
   * them. `@isthmus/kernels/plan.wasm` is the file. Default: `inline`.
   */
  readonly wasm?: WebAssembly.Module | BufferSource | URL | "inline";
  /** Default: `wasm` where WebAssembly has vectors, else `javascript`. Both write the same bytes. */
  readonly kernels?: KernelsName;
  readonly limits?: BundleLimits;
}

/**
 * An encoder on the fastest kernels that run here. Plain JavaScript is loaded where it is needed: without WebAssembly, and to say what is
 * wrong with a bundle.
 *
 * @throws IsthmusError `BUNDLE_*`, `TABLE_INVALID`, `PLAN_*` as `readBundle`; `WASM_NO_SIMD`; `WASM_FETCH`
 */
export async function loadEncoder(bundle: Uint8Array, options: LoadEncoderOptions = {}): Promise<Encoder> {
  const kernels = await openKernels(executorOptions(options));
  const frames = kernels && wasmFrames(bundle, kernels, options.limits);
  if (frames) return encoderOf(frames);
  const { javascriptEncoder } = await import("./javascript-encoder.ts");
  return javascriptEncoder(bundle, options.limits);
}

function executorOptions({ wasm, kernels }: LoadEncoderOptions): LoadExecutorOptions {
  return {
    ...(kernels && { kernels }),
    ...(wasm !== undefined && wasm !== "inline" && { module: wasm }),
  };
}
