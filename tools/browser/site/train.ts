import { type EngineName, selectEngine, type Selection } from "@isthmus/backend";
import type { Threads } from "@isthmus/wasm";
import { lossesOf } from "./losses.ts";

/** What to train on, and how long. */
export interface Task {
  readonly engine: EngineName;
  readonly steps: number;
}

/** What a place made of one seeded run. */
export interface Training {
  readonly selection: Selection;
  /** Of our own engine: how many threads there were, and why no more. */
  readonly threads?: Threads;
  readonly losses: readonly number[];
}

/** A training on an engine by its name. Of our own builds only `simd128` gives the same bits on every machine. */
export async function train(
  { engine: require, steps }: Task,
  onStep?: (losses: readonly number[]) => void,
): Promise<Training> {
  const engine = await selectEngine({ require, wasm: { build: "simd128", threads: 2 }, store: false });
  try {
    const losses = await lossesOf(engine, steps, onStep);
    return { selection: engine.selection, losses, ...("threads" in engine && { threads: engine.threads as Threads }) };
  } finally {
    engine.dispose();
  }
}
