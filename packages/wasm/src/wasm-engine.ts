import { type Engine, type Program, requireStateTensor, sameShape, type StateSpec } from "@isthmus/graph";
import type { Kernels, LoadOptions } from "@isthmus/kernels";
import { Heap } from "./heap.ts";
import { Runtime } from "./runtime.ts";
import { notStarted, obstacle, requestedThreads, type Threads, type ThreadsReason } from "./threads/options.ts";
import { Pool } from "./threads/pool.ts";
import { WasmExecutable } from "./wasm-executable.ts";
import { WasmState } from "./wasm-state.ts";

export interface WasmEngineOptions {
  /** Which instructions the kernels use. Default: the best this machine runs. Only `simd128` gives the same bits everywhere. */
  readonly build?: "simd128" | "relaxed";
  /** Compiled kernels, where fetching or compiling them is the caller's business; the threaded binary for more threads than one. */
  readonly module?: WebAssembly.Module;
  /** Most memory the engine may take. Default: 2 GiB. */
  readonly maxMemoryBytes?: number;
  /**
   * How many threads share the work, this one among them; "auto": one per core, at most 8. Default: 1. Results do not depend on it.
   * Where threads cannot be had the engine has one and says why in {@link WasmEngine.threads}. A page's main thread cannot
   * sleep while it waits for the others: run the engine in a worker of your own to keep the page responsive.
   */
  readonly threads?: number | "auto";
  /** Where `workerSource` is served, for pages whose policy forbids blob workers. */
  readonly workerUrl?: string | URL;
}

const GIB = 2 ** 30;

/** Where kernels come from: `loadKernels` of `@isthmus/kernels`, or of its entry `inline`. */
type LoadKernels = (options: LoadOptions) => Promise<Kernels>;

/** Makes an engine of what `load` loads; as `createWasmEngine` says. */
export async function openWasmEngine(load: LoadKernels, options: WasmEngineOptions): Promise<WasmEngine> {
  const { maxMemoryBytes = 2 * GIB, threads = 1, workerUrl, ...choice } = options;
  if (!(maxMemoryBytes >= 65_536 && maxMemoryBytes <= 4 * GIB)) {
    throw new RangeError(`"maxMemoryBytes" expected 65536 to ${4 * GIB}, got ${maxMemoryBytes}`);
  }
  const count = requestedThreads(threads);
  const reason = count > 1 ? obstacle() : undefined;
  if (count === 1 || reason) return singleThreaded(load, choice, maxMemoryBytes, reason);
  const heap = new Heap(maxMemoryBytes, true);
  const kernels = await load({ ...choice, memory: heap.requireMemory() });
  const pool = new Pool(count);
  try {
    await pool.start(kernels, workerUrl);
  } catch (error) {
    pool.dispose();
    return singleThreaded(load, { build: kernels.build }, maxMemoryBytes, notStarted(error));
  }
  return new WasmEngine(kernels.build, new Runtime(heap, { ...kernels.exports }, pool), { count });
}

async function singleThreaded(
  load: LoadKernels,
  choice: Pick<WasmEngineOptions, "build" | "module">,
  maxMemoryBytes: number,
  reason: ThreadsReason | undefined,
): Promise<WasmEngine> {
  const heap = new Heap(maxMemoryBytes);
  const { build, exports } = await load({ ...choice, memory: heap.requireMemory() });
  return new WasmEngine(build, new Runtime(heap, { ...exports }), { count: 1, ...(reason && { reason }) });
}

/** Runs programs as flat lists of kernel calls over one memory. */
export class WasmEngine implements Engine {
  readonly name = "wasm";
  readonly build: string;
  readonly threads: Threads;
  private readonly runtime: Runtime;

  constructor(build: string, runtime: Runtime, threads: Threads) {
    this.build = build;
    this.runtime = runtime;
    this.threads = threads;
  }

  /** Size of the memory now; it never shrinks. */
  get memoryBytes(): number {
    return this.runtime.heap.requireMemory().buffer.byteLength;
  }

  /** @throws IsthmusError `ENGINE_MEMORY`, `ENGINE_DISPOSED` */
  createState(spec: StateSpec): WasmState {
    return new WasmState(this.runtime.heap, spec);
  }

  /**
   * @throws TypeError when `state` is another engine's; RangeError when it lacks a tensor the program names;
   * IsthmusError `ENGINE_OPERATION`, `ENGINE_MEMORY`, `ENGINE_DISPOSED`
   */
  async compile(program: Program, state: WasmState): Promise<WasmExecutable> {
    if (!(state instanceof WasmState) || state.heap !== this.runtime.heap) {
      throw new TypeError(`compile: "state" expected one made by this engine's createState`);
    }
    state.requireRegion();
    requireHolds(state, program.state);
    return new WasmExecutable(program, state, this.runtime);
  }

  dispose(): void {
    this.runtime.dispose();
  }
}

function requireHolds(state: WasmState, wanted: StateSpec): void {
  for (const [name, { shape }] of Object.entries(wanted)) {
    const own = requireStateTensor(state.spec, name).shape;
    if (!sameShape(own, shape)) {
      throw new RangeError(`compile: state "${name}" expected [${shape.join(", ")}], got [${own.join(", ")}]`);
    }
  }
}
