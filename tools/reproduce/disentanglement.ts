import { type Dataset, type Sprites } from "@isthmus/data";
import {
  type Dci,
  dci,
  type MutualInformationGap,
  mutualInformationGap,
  ndArray,
  ndArrayOps,
  randomNormal,
  reparameterise,
} from "@isthmus/math";
import { betaVae } from "@isthmus/models";
import { barChart, figure } from "@isthmus/plot";
import { pngGrid } from "@isthmus/plot/png";
import { dataConvention } from "@isthmus/train";
import type { Context, Made, Reproduction, Row } from "./harness/reproduction.ts";
import { firstItems, joined, trained, type Trained } from "./harness/training.ts";
import { ranOnce } from "./variational-runs.ts";

/** Chosen on seeds 101 to 103, of which no figure is reported. */
const BETA = 8;
const HIDDEN = [256, 256];
const LATENT = 10;
const EPOCHS = 50;
const BATCH = 128;
const RATE = 1e-3;
/** Of a traversal. */
const SHOWN = { steps: 9, span: 2, latents: 6 };

export const disentanglementRows: Reproduction = {
  name: "disentanglement",
  what: `Disentanglement (MIG and DCI) of a VAE on sprites with its KL weighted by ${BETA}, above that of the VAE itself`,
  minutes: 20,
  seeds: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  run,
};

/** A training, measured. */
interface Measured {
  readonly model: Trained;
  readonly gap: MutualInformationGap;
  readonly scores: Dci;
  /** Standard deviation of each latent's means over the items. */
  readonly spread: Float64Array;
  readonly seconds: number;
}

/** Of one seed. */
interface Pair {
  readonly plain: Measured;
  readonly weighted: Measured;
}

async function run(context: Context): Promise<Made> {
  const sprites = context.sprites();
  const pairs: Pair[] = [];
  for (const seed of context.seeds) {
    const plain = await measured(context, sprites, 1, seed);
    pairs.push({ plain, weighted: await measured(context, sprites, BETA, seed) });
  }
  return {
    rows: rowsOf(context, pairs),
    protocol: {
      data: `all ${sprites.items} combinations of ${sprites.factors.names.map((name, k) => `${sprites.factors.counts[k]} of ${name}`).join(", ")}, 32 x 32; trained and measured on all of them`,
      network: `1024-${HIDDEN.join("-")}-${LATENT}, ReLU; kind beta-vae, klWeight 1 and ${BETA}`,
      optimiser: `Adam ${RATE}, batch ${BATCH}, ${context.epochs(EPOCHS)} epochs`,
      beta: `${BETA} was chosen on seeds 101 to 103, as was the training, before any of the seeds above was run`,
      definitions:
        "docs/disentanglement.md; MIG under q(z given x) with 100 intervals, DCI by forests of 10 trees with leaves of at least 5 items on one draw of q(z given x) for each item, a fifth of the items held out",
      picture: `the ${SHOWN.latents} latents whose means vary most, from -${SHOWN.span} to ${SHOWN.span} with the others at 0, seed ${context.seeds[0]}`,
    },
    details: Object.fromEntries(pairs.map((pair, i) => [`seed ${context.seeds[i]}`, detailsOf(sprites, pair)])),
    pictures: {
      "": chart(pairs, context.seeds),
      traversals: await traversals(context, sprites, pairs[0]!),
    },
  };
}

async function measured(context: Context, sprites: Sprites, beta: number, seed: number): Promise<Measured> {
  const began = performance.now();
  const trunk = { kind: "dense", hidden: HIDDEN } as const;
  const definition = betaVae({ inputShape: sprites.shape, trunk, latent: LATENT, klWeight: beta });
  const data = { train: sprites, test: sprites };
  const settings = { seed, epochs: context.epochs(EPOCHS), batchSize: BATCH, learningRate: RATE };
  const model = await trained(context, definition, data, { ...settings, title: `beta = ${beta}` });
  const q = await posteriors(context, model, sprites);
  const eps = new Float32Array(q.mu.data.length);
  randomNormal(eps, { seed, stream: "eps" });
  const codes = reparameterise(ndArrayOps, q, ndArray(q.mu.shape, Float64Array.from(eps)));
  return {
    model,
    gap: mutualInformationGap(q, sprites.factors),
    scores: dci(codes, sprites.factors, { key: { seed, stream: "dci" } }),
    spread: spreadOf(q.mu.data),
    seconds: (performance.now() - began) / 1000,
  };
}

async function posteriors(context: Context, model: Trained, dataset: Dataset) {
  const x = firstItems(dataset, dataset.items);
  const { mu, logVar } = await ranOnce(context, model, model.definition.encoder, { x }, dataset.items);
  const array = (values: Float32Array) => ndArray([dataset.items, LATENT], Float64Array.from(values));
  return { mu: array(mu!), logVar: array(logVar!) };
}

