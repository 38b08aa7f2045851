import { type EngineName, selectEngine, type Selection } from "@isthmus/backend";
import { syntheticDigits } from "@isthmus/data";
import { vae } from "@isthmus/models";
import { fit } from "@isthmus/train";
import type { Threads } from "@isthmus/wasm";

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

const BATCH = 16;

/**
 * Steps of a small VAE on synthetic digits, all in one epoch: the same code for every place and engine. Only `simd128` gives the
 * same bits on every machine.
 */
export async function train(
  { engine: require, steps }: Task,
  onStep: (losses: readonly number[]) => void = () => {},
): Promise<Training> {
  const engine = await selectEngine({ require, wasm: { build: "simd128", threads: 2 }, store: false });
  try {
    const losses: number[] = [];
    const onProgress = ({ loss }: { loss: number }) => {
      losses.push(loss);
      onStep(losses);
    };
    const model = vae({ trunk: { kind: "dense", hidden: [32] }, latent: 4 });
    const data = syntheticDigits({ items: BATCH * steps, seed: 1 });
    await fit(model, { train: data }, { engine, epochs: 1, batchSize: BATCH, onProgress });
    return { selection: engine.selection, losses, ...("threads" in engine && { threads: engine.threads as Threads }) };
  } finally {
    engine.dispose();
  }
}
