import { createWasmEngine } from "@isthmus/wasm";
import type { Engine } from "@isthmus/graph";

export interface EngineOptions {
  readonly build?: string;
}

/** Runs `body` with an engine that is disposed of afterwards. */
export async function withEngine<R>({ build }: EngineOptions, body: (engine: Engine) => Promise<R>): Promise<R> {
  const engine = await createWasmEngine(build === "simd128" || build === "relaxed" ? { build } : {});
  try {
    return await body(engine);
  } finally {
    engine.dispose();
  }
}
