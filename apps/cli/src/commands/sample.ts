import { decodeItems, openNetwork } from "@isthmus/compress";
import { writeNpy } from "@isthmus/data";
import { writeFileAtomic } from "@isthmus/data/node";
import type { Engine, Model, Program } from "@isthmus/graph";
import { splitSeed } from "@isthmus/math";
import type { Command } from "commander";
import { extname } from "node:path";
import type { Report } from "../console.ts";
import { withEngine } from "../engines.ts";
import { UsageError } from "../errors.ts";
import { picture } from "../pictures.ts";
import { modelConfig, openModel } from "../model-files.ts";
import { buildOption, outOption, seedOption, wholeNumber } from "../options.ts";
import { requireWritable } from "../outputs.ts";
import { type Context, describeCommand, reporting } from "./command.ts";

interface SampleOptions {
  readonly count: number;
  readonly seed: number;
  readonly build: string;
  readonly out: string;
}

export function sampleCommand(context: Context): Command {
  return describeCommand({
    name: "sample",
    summary: "Decode draws from a VAE's prior N(0, I) to a .png grid or .npy; each is the likelihood's mean.",
    examples: ["isthmus sample m.safetensors -n 64 --seed 1 -o s.png"],
  })
    .argument("<model>", "model file of a VAE")
    .option("-n, --count <n>", "how many", wholeNumber(1, 1_000_000), 64)
    .addOption(seedOption())
    .addOption(buildOption())
    .addOption(outOption("s.png, or s.npy"))
    .action(reporting(context, (path: string, options: SampleOptions) => sample(path, options)));
}

async function sample(path: string, options: SampleOptions): Promise<Report> {
  const model = await openModel(path);
  const { prior } = model;
  if (!prior) {
    throw new UsageError(`${path} is of kind "${model.kind}", which has no prior to sample from; train a vae`);
  }
  const kind = extname(options.out).toLowerCase();
  if (kind !== ".png" && kind !== ".npy")
    throw new UsageError(`--out expected a name ending in .png or .npy, got ${options.out}`);
  await requireWritable(options.out);
  const { inputShape: shape, latent: dims } = modelConfig(model);
  const { count, seed, out } = options;
  const values = await withEngine(options, async (engine) => {
    const z = await priorDraws(engine, prior, model, options);
    return decodeItems(engine, model, { items: count, dims, values: z });
  });
  await writeFileAtomic(
    out,
    kind === ".png" ? picture({ shape, values }) : writeNpy({ shape: [count, ...shape], values }),
  );
  return { json: { count, seed, out }, lines: [`${count} samples, seed ${seed} -> ${out}`] };
}

/** Draws of the code, [count, latent]. */
async function priorDraws(
  engine: Engine,
  prior: Program,
  { parameters }: Model,
  { count, seed }: SampleOptions,
): Promise<Float32Array> {
  const network = await openNetwork(engine, prior, parameters);
  try {
    const noise = { seed: Int32Array.from(splitSeed(seed)), step: Int32Array.of(0, 0) };
    return (await network.run(noise, { batch: count }))["z"] as Float32Array;
  } finally {
    network.dispose();
  }
}
