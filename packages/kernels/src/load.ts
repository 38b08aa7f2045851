import {
  bytesIn,
  type Generated,
  instantiateKernels,
  type KernelBuild,
  type Kernels,
  type LoadOptions,
  unknownBuild,
} from "./instantiate.ts";

/**
 * Compiles (unless given) and instantiates one build over a memory.
 *
 * @throws RangeError for an unknown build; IsthmusError `WASM_NO_SIMD` or `WASM_NO_RELAXED_SIMD` when this machine cannot run it.
 */
export function loadKernels(options: LoadOptions = {}): Promise<Kernels> {
  return instantiateKernels(kernelBytes, options);
}

/**
 * The WebAssembly binary of a build, a fresh copy. The `threaded` one differs in nothing but that it imports a shared memory.
 *
 * @throws RangeError for an unknown build.
 */
export async function kernelBytes(build: KernelBuild, threaded = false): Promise<Uint8Array<ArrayBuffer>> {
  return bytesIn(await generated(build, threaded));
}

function generated(build: KernelBuild, threaded: boolean): Promise<Generated> {
  switch (build) {
    case "simd128":
      // @ts-ignore: made by scripts/build.mjs, absent from a fresh checkout
      if (threaded) return import("./generated/simd128-threads.ts") as Promise<Generated>;
      // @ts-ignore: as above
      return import("./generated/simd128.ts") as Promise<Generated>;
    case "relaxed":
      // @ts-ignore: as above
      if (threaded) return import("./generated/relaxed-threads.ts") as Promise<Generated>;
      // @ts-ignore: as above
      return import("./generated/relaxed.ts") as Promise<Generated>;
    default:
      return unknownBuild(build);
  }
}
