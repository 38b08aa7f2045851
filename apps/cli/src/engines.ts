import {
  type EngineName,
  engineNameOf,
  engineNames,
  type SelectedEngine,
  selectEngine,
  type Workload,
} from "@isthmus/backend";
import { fileStore } from "@isthmus/backend/node";
import { UsageError } from "@isthmus/command-line/node";
import { elementCount, type Engine, type JsonObject, type Program } from "@isthmus/graph";
import type { WasmEngine } from "@isthmus/wasm";
import { type Console, note } from "./console.ts";

/** What `--engine` takes: the fastest, our own, or TensorFlow.js on one of its backends. */
export type EngineChoice = "auto" | EngineName;
export const ENGINES: readonly EngineChoice[] = ["auto", ...engineNames];

/** What a command's options say of the engine. */
export interface EngineOptions {
  /** Default: `wasm`. */
  readonly engine?: EngineChoice;
  readonly build?: string;
  readonly threads?: number | "auto";
}

/** What a command knows besides. */
export interface EngineNeeds {
  /** Is told what `auto` chose. */
  readonly console?: Console;
  /** What `auto` measures. Default: training a network of digits. */
  readonly workload?: Workload;
  /** Default: what our engine takes by itself, 2 GiB. */
  readonly maxMemoryBytes?: number;
}

/**
 * Runs `body` with an engine that is disposed of afterwards: the one way in which commands come to one.
 *
 * @throws UsageError options that the engine does not take
 * @throws IsthmusError `BACKEND_UNAVAILABLE` what is missing here for it, and how to get it
 */
export async function withEngine<R>(
  { engine: choice = "wasm", build = "auto", threads = 1 }: EngineOptions,
  body: (engine: SelectedEngine) => Promise<R>,
  { console, workload, maxMemoryBytes }: EngineNeeds = {},
): Promise<R> {
  if (choice.startsWith("tfjs:")) {
    if (build !== "auto") throw new UsageError("--build goes with --engine wasm only");
    if (threads !== 1) throw new UsageError("--threads goes with --engine wasm only");
  }
  const engine = await selectEngine({
    ...(choice !== "auto" && { require: choice }),
    ...(workload && { workload }),
    // The option has heeded the environment already.
    override: "",
    store: fileStore(),
    wasm: {
      threads,
      ...((build === "simd128" || build === "relaxed") && { build }),
      ...(maxMemoryBytes !== undefined && { maxMemoryBytes }),
    },
  });
  try {
    const { selection } = engine;
    if (choice === "auto" && console) note(console, `engine ${selection.engine}: ${selection.reason}`);
    return await body(engine);
  } finally {
    engine.dispose();
  }
}

/** The engine that began a run, and our kernels' build: only these go on with the same bits. */
export interface Begun {
  readonly engine: EngineName | undefined;
  readonly build: string | undefined;
}

/** What a checkpoint says of it. */
export function begunWith(run: JsonObject): Begun {
  const { name = "", build = "" } = (run["engine"] ?? {}) as { readonly name?: string; readonly build?: string };
  return { engine: engineNameOf({ name, build }), build: name === "wasm" ? build : undefined };
}

/** What goes on with a run that was begun, unless the user asks for another. */
export function goingOn({ engine: asked, build, threads = 1 }: EngineOptions, begun: Begun | undefined): EngineOptions {
  const engine = asked ?? begun?.engine ?? "wasm";
  const same = engine === "wasm" && build === "auto" ? begun?.build : undefined;
  return { engine, build: same ?? build ?? "auto", threads };
}

/** The note where another engine goes on; nothing where it is the same, or none began. */
export function changeText(begun: Begun | undefined, engine: Engine): string | undefined {
  if (begun?.engine === undefined || begun.engine === engineNameOf(engine)) return undefined;
  return `${begun.engine} began this run; another engine changes the last bits of the curve`;
}

/** Of all that a measurement feeds, 16 MiB of float32. */
const MOST_FED = 2 ** 22;

/** For commands that run one part of a model over many items. */
export function toRun(name: string, program: Program, console: Console): EngineNeeds {
  const fed = Object.values(program.inputs).map((id) => elementCount(program.nodes[id]!.shape));
  const batch = Math.max(1, Math.min(256, Math.floor(MOST_FED / Math.max(1, ...fed))));
  return { console, workload: { name, program, batch } };
}

/** `wasm (simd128), 2 threads`; why there are fewer than were asked for, if so. `tfjs (cpu)`. */
export function engineText(engine: Engine | WasmEngine): string {
  const { name, build } = engine;
  if (!("threads" in engine)) return `${name} (${build})`;
  const { count, reason } = engine.threads;
  const threads = count === 1 ? "one thread" : `${count} threads`;
  return `${name} (${build}), ${threads}${reason ? ` because ${reason.message}` : ""}`;
}
