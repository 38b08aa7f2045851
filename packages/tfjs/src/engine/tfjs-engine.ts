import type { Engine, Program, StateSpec } from "@isthmus/graph";
import type { BackendName } from "./backends.ts";
import type { Device } from "./device.ts";
import { Runtime } from "./runtime.ts";
import { TfjsExecutable } from "./tfjs-executable.ts";
import { TfjsState } from "./tfjs-state.ts";

/** Runs programs on a backend of TensorFlow.js, node by node. */
export class TfjsEngine implements Engine {
  readonly name = "tfjs";
  readonly build: BackendName;
  private readonly runtime: Runtime;

  constructor(build: BackendName, device: Device) {
    this.build = build;
    this.runtime = new Runtime(device);
  }

  /** How many arrays the backend holds now. A shared one (`wasm`) counts everybody's. */
  get arrays(): number {
    return this.runtime.device.arrays;
  }

  /** @throws IsthmusError `ENGINE_DISPOSED`, `TFJS_BACKEND_LOST` */
  createState(spec: StateSpec): TfjsState {
    this.runtime.requireAlive();
    return new TfjsState(this.runtime, spec);
  }

  /**
   * @throws TypeError when `state` is another engine's; RangeError when it lacks a tensor the program names;
   * IsthmusError `ENGINE_OPERATION`, `ENGINE_DISPOSED`, `TFJS_BACKEND_LOST`
   */
  async compile(program: Program, state: TfjsState): Promise<TfjsExecutable> {
    if (!(state instanceof TfjsState) || state.runtime !== this.runtime) {
      throw new TypeError(`compile: "state" expected one made by this engine's createState`);
    }
    state.requireAlive();
    return new TfjsExecutable(program, state);
  }

  dispose(): void {
    this.runtime.dispose();
  }
}
