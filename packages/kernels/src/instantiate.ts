import { IsthmusError } from "@isthmus/math";
import type { KernelExports } from "./exports.ts";
import { probe, type Probe } from "./probe.ts";

/** `simd128` gives the same bits on any machine; `relaxed` is faster and repeats itself on one machine and runtime only. */
export type KernelBuild = "simd128" | "relaxed";

export interface Kernels {
  readonly build: KernelBuild;
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly exports: KernelExports;
}

export interface LoadOptions {
  /** Default: what {@link chooseBuild} says. With `module`, the build it was compiled from. */
  readonly build?: KernelBuild;
  /** Default: 1 MiB that may grow to 4 GiB. A shared one takes the threaded binary. */
  readonly memory?: WebAssembly.Memory;
  /** Compiled elsewhere: in another thread, or from the `.wasm` file. Over a shared memory, from the threaded one. */
  readonly module?: WebAssembly.Module;
}

/**
 * The fastest build that runs here.
 *
 * @throws IsthmusError `WASM_NO_SIMD` when there is none.
 */
export function chooseBuild(features: Probe = probe()): KernelBuild {
  if (!features.simd) {
    throw new IsthmusError(
      "WASM_NO_SIMD",
      "these kernels need WebAssembly SIMD (Node 16.4, Chrome 91, Firefox 89, Safari 16.4 or newer)",
      { ...features },
    );
  }
  return features.relaxedSimd && features.wideTiles ? "relaxed" : "simd128";
}

/** The WebAssembly binary of a build; the `threaded` one imports a shared memory. */
export type BytesOf = (build: KernelBuild, threaded: boolean) => Promise<Uint8Array<ArrayBuffer>>;

/** Compiles the bytes of one build (unless a module is given) and instantiates it over a memory. */
export async function instantiateKernels(bytesOf: BytesOf, options: LoadOptions): Promise<Kernels> {
  const build = options.build ?? chooseBuild();
  requireSupport(build);
  const memory = options.memory ?? new WebAssembly.Memory({ initial: 16, maximum: 65536 });
  const module = options.module ?? (await WebAssembly.compile(await bytesOf(build, isShared(memory))));
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  return { build, module, memory, exports: instance.exports as unknown as KernelExports };
}

function isShared({ buffer }: WebAssembly.Memory): boolean {
  return typeof SharedArrayBuffer === "function" && (buffer as ArrayBufferLike) instanceof SharedArrayBuffer;
}

function requireSupport(build: KernelBuild): void {
  chooseBuild();
  if (build === "relaxed" && !probe().relaxedSimd) {
    throw new IsthmusError("WASM_NO_RELAXED_SIMD", "the relaxed build needs WebAssembly relaxed SIMD; use simd128", {
      ...probe(),
    });
  }
}

/** What scripts/build.mjs makes of a build. */
export interface Generated {
  readonly base64: string;
}

export function bytesIn({ base64 }: Generated): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** @throws RangeError always */
export function unknownBuild(build: never): never {
  throw new RangeError(`"build" expected "simd128" or "relaxed", got ${JSON.stringify(build)}`);
}
