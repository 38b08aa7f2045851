import { IsthmusError } from "@isthmus/math";
import type { KernelBackend } from "@tensorflow/tfjs-core";
import type { TfjsCore } from "../tfjs-ops.ts";
import { findWasmFiles } from "./wasm-files.ts";

/**
 * A backend of tfjs-backend-wasm, by the factory that it registered; in a page with its binaries found.
 *
 * @param setWasmPaths tfjs-backend-wasm's
 * @throws IsthmusError `TFJS_NOT_STARTED`
 */
export async function startWasm(
  tf: TfjsCore,
  setWasmPaths: (files: Record<string, string>) => void,
): Promise<KernelBackend> {
  try {
    if (tf.env().getBool("IS_BROWSER")) setWasmPaths({ ...(await findWasmFiles()) });
    return await withoutThreads(tf, tf.findBackendFactory("wasm"));
  } catch (error) {
    // What tfjs throws is no Error.
    const said = (error as { readonly message?: unknown } | null)?.message ?? error;
    const message = `tfjs-backend-wasm did not start (${String(said)}); serve its .wasm files, tell tfjs where they are by setWasmPaths, and call await tf.setBackend("wasm") before the engine is made`;
    throw new IsthmusError("TFJS_NOT_STARTED", message, { backend: "wasm" }, { cause: error });
  }
}

const THREADS_FLAG = "WASM_HAS_MULTITHREAD_SUPPORT";

/**
 * Calls `make` while tfjs believes that there are no threads: it would start them from the text of its own code, which does not run once a
 * minifier has been over it, and would wait for them for ever. It asks before it waits for anything.
 */
function withoutThreads<R>(tf: TfjsCore, make: () => R): R {
  const flags = tf.env().getFlags();
  const before = Object.getOwnPropertyDescriptor(flags, THREADS_FLAG);
  flags[THREADS_FLAG] = false;
  try {
    return make();
  } finally {
    if (before) Object.defineProperty(flags, THREADS_FLAG, before);
    else delete flags[THREADS_FLAG];
  }
}
