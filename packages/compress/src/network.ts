import type { Engine, HostArray, Program, RunOptions, StoredTensor } from "@isthmus/graph";

/** A program with its parameters on an engine, ready to run. */
export interface Network {
  /** Runs once and copies every output out, row-major. */
  run(inputs: Readonly<Record<string, HostArray>>, options?: RunOptions): Promise<Record<string, Float32Array>>;
  dispose(): void;
}

/** Puts the parameters that `program` reads on `engine` and compiles it. The caller disposes of the network. */
export async function openNetwork(
  engine: Engine,
  program: Program,
  parameters: Readonly<Record<string, StoredTensor>>,
): Promise<Network> {
  const state = engine.createState(program.state);
  for (const name of Object.keys(program.state)) {
    const stored = parameters[name]?.data;
    if (!(stored instanceof Float32Array)) throw new RangeError(`"parameters" has no float32 tensor "${name}"`);
    await state.write(name, stored);
  }
  const executable = await engine.compile(program, state);
  return {
    run: async (inputs, options) => {
      const { outputs } = await executable.run(inputs, options);
      const entries = Object.entries(outputs).map(async ([name, handle]) => [name, await handle.read()] as const);
      return Object.fromEntries(await Promise.all(entries));
    },
    dispose: () => {
      executable.dispose();
      state.dispose();
    },
  };
}