function spreadOf(means: Float64Array): Float64Array {
  return Float64Array.from({ length: LATENT }, (_, latent) => {
    const values = means.filter((_value, at) => at % LATENT === latent);
    const middle = values.reduce((sum, value) => sum + value, 0) / values.length;
    return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / values.length);
  });
}

/** What is compared: its name, its short name in the chart, and its value. */
const SCORES = [
  { name: "MIG", lined: true, of: ({ gap }: Measured) => gap.value },
  { name: "DCI disentanglement", lined: true, of: ({ scores }: Measured) => scores.disentanglement },
  { name: "DCI completeness", lined: false, of: ({ scores }: Measured) => scores.completeness },
  { name: "DCI informativeness", lined: false, of: ({ scores }: Measured) => scores.informativeness },
] as const;

function rowsOf({ seeds }: Context, pairs: readonly Pair[]): Row[] {
  const convention = dataConvention(pairs[0]!.plain.model.definition.config);
  const row = (what: string, valueOf: (pair: Pair) => number, rest: Partial<Row> = {}): Row => ({
    ...{ what, unit: "", convention: "from 0 to 1", published: null, ...rest },
    runs: pairs.map((pair, i) => ({ seed: seeds[i]!, value: valueOf(pair), seconds: 0 })),
  });
  const both = (what: string, valueOf: (one: Measured) => number, rest: Partial<Row> = {}): Row[] => [
    row(`beta = 1: ${what}`, ({ plain }) => valueOf(plain), rest),
    row(`beta = ${BETA}: ${what}`, ({ weighted }) => valueOf(weighted), rest),
  ];
  const [first, ...others] = SCORES.flatMap(({ name, lined, of }) => [
    ...both(name, of),
    ...(lined
      ? [
          row(`${name}: beta = ${BETA} less beta = 1`, ({ plain, weighted }) => of(weighted) - of(plain), {
            line: LINE,
          }),
        ]
      : []),
  ]);
  const runs = first!.runs.map((one, i) => ({ ...one, seconds: pairs[i]!.plain.seconds + pairs[i]!.weighted.seconds }));
  const nats = { unit: "nats per image", convention };
  return [
    { ...first!, what: `${first!.what}; seconds of both trainings`, runs },
    ...others,
    ...both("reconstruction, -log p(x given z)", ({ model }) => model.test["reconstruction"]!, nats),
    ...both("KL(q(z given x) to p(z))", ({ model }) => model.test["kl"]!, nats),
  ];
}

/** Above, in 8 seeds of 10. */
const LINE = { least: 0, share: 0.8 } as const;

function detailsOf({ factors }: Sprites, { plain, weighted }: Pair) {
  const of = ({ model, gap, scores, spread }: Measured) => ({
    test: { ...model.test },
    gaps: [...gap.gaps],
    information: [...gap.information.data],
    perFactorCompleteness: [...scores.perFactorCompleteness],
    perFactorInformativeness: [...scores.perFactorInformativeness],
    importances: [...scores.importances.data],
    spread: [...spread],
  });
  return { factors: [...factors.names], "beta = 1": of(plain), [`beta = ${BETA}`]: of(weighted) };
}

function chart(pairs: readonly Pair[], seeds: readonly number[]): string {
  const panels = SCORES.filter(({ lined }) => lined).map(({ name, of }) =>
    barChart({
      title: name,
      x: { name: "seed" },
      y: { name, min: 0 },
      categories: seeds.map(String),
      series: [
        { name: "beta = 1", values: pairs.map(({ plain }) => of(plain)) },
        { name: `beta = ${BETA}`, values: pairs.map(({ weighted }) => of(weighted)) },
      ],
    }),
  );
  return figure({ title: "Does every latent tell of one factor?", columns: 2, panels });
}

async function traversals(context: Context, { shape }: Dataset, { plain, weighted }: Pair): Promise<Uint8Array> {
  const parts: Float32Array[] = [];
  const rowLabels: string[] = [];
  const { steps, span, latents } = SHOWN;
  const offsets = Array.from({ length: steps }, (_, step) => span * ((2 * step) / (steps - 1) - 1));
  for (const [beta, { model, spread }] of [
    [1, plain],
    [BETA, weighted],
  ] as const) {
    const order = Array.from(spread, (_, latent) => latent).sort((a, b) => spread[b]! - spread[a]!);
    for (const latent of order.slice(0, latents)) {
      const z = new Float32Array(steps * LATENT);
      offsets.forEach((offset, step) => (z[step * LATENT + latent] = offset));
      parts.push((await ranOnce(context, model, model.definition.decoder, { z }, steps))["reconstruction"]!);
      rowLabels.push(`beta ${beta}, z${latent + 1}`);
    }
  }
  const columnLabels = offsets.map(String);
  return pngGrid({ shape, values: joined(...parts) }, { columns: steps, rowLabels, columnLabels });
}
