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

/**
 * Compiles (unless given) and instantiates one build over a memory.
 *
 * @throws RangeError for an unknown build; IsthmusError `WASM_NO_SIMD` or `WASM_NO_RELAXED_SIMD` when this machine cannot run it.
 */
export async function loadKernels(options: LoadOptions = {}): Promise<Kernels> {
  const build = options.build ?? chooseBuild();
  requireSupport(build);
  const memory = options.memory ?? new WebAssembly.Memory({ initial: 16, maximum: 65536 });
  const module = options.module ?? (await WebAssembly.compile(await kernelBytes(build, isShared(memory))));
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  return { build, module, memory, exports: instance.exports as unknown as KernelExports };
}

function isShared({ buffer }: WebAssembly.Memory): boolean {
  return typeof SharedArrayBuffer === "function" && (buffer as ArrayBufferLike) instanceof SharedArrayBuffer;
}

/**
 * The WebAssembly binary of a build, a fresh copy. The `threaded` one differs in nothing but that it imports a shared memory.
 *
 * @throws RangeError for an unknown build.
 */
export async function kernelBytes(build: KernelBuild, threaded = false): Promise<Uint8Array<ArrayBuffer>> {
  const { base64 } = await generated(build, threaded);
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function requireSupport(build: KernelBuild): void {
  chooseBuild();
  if (build === "relaxed" && !probe().relaxedSimd) {
    throw new IsthmusError("WASM_NO_RELAXED_SIMD", "the relaxed build needs WebAssembly relaxed SIMD; use simd128", {
      ...probe(),
    });
  }
}

interface Generated {
  readonly base64: string;
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
      throw new RangeError(`"build" expected "simd128" or "relaxed", got ${JSON.stringify(build satisfies never)}`);
  }
}
