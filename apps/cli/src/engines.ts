import { createWasmEngine, type WasmEngine } from "@isthmus/wasm";

export interface EngineOptions {
  readonly build?: string;
  readonly threads?: number | "auto";
  /** Default: what the engine takes by itself, 2 GiB. */
  readonly maxMemoryBytes?: number;
}

/** Runs `body` with an engine that is disposed of afterwards. */
export async function withEngine<R>(options: EngineOptions, body: (engine: WasmEngine) => Promise<R>): Promise<R> {
  const { build, threads = 1, maxMemoryBytes } = options;
  const engine = await createWasmEngine({
    threads,
    ...((build === "simd128" || build === "relaxed") && { build }),
    ...(maxMemoryBytes !== undefined && { maxMemoryBytes }),
  });
  try {
    return await body(engine);
  } finally {
    engine.dispose();
  }
}

/** `wasm (simd128), 2 threads`; why there are fewer than were asked for, if so. */
export function engineText({ name, build, threads: { count, reason } }: WasmEngine): string {
  const threads = count === 1 ? "one thread" : `${count} threads`;
  return `${name} (${build}), ${threads}${reason ? ` because ${reason.message}` : ""}`;
}
