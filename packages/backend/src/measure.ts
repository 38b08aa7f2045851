import { type Engine, initialise, type RunResult } from "@isthmus/graph";
import type { PreparedWorkload } from "./workload.ts";

/** How long one run takes, in milliseconds. */
export type Measure = (engine: Engine, workload: PreparedWorkload, signal?: AbortSignal) => Promise<number>;

/** Until a compiler and its caches have settled, and what is measured then. Milliseconds. */
const [WARM_UP, MEASURED] = [60, 240];

/**
 * The shortest of the runs of a quarter of a second, or the one run that takes longer: whatever else the machine does only adds.
 * A run is over when a result of it has arrived, so that a graphics card is not taken at its word.
 */
export async function measureEngine(
  engine: Engine,
  { program, inputs, batch }: PreparedWorkload,
  signal?: AbortSignal,
  now: () => number = () => performance.now(),
): Promise<number> {
  const state = engine.createState(program.state);
  try {
    for (const [name, values] of Object.entries(initialise(program.state, 1))) await state.write(name, values);
    const executable = await engine.compile(program, state);
    const options = { batch, ...(signal && { signal }) };
    const once = async () => arrived(await executable.run(inputs, options));
    await timesOf(once, WARM_UP, now);
    const times = await timesOf(once, MEASURED, now);
    executable.dispose();
    return Math.min(...times);
  } finally {
    state.dispose();
  }
}

async function timesOf(body: () => Promise<unknown>, budget: number, now: () => number): Promise<number[]> {
  const [times, begun] = [[] as number[], now()];
  do {
    const from = now();
    await body();
    times.push(now() - from);
  } while (now() - begun < budget);
  return times;
}

/** Waits for the smallest result. */
async function arrived({ outputs }: RunResult): Promise<unknown> {
  const [smallest] = Object.values(outputs).sort((a, b) => size(a.shape) - size(b.shape));
  return smallest?.read();
}

const size = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);
