import { type BackendName, backendNames, loadCore, openers } from "./backends.ts";
import { Device } from "./device.ts";
import { TfjsEngine } from "./tfjs-engine.ts";

export interface TfjsEngineOptions {
  /** Where TensorFlow.js computes. Its module, `@tensorflow/tfjs-backend-...`, is loaded now. */
  readonly backend: BackendName;
}

/**
 * Makes an engine that runs programs on TensorFlow.js 4.22.0. It calls the backend's kernels directly: tfjs's current backend
 * stays what it is, and what its owner does there.
 *
 * @throws RangeError an unknown backend
 * @throws IsthmusError `TFJS_MISSING` a module that must be installed, `TFJS_VERSION` another version of it,
 * `TFJS_NO_DEVICE` where the machine lacks what the backend needs
 */
export async function createTfjsEngine({ backend }: TfjsEngineOptions): Promise<TfjsEngine> {
  if (!backendNames.includes(backend)) {
    throw new RangeError(`"backend" expected ${backendNames.join(" or ")}, got ${backend}`);
  }
  const tf = await loadCore();
  return new TfjsEngine(backend, new Device(tf, await openers[backend](tf)));
}
