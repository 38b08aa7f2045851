import { IsthmusError, type NdArray } from "@isthmus/math";
import type { Engine, EngineState, Executable, Handle, HostArray, RunOptions, RunResult } from "./engine.ts";
import { interpret } from "./interpreter.ts";
import type { Program, StateSpec } from "./ir.ts";
import { resolveBatch } from "./run-inputs.ts";
import { requireStateTensor, requireStateValues } from "./state-checks.ts";
import { elementCount } from "./shape.ts";

/**
 * The float64 interpreter as an engine: slow, plain, and what the fast engines are held against. A step computes in
 * float64; state is float32, as everywhere, so that what is stored is all there is.
 */
export function referenceEngine(): Engine {
  return {
    name: "reference",
    build: "float64",
    createState: (spec) => new ReferenceState(spec),
    compile: async (program, state) => new ReferenceExecutable(program, state as ReferenceState),
    dispose: () => {},
  };
}

class ReferenceState implements EngineState {
  readonly spec: StateSpec;
  readonly tensors: Record<string, Float32Array>;

  constructor(spec: StateSpec) {
    this.spec = spec;
    this.tensors = Object.fromEntries(
      Object.entries(spec).map(([name, { shape }]) => [name, new Float32Array(elementCount(shape))]),
    );
  }

  async write(name: string, values: Float32Array): Promise<void> {
    requireStateValues(this.spec, name, values);
    this.tensors[name] = values.slice();
  }

  async read(name: string): Promise<Float32Array> {
    requireStateTensor(this.spec, name);
    return (this.tensors[name] as Float32Array).slice();
  }

  dispose(): void {}
}

class ReferenceExecutable implements Executable {
  private readonly program: Program;
  private readonly state: ReferenceState;
  private runs = 0;

  constructor(program: Program, state: ReferenceState) {
    for (const name of Object.keys(program.state)) requireStateTensor(state.spec, name);
    this.program = program;
    this.state = state;
  }

  async run(inputs: Readonly<Record<string, HostArray>>, options: RunOptions = {}): Promise<RunResult> {
    options.signal?.throwIfAborted();
    const batch = resolveBatch(this.program, inputs, options.batch);
    const { outputs, updates, committed } = interpret(this.program, { inputs, state: this.state.tensors, batch });
    if (committed) {
      for (const [name, value] of Object.entries(updates)) this.state.tensors[name] = Float32Array.from(value.data);
    }
    const run = ++this.runs;
    const handle = (value: NdArray): Handle => ({
      shape: value.shape,
      read: async () => {
        if (run !== this.runs) throw new IsthmusError("ENGINE_STALE_HANDLE", "this result was replaced by a later run");
        return Float32Array.from(value.data);
      },
    });
    return { committed, outputs: Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, handle(value)])) };
  }

  dispose(): void {}
}
