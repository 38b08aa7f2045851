import type { Engine } from "@isthmus/graph";
import type { BackendName } from "@isthmus/tfjs";
import { createWasmEngine, type WasmEngine } from "@isthmus/wasm";
import { UsageError } from "./errors.ts";

/** What `--engine` takes: our own, or TensorFlow.js on one of its backends. */
export const ENGINES = ["wasm", "tfjs:wasm", "tfjs:cpu", "tfjs:webgpu"] as const;
export type EngineName = (typeof ENGINES)[number];

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

/**
 * The same with the engine of that name. TensorFlow.js is loaded only when it is asked for.
 *
 * @throws UsageError options that it does not take; IsthmusError what is missing here for it, and how to get it
 */
export async function withNamedEngine<R>(
  name: EngineName,
  options: EngineOptions,
  body: (engine: Engine) => Promise<R>,
): Promise<R> {
  if (name === "wasm") return withEngine(options, body);
  const strange = options.build !== undefined && options.build !== "auto" ? "--build" : "--threads";
  if (strange === "--build" || (options.threads ?? 1) !== 1) {
    throw new UsageError(`${strange} goes with --engine wasm only`);
  }
  const { createTfjsEngine } = await import("@isthmus/tfjs");
  const engine = await createTfjsEngine({ backend: name.slice("tfjs:".length) as BackendName });
  try {
    return await body(engine);
  } finally {
    engine.dispose();
  }
}

/** What `--engine` calls an engine that a file names; undefined for one that it has no name for. */
export function engineNameOf({ name, build }: Pick<Engine, "name" | "build">): EngineName | undefined {
  return ENGINES.find((known) => known === name || known === `${name}:${build}`);
}

/** `wasm (simd128), 2 threads`; why there are fewer than were asked for, if so. `tfjs (cpu)`. */
export function engineText(engine: Engine | WasmEngine): string {
  const { name, build } = engine;
  if (!("threads" in engine)) return `${name} (${build})`;
  const { count, reason } = engine.threads;
  const threads = count === 1 ? "one thread" : `${count} threads`;
  return `${name} (${build}), ${threads}${reason ? ` because ${reason.message}` : ""}`;
}
