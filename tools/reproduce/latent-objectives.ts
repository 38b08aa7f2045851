import { type Dataset, take } from "@isthmus/data";
import { splitSeed } from "@isthmus/math";
import { betaVae } from "@isthmus/models";
import { figure, scatterChart } from "@isthmus/plot";
import type { Context, Made, Reproduction, Row } from "./harness/reproduction.ts";
import { firstItems, type Trained } from "./harness/training.ts";
import { metricRow, ranOnce, termsOf, trainedForSeeds } from "./variational-runs.ts";

const TRAINING = { epochs: 5, batchSize: 128, learningRate: 1e-3 } as const;
const SHOWN_ITEMS = 2000;

/** What of the negative ELBO is minimised. */
const OBJECTIVES = [
  { title: "Reconstruction only", loss: { klWeight: 0 } },
  { title: "KL only", loss: { klWeight: 1, reconstruction: false } },
  { title: "Both", loss: { klWeight: 1 } },
] as const;

export const latentObjectives: Reproduction = {
  name: "latent-objectives",
  what: "Two latents of a VAE trained on reconstruction only, on the KL only, and on both",
  minutes: 4,
  run,
};

async function run(context: Context): Promise<Made> {
  const data = await context.mnist();
  const made: { title: string; runs: Trained[] }[] = [];
  for (const { title, loss } of OBJECTIVES) {
    const definition = betaVae({ latent: 2, ...loss });
    made.push({ title, runs: await trainedForSeeds(context, definition, data, title, TRAINING) });
  }
  const shown = take(data.test, 0, SHOWN_ITEMS);
  const panels: string[] = [];
  for (const { title, runs } of made) {
    panels.push(await panel(context, title, runs[0]!, shown, panels.length === made.length - 1));
  }
  return {
    rows: made.flatMap(({ title, runs }) => rowsOf(context, title, runs)),
    protocol: {
      network:
        "784-400-2, ReLU; kind beta-vae with klWeight 0, without reconstruction, with both; z drawn from q in training, whatever is minimised",
      optimiser: "Adam 0.001, batch 128, 5 epochs",
      picture: `one draw of q(z given x) for each of ${SHOWN_ITEMS} test images, seed ${context.seeds[0]}; rings: standard deviations of the prior`,
    },
    details: Object.fromEntries(made.map(({ title, runs }) => [title, termsOf(runs)])),
    pictures: { "": figure({ title: "Two latents by what was minimised", subtitle: SUBTITLE, panels }) },
  };
}

const SUBTITLE =
  "a draw of q(z|x) for each of 2,000 test images of MNIST, coloured by label; rings: standard deviations of the prior N(0, I)";

function rowsOf(context: Context, title: string, runs: readonly Trained[]): Row[] {
  const row = (metric: string, words: string) =>
    metricRow(context, runs, metric, { what: `${title}: ${words}`, published: null });
  return [row("reconstruction", "-log p(x given z)"), row("kl", "KL(q(z given x) to p(z))")];
}

async function panel(context: Context, title: string, model: Trained, shown: Dataset, last: boolean): Promise<string> {
  const noise = { seed: Int32Array.from(splitSeed(context.seeds[0]!)), step: Int32Array.of(0, 0) };
  const x = firstItems(shown, shown.items);
  const { z } = await ranOnce(context, model, model.definition.posterior!, { x, ...noise }, shown.items);
  return scatterChart({
    title,
    x: { name: "z1" },
    y: { name: "z2" },
    width: last ? 490 : 460,
    height: 460,
    points: Array.from({ length: shown.items }, (_, item) => [z![2 * item]!, z![2 * item + 1]!] as const),
    classes: shown.labels!,
    classNames: Array.from({ length: 10 }, (_, label) => String(label)),
    rings: [1, 2, 3].map((radius) => ({ radius, name: String(radius) })),
    legend: last,
    namesOnPoints: false,
  });
}
