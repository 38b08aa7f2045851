import { IsthmusError, type NdArray } from "@isthmus/math";
import type { Engine, EngineState, Executable, Handle, HostArray, RunOptions, RunResult } from "./engine.ts";
import { interpret } from "./interpreter.ts";
import type { Program, StateSpec } from "./ir.ts";
import { resolveBatch } from "./run-inputs.ts";
import { elementCount, formatShape, sameShape } from "./shape.ts";
import { requireStateTensor, requireStateValues } from "./state-checks.ts";

/**
 * The float64 interpreter as an engine: slow, plain, and what the fast engines are held against. A step computes in
 * float64; state is float32, as everywhere, so that what is stored is all there is.
 */
export function referenceEngine(): Engine {
  const life = new Life("engine");
  return {
    name: "reference",
    build: "float64",
    createState: (spec) => {
      life.requireAlive();
      return new ReferenceState(spec, life);
    },
    compile: async (program, state) => {
      life.requireAlive();
      if (!(state instanceof ReferenceState) || state.engine !== life) {
        throw new TypeError(`compile: "state" expected one made by this engine's createState`);
      }
      return new ReferenceExecutable(program, state);
    },
    dispose: () => life.end(),
  };
}

/** What can be disposed of, and the number of its latest run. */
class Life {
  private readonly what: string;
  private alive = true;
  runs = 0;

  constructor(what: string) {
    this.what = what;
  }

  /** @throws IsthmusError `ENGINE_DISPOSED` */
  requireAlive(): void {
    if (this.alive) return;
    throw new IsthmusError("ENGINE_DISPOSED", `this ${this.what} was disposed of; make a new one`, { what: this.what });
  }

  end(): void {
    this.alive = false;
  }
}

class ReferenceState implements EngineState {
  readonly spec: StateSpec;
  readonly engine: Life;
  readonly tensors: Record<string, Float32Array>;
  private readonly life = new Life("state");

  constructor(spec: StateSpec, engine: Life) {
    this.spec = spec;
    this.engine = engine;
    this.tensors = Object.fromEntries(
      Object.entries(spec).map(([name, { shape }]) => [name, new Float32Array(elementCount(shape))]),
    );
  }

  async write(name: string, values: Float32Array): Promise<void> {
    this.requireAlive();
    requireStateValues(this.spec, name, values);
    this.tensors[name] = values.slice();
  }

  async read(name: string): Promise<Float32Array> {
    this.requireAlive();
    requireStateTensor(this.spec, name);
    return (this.tensors[name] as Float32Array).slice();
  }

  requireAlive(): void {
    this.engine.requireAlive();
    this.life.requireAlive();
  }

  dispose(): void {
    this.life.end();
  }
}

class ReferenceExecutable implements Executable {
  private readonly program: Program;
  private readonly state: ReferenceState;
  private readonly life = new Life("executable");

  constructor(program: Program, state: ReferenceState) {
    for (const [name, { shape }] of Object.entries(program.state)) {
      const own = requireStateTensor(state.spec, name).shape;
      if (!sameShape(own, shape)) {
        throw new RangeError(`compile: state "${name}" expected ${formatShape(shape)}, got ${formatShape(own)}`);
      }
    }
    this.program = program;
    this.state = state;
  }

  async run(inputs: Readonly<Record<string, HostArray>>, options: RunOptions = {}): Promise<RunResult> {
    options.signal?.throwIfAborted();
    this.state.requireAlive();
    this.life.requireAlive();
    const batch = resolveBatch(this.program, inputs, options.batch);
    const { outputs, updates, committed } = interpret(this.program, { inputs, state: this.state.tensors, batch });
    if (committed) {
      for (const [name, value] of Object.entries(updates)) this.state.tensors[name] = Float32Array.from(value.data);
    }
    const { engine } = this.state;
    const run = ++engine.runs;
    const handles = Object.entries(outputs).map(([name, value]) => [name, handle(engine, run, value)] as const);
    return { committed, outputs: Object.fromEntries(handles) };
  }

  dispose(): void {
    this.life.end();
  }
}

function handle(engine: Life, run: number, value: NdArray): Handle {
  return {
    shape: value.shape,
    read: async () => {
      engine.requireAlive();
      if (run !== engine.runs) {
        throw new IsthmusError("ENGINE_STALE_HANDLE", "this result was replaced by a later run; read it before");
      }
      return Float32Array.from(value.data);
    },
  };
}
