import { syntheticDigits } from "@isthmus/data";
import type { Engine } from "@isthmus/graph";
import { vae } from "@isthmus/models";
import { fit } from "@isthmus/train";

const BATCH = 16;

/** The losses of `steps` steps of a small VAE on synthetic digits, all in one epoch: the same code for every place and engine. */
export async function lossesOf(
  engine: Engine,
  steps: number,
  onStep: (losses: readonly number[]) => void = () => {},
): Promise<readonly number[]> {
  const losses: number[] = [];
  const onProgress = ({ loss }: { loss: number }) => {
    losses.push(loss);
    onStep(losses);
  };
  const model = vae({ trunk: { kind: "dense", hidden: [32] }, latent: 4 });
  const data = syntheticDigits({ items: BATCH * steps, seed: 1 });
  await fit(model, { train: data }, { engine, epochs: 1, batchSize: BATCH, onProgress });
  return losses;
}
