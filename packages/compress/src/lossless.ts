import { type BitsBackModel, type BitsBackTables, GRID, makeBitsBackTables } from "@isthmus/codec";
import { calibrate, lowerNetwork, type Network as FloatNetwork, quantiseNetwork } from "@isthmus/deploy";
import { type IntegerPlan, loadExecutor, type LoadExecutorOptions } from "@isthmus/edge";
import type { Engine, Model, Program } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import { normalQuantile } from "@isthmus/math/plain";
import { type BaseConfig, type Likelihood, logisticScale, startLocation } from "@isthmus/models";
import type { Batches } from "./latents.ts";
import { openNetwork } from "./network.ts";

/** What lossless coding needs of a model: everything in integers, the same on every machine. */
export interface LosslessCoding {
  /** Of an item, [height, width, channels]. */
  readonly shape: readonly number[];
  readonly tables: BitsBackTables;
  /** Pixels to their posterior, and latents to what the likelihood is made of. */
  readonly posterior: IntegerPlan;
  readonly likelihood: IntegerPlan;
}

/** The part of a model that lossless coding is made of. */
export type LosslessModel = Pick<Model, "encoder" | "decoder" | "parameters" | "config">;

/**
 * Makes a VAE ready for lossless coding: both networks in int8, and the tables of integers that code latents and pixels.
 * Done once; floats do not decide a bit after it.
 *
 * @param batches a few hundred training items or more, values in [0, 1]
 * @throws IsthmusError `MODEL_LOSSLESS` for a model that has no posterior, or a likelihood that is not of 256 levels or of
 *   zeros and ones; `DEPLOY_OPERATION` for layers that have no form in integers, by name
 */
export async function fitLossless(engine: Engine, model: LosslessModel, batches: Batches): Promise<LosslessCoding> {
  const { inputShape: shape, likelihood } = model.config as unknown as BaseConfig;
  const heads = headsOf(likelihood);
  if (!model.encoder.outputs["mu"] || !model.encoder.outputs["logVar"]) {
    throw unfit("its encoder has no posterior of mu and logVar");
  }
  const items = Array.from(batches, ({ values, size }) => values.slice(0, size * features(shape)));
  const encoder = { program: model.encoder, parameters: model.parameters };
  const posterior = await integers(engine, encoder, items, {
    outputs: { mu: { steps: [1 / GRID.mean] }, logVar: { steps: [1 / GRID.logVariance] } },
    input: { min: 0, max: 1 },
  });
  const { latents, deviations } = await drawnLatents(engine, model, items);
  const decoder = { program: withHeads(model.decoder, Object.keys(heads)), parameters: model.parameters };
  const plan = await integers(engine, decoder, [latents], { outputs: heads, input: LATENT_RANGE });
  const { scale: inputScale, zero: inputZero } = plan.input;
  const pixels = pixelsOf(likelihood);
  const tables = makeBitsBackTables({ seedBits: deviations.map(seedBits), inputScale, inputZero, pixels });
  return { shape, tables, posterior, likelihood: plan };
}

/** Latents are middles of bins of N(0, 1): the outer ones of 2^8 are at 2.9. The range is not even about 0 for a zero point that is not 0. */
const LATENT_RANGE = { min: -4, max: 3.9 };

/**
 * Bins about as wide as the posterior: a bin of 2^-b of the mass has a width of about 2^-b sqrt(2 pi) in the middle, where the
 * density is 1 / sqrt(2 pi), hence b = log2(sqrt(2 pi) / (sqrt(2 pi) sigma)), and the half is rounded up.
 */
function seedBits(deviation: number): number {
  return Math.min(Math.max(Math.round(0.5 - Math.log2(deviation)), 0), 8);
}

type Heads = Parameters<typeof quantiseNetwork>[1]["outputs"];

/** The decoder's layers that the likelihood's numbers come out of, in the order of the numbers, and the grid of each. */
function headsOf(likelihood: Likelihood): Heads {
  if (likelihood.kind === "bernoulli") return { "decoder.output": { steps: [1 / GRID.logit] } };
  if (likelihood.kind !== "logisticMixture" || likelihood.levels !== 256) {
    throw unfit(
      "its likelihood is neither Bernoulli nor a mixture of logistics of 256 levels (--likelihood logistic-mixture)",
    );
  }
  const { logistics } = likelihood;
  const each = <T>(from: number, head: (k: number) => T): T[] =>
    Array.from({ length: logistics - from }, (_, k) => head(k + from));
  const location = { steps: [1 / 255 / GRID.location] };
  return Object.fromEntries([
    ...each(0, (k) => {
      const name = k === 0 ? "decoder.output" : `decoder.loc${k}`;
      return [name, { ...location, offsets: [-startLocation(k, logistics)] }] as const;
    }),
    ...each(0, (k) => [`decoder.logScale${k}`, { steps: [1 / GRID.scale] }] as const),
    ...each(1, (k) => [`decoder.logShare${k}`, { steps: [1 / GRID.share] }] as const),
  ]);
}

