import type { Engine, EngineState, Executable, HostArray, Program, RunResult, StoredTensor } from "@isthmus/graph";

/** Trained tensors by name. */
export type Parameters = Readonly<Record<string, StoredTensor>>;

/** @throws TypeError unless `parameters` has the float32 tensor. */
export function trainedTensor(parameters: Parameters, name: string): Float32Array {
  const tensor = parameters[name];
  if (tensor?.data instanceof Float32Array) return tensor.data;
  throw new TypeError(
    `"parameters" expected a float32 tensor "${name}", got ${tensor?.data.constructor.name ?? "none"}`,
  );
}

/** A program with what it has learned, on an engine. */
export class LearnedProgram {
  private readonly program: Program;
  private readonly state: EngineState;
  private readonly executable: Executable;

  /** @throws TypeError for parameters that are not the program's. */
  static async create(engine: Engine, program: Program, parameters: Parameters): Promise<LearnedProgram> {
    const tensors = Object.keys(program.state).map((name) => [name, trainedTensor(parameters, name)] as const);
    const state = engine.createState(program.state);
    for (const [name, values] of tensors) await state.write(name, values);
    return new LearnedProgram(program, state, await engine.compile(program, state));
  }

  private constructor(program: Program, state: EngineState, executable: Executable) {
    [this.program, this.state, this.executable] = [program, state, executable];
  }

  /** Those of `inputs` that the program names. */
  run(inputs: Readonly<Record<string, HostArray>>): Promise<RunResult> {
    return this.executable.run(
      Object.fromEntries(Object.entries(inputs).filter(([name]) => Object.hasOwn(this.program.inputs, name))),
    );
  }

  dispose(): void {
    this.executable.dispose();
    this.state.dispose();
  }
}
