import { IsthmusError } from "@isthmus/math";
import { type KernelBuild, loadKernels, probe } from "@isthmus/kernels";
import { BackendWasm, version_wasm } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { requireVersion } from "../version.ts";
import { FusedAdam, type FusedAdamOptions } from "./fused-adam.ts";
import { gradients } from "./gradients/index.ts";
import { Heap } from "./heap.ts";
import { kernels } from "./kernels/index.ts";
import { putInPlace } from "./registry.ts";
import { type BinarySource, memoryOf, MOST_THREADS, openTfjsModule } from "./tfjs-module.ts";

export interface AcceleratedWasmOptions {
  /** Of tfjs: the bytes of its `.wasm` file or where that is. Default: beside its script, which bundlers move; there give a URL. */
  readonly binary?: BinarySource;
  /** That tfjs's own kernels use; ours run on one. More than one needs shared memory. 1 to 8, default 1. */
  readonly threads?: number;
  /** Of our kernels. Default: the faster one that runs here; `simd128` gives the same bits on every machine. */
  readonly build?: KernelBuild;
}

export interface AcceleratedWasm {
  /** That tfjs's own kernels use. */
  readonly threads: number;
  readonly build: KernelBuild;
  /** Names of tfjs's kernels that were replaced or added. */
  readonly kernels: readonly string[];
  /** Names of kernels whose gradients were missing and are registered now. */
  readonly gradients: readonly string[];
  /** `tf.train.adam` in one pass over all variables; see {@link FusedAdam}. */
  adam(options?: FusedAdamOptions): FusedAdam;
  /**
   * Puts everything back: tfjs's own kernels and its own backend, not made until asked for. Tensors of the accelerated backend are lost,
   * as with `tf.removeBackend`. The second call does nothing.
   */
  uninstall(): void;
}

let installed = false;

/**
 * Makes a `wasm` backend with our kernels over its memory the current one of TensorFlow.js, in place of the stock one.
 *
 * @throws IsthmusError `TFJS_VERSION` with another tfjs than 4.22.0, `TFJS_BACKEND_IN_USE` when a wasm backend holds tensors already or this
 * is installed, `TFJS_NO_THREADS` without shared memory, `TFJS_BINARY`, `WASM_NO_SIMD`; RangeError for `threads`
 */
export async function installAcceleratedWasm(options: AcceleratedWasmOptions = {}): Promise<AcceleratedWasm> {
  const { threads = 1, binary } = options;
  requireVersion("the accelerated wasm backend", "tfjs-core", tf.version_core, "install that version");
  requireVersion("the accelerated wasm backend", "tfjs-backend-wasm", version_wasm, "install that version");
  requireThreads(threads);
  requireUnused();
  installed = true;
  try {
    return await install(threads, options, binary);
  } catch (error) {
    installed = false;
    throw error;
  }
}

async function install(
  threads: number,
  options: AcceleratedWasmOptions,
  binary?: BinarySource,
): Promise<AcceleratedWasm> {
  const module = await openTfjsModule(threads, binary);
  const memory = memoryOf(module);
  const loaded = await loadKernels({ memory, ...(options.build && { build: options.build }) });
  const stock = tf.findBackendFactory("wasm");
  tf.removeBackend("wasm");
  const backend = new BackendWasm(module as unknown as BackendWasm["wasm"]);
  const heap = new Heap(backend, module, loaded.exports);
  const restore = putInPlace(kernels, gradients, heap);
  tf.registerBackend("wasm", () => backend, PRIORITY);
  if (!(await tf.setBackend("wasm"))) {
    throw new IsthmusError("TFJS_BACKEND_LOST", "TensorFlow.js does not take the accelerated wasm backend");
  }
  const current = (): Heap => {
    if (installed && tf.engine().backend === backend) return heap;
    throw new IsthmusError("TFJS_BACKEND_LOST", "the accelerated wasm backend is not TensorFlow.js's current one");
  };
  let isOver = false;
  return {
    threads: module.tfjs.getThreadsCount(),
    build: loaded.build,
    ...restore.names,
    adam: (given) => new FusedAdam(current, given),
    uninstall() {
      if (isOver) return;
      isOver = true;
      installed = false;
      restore.undo();
      tf.removeBackend("wasm");
      tf.registerBackend("wasm", stock, PRIORITY);
    },
  };
}

/** tfjs's own priority of this backend. */
const PRIORITY = 2;

function requireThreads(threads: unknown): void {
  const expected = `a whole number from 1 to ${MOST_THREADS}`;
  if (typeof threads !== "number") throw new TypeError(`"threads" expected ${expected}, got ${typeof threads}`);
  if (!Number.isInteger(threads) || threads < 1 || threads > MOST_THREADS) {
    throw new RangeError(`"threads" expected ${expected}, got ${threads}`);
  }
  if (threads > 1 && !probe().threads) {
    const message = `${threads} threads need shared memory, which this place has not (a page needs cross-origin isolation); ask for 1`;
    throw new IsthmusError("TFJS_NO_THREADS", message, { threads });
  }
}

/** As far as tfjs's engine must be known: which backends there are. */
interface Registry {
  readonly registry: Record<string, tf.KernelBackend | undefined>;
}

/** Tensors of a wasm backend that is taken away would be lost. */
function requireUnused(): void {
  const { registry } = tf.engine() as unknown as Registry;
  const tensors = registry["wasm"]?.numDataIds() ?? 0;
  if (!installed && tensors === 0) return;
  const reason = installed ? "it is installed already" : `TensorFlow.js's wasm backend holds ${tensors} tensors`;
  const message = `the accelerated wasm backend cannot be installed: ${reason}; install it once, before the first tensor`;
  throw new IsthmusError("TFJS_BACKEND_IN_USE", message, { tensors });
}
