/** The same loader with all bytes inside: nothing is fetched, and a bundle stays one file. For pages that are sent or opened as a file. */
// @ts-ignore: made by scripts/build.mjs, absent from a fresh checkout
import * as relaxedThreads from "./generated/relaxed-threads.ts";
// @ts-ignore: as above
import * as relaxed from "./generated/relaxed.ts";
// @ts-ignore: as above
import * as simd128Threads from "./generated/simd128-threads.ts";
// @ts-ignore: as above
import * as simd128 from "./generated/simd128.ts";
import {
  bytesIn,
  type Generated,
  instantiateKernels,
  type KernelBuild,
  type Kernels,
  type LoadOptions,
  unknownBuild,
} from "./instantiate.ts";

/** `loadKernels` of `@isthmus/kernels`, and what it throws. */
export function loadKernels(options: LoadOptions = {}): Promise<Kernels> {
  return instantiateKernels(kernelBytes, options);
}

/** `kernelBytes` of `@isthmus/kernels`, and what it throws. */
export async function kernelBytes(build: KernelBuild, threaded = false): Promise<Uint8Array<ArrayBuffer>> {
  return bytesIn(generated(build, threaded));
}

function generated(build: KernelBuild, threaded: boolean): Generated {
  switch (build) {
    case "simd128":
      return threaded ? simd128Threads : simd128;
    case "relaxed":
      return threaded ? relaxedThreads : relaxed;
    default:
      return unknownBuild(build);
  }
}
