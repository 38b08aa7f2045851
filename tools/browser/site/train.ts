import { syntheticDigits } from "@isthmus/data";
import type { Engine } from "@isthmus/graph";
import { vae } from "@isthmus/models";
import { createTfjsEngine } from "@isthmus/tfjs";
import { fit } from "@isthmus/train";
import { createWasmEngine, type Threads } from "@isthmus/wasm";

export const engineNames = ["wasm", "tfjs:wasm", "tfjs:webgpu", "tfjs:webgl", "tfjs:cpu"] as const;
export type EngineName = (typeof engineNames)[number];

/** What a place made of one seeded run. */
export interface Training {
  /** Of our own engine: how many threads there were, and why no more. */
  readonly threads?: Threads;
  readonly losses: readonly number[];
}

/** 200 steps of a small VAE on synthetic digits: the same code for every place and engine. */
export async function train(
  name: EngineName,
  onStep: (losses: readonly number[]) => void = () => {},
): Promise<Training> {
  const engine = await open(name);
  try {
    const losses: number[] = [];
    const onProgress = ({ loss }: { loss: number }) => {
      losses.push(loss);
      onStep(losses);
    };
    const data = syntheticDigits({ items: 1600, seed: 1 });
    await fit(
      vae({ trunk: { kind: "dense", hidden: [32] }, latent: 4 }),
      { train: data },
      { engine, epochs: 2, batchSize: 16, onProgress },
    );
    return { losses, ...("threads" in engine && { threads: engine.threads as Threads }) };
  } finally {
    engine.dispose();
  }
}

/** Only `simd128` gives the same bits on every machine. */
function open(name: EngineName): Promise<Engine> {
  if (name === "wasm") return createWasmEngine({ build: "simd128", threads: 2 });
  return createTfjsEngine({ backend: name.slice("tfjs:".length) as "wasm" | "webgpu" | "webgl" | "cpu" });
}
