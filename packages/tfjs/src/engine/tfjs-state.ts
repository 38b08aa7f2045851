import {
  concreteShape,
  type EngineState,
  elementCount,
  requireStateTensor,
  requireStateValues,
  type StateSpec,
} from "@isthmus/graph";
import type { Value } from "./device.ts";
import { Life } from "./life.ts";
import type { Runtime } from "./runtime.ts";

/** State tensors on a backend. A tensor is never written in place: a new one takes its place. */
export class TfjsState implements EngineState {
  readonly spec: StateSpec;
  readonly runtime: Runtime;
  private readonly life = new Life("state");
  private readonly tensors = new Map<string, Value>();

  constructor(runtime: Runtime, spec: StateSpec) {
    this.spec = spec;
    this.runtime = runtime;
    for (const [name, { shape }] of Object.entries(spec)) {
      this.tensors.set(name, this.uploaded(name, new Float32Array(elementCount(shape))));
    }
    runtime.adopt(this);
  }

  async write(name: string, values: Float32Array): Promise<void> {
    this.requireAlive();
    requireStateValues(this.spec, name, values);
    const copy = values.slice();
    return this.runtime.turn(async () => {
      this.requireAlive();
      this.replace(name, this.uploaded(name, copy));
    });
  }

  async read(name: string): Promise<Float32Array> {
    this.requireAlive();
    requireStateTensor(this.spec, name);
    return this.runtime.turn(async () => this.runtime.device.read(this.valueOf(name)));
  }

  /** @throws IsthmusError `ENGINE_DISPOSED`, `TFJS_BACKEND_LOST` */
  requireAlive(): void {
    this.runtime.requireAlive();
    this.life.requireAlive();
  }

  /** The tensor as it is now. */
  valueOf(name: string): Value {
    this.requireAlive();
    return this.tensors.get(name)!;
  }

  /** Takes over `value` as tensor `name`. */
  replace(name: string, value: Value): void {
    this.runtime.device.release(this.tensors.get(name)!);
    this.tensors.set(name, value);
  }

  dispose(): void {
    if (!this.life.end()) return;
    this.runtime.drop(this);
    for (const value of this.tensors.values()) this.runtime.device.release(value);
    this.tensors.clear();
  }

  private uploaded(name: string, values: Float32Array): Value {
    const shape = concreteShape(this.spec[name]!.shape, 1);
    return this.runtime.device.kept(() => this.runtime.device.upload(values, shape));
  }
}