function pixelsOf(likelihood: Likelihood): Parameters<typeof makeBitsBackTables>[0]["pixels"] {
  if (likelihood.kind !== "logisticMixture") return { kind: "bernoulli" };
  const scaleOf = (w: number): number => 255 * logisticScale(w, 256);
  return { kind: "logisticMixture", logistics: likelihood.logistics, scaleOf };
}

function unfit(why: string): IsthmusError {
  return new IsthmusError("MODEL_LOSSLESS", `the model cannot code without loss: ${why}`);
}

/** The program whose outputs are the sums of these layers, before what the model makes of them. */
function withHeads(program: Program, names: readonly string[]): Program {
  const { nodes } = program;
  const sumOf = (name: string): number => {
    const bias = nodes.find(({ op, attributes }) => op === "state" && attributes["name"] === `${name}.bias`);
    const sum = bias && nodes.find(({ op, inputs }) => op === "add" && inputs.includes(bias.id));
    if (sum) return sum.id;
    throw unfit(`its decoder has no layer ${name}`);
  };
  return { ...program, outputs: Object.fromEntries(names.map((name) => [name, sumOf(name)])) };
}

async function integers(
  engine: Engine,
  network: FloatNetwork,
  items: readonly Float32Array[],
  { outputs, input }: { readonly outputs: Heads; readonly input: { readonly min: number; readonly max: number } },
): Promise<IntegerPlan> {
  const found = await calibrate(network, { outputs: Object.keys(outputs), batches: items, engine });
  // The input's node comes first; its range is known and need not be seen.
  const [first] = found.keys();
  const ranges = new Map(found).set(first!, input);
  return lowerNetwork(quantiseNetwork(network, { ranges, outputs }));
}

/** A draw of each item's posterior, and each latent's standard deviation there in the geometric mean. */
async function drawnLatents(
  engine: Engine,
  { encoder, parameters }: LosslessModel,
  items: readonly Float32Array[],
): Promise<{ latents: Float32Array; deviations: Float64Array }> {
  const network = await openNetwork(engine, encoder, parameters);
  const parts: number[] = [];
  let logs = new Float64Array(0);
  try {
    for (const x of items) {
      const { mu, logVar } = await network.run({ x });
      const dims = (encoder.nodes[encoder.outputs["mu"]!]!.shape[1] ?? 0) as number;
      if (logs.length === 0) logs = new Float64Array(dims);
      mu!.forEach((mean, i) => {
        // Evenly spread over (0, 1) by the golden section: draws without a generator.
        const eps = normalQuantile(((parts.length + 1) * 0.6180339887498949) % 1);
        parts.push(mean + Math.exp(logVar![i]! / 2) * eps);
        logs[i % dims]! += logVar![i]! / 2;
      });
    }
  } finally {
    network.dispose();
  }
  const count = parts.length / logs.length;
  return { latents: Float32Array.from(parts), deviations: logs.map((sum) => Math.exp(sum / count)) };
}

function features(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/**
 * The coder of `@isthmus/codec`: the plans on the kernels that are fastest here, or those asked for. All leave the same bytes.
 *
 * @throws IsthmusError `WASM_NO_SIMD` where `wasm` is asked for and cannot be had
 */
export async function openLossless(
  { shape, tables, posterior, likelihood }: LosslessCoding,
  options: LoadExecutorOptions = {},
): Promise<BitsBackModel> {
  const [network, decoder] = [await loadExecutor(posterior, options), await loadExecutor(likelihood, options)];
  const pixels = features(shape);
  const white = new Uint8Array(pixels);
  const ofBits = (item: Int8Array | Uint8Array): Int32Array =>
    network.run(white.map((_, i) => (item[i] === 0 ? 0 : 255)));
  return {
    pixels,
    tables,
    likelihood: decoder,
    posterior: tables.pixels.kind === "bernoulli" ? { run: ofBits } : network,
  };
}
