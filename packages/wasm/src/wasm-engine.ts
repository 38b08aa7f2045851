import { type Engine, type Program, requireStateTensor, sameShape, type StateSpec } from "@isthmus/graph";
import { loadKernels } from "@isthmus/kernels";
import { Heap } from "./heap.ts";
import { Runtime } from "./runtime.ts";
import { WasmExecutable } from "./wasm-executable.ts";
import { WasmState } from "./wasm-state.ts";

export interface WasmEngineOptions {
  /** Which instructions the kernels use. Default: the best this machine runs. Only `simd128` gives the same bits everywhere. */
  readonly build?: "simd128" | "relaxed";
  /** Compiled kernels, where fetching or compiling them is the caller's business. */
  readonly module?: WebAssembly.Module;
  /** Most memory the engine may take. Default: 2 GiB. */
  readonly maxMemoryBytes?: number;
}

const GIB = 2 ** 30;

/**
 * Makes an engine that runs programs on this thread with the WebAssembly kernels.
 *
 * @throws RangeError when `maxMemoryBytes` is not in [64 KiB, 4 GiB]
 */
export async function createWasmEngine(options: WasmEngineOptions = {}): Promise<WasmEngine> {
  const { maxMemoryBytes = 2 * GIB, ...choice } = options;
  if (!(maxMemoryBytes >= 65_536 && maxMemoryBytes <= 4 * GIB)) {
    throw new RangeError(`"maxMemoryBytes" expected 65536 to ${4 * GIB}, got ${maxMemoryBytes}`);
  }
  const heap = new Heap(maxMemoryBytes);
  const { build, exports } = await loadKernels({ ...choice, memory: heap.requireMemory() });
  return new WasmEngine(build, new Runtime(heap, exports as unknown as Readonly<Record<string, unknown>>));
}

/** Runs programs as flat lists of kernel calls over one memory. */
export class WasmEngine implements Engine {
  readonly name = "wasm";
  readonly build: string;
  private readonly runtime: Runtime;

  constructor(build: string, runtime: Runtime) {
    this.build = build;
    this.runtime = runtime;
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
    this.runtime.heap.dispose();
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
