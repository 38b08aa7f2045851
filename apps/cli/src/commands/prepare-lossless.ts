import { fitLossless, writeLosslessFile } from "@isthmus/compress";
import { batches, take } from "@isthmus/data";
import type { Command } from "commander";
import { grouped, type Report } from "../console.ts";
import { addPartOptions } from "../data-options.ts";
import { openSplit } from "../datasets.ts";
import { withEngine } from "../engines.ts";
import { encodedShape, openModel } from "../model-files.ts";
import { buildOption, outOption, type PartOptions, splitOption } from "../options.ts";
import { requireWritable, writeResult } from "../outputs.ts";
import { type Context, describeCommand, reporting } from "./command.ts";

interface PrepareOptions extends PartOptions {
  readonly build: string;
  readonly out: string;
}

/** Items that are enough to see what values are between. */
const ENOUGH = 1000;

export function prepareLosslessCommand(context: Context): Command {
  const command = describeCommand({
    name: "prepare-lossless",
    summary:
      "Make a coder for isthmus compress --lossless of a VAE: both networks in int8, and tables of integers. Give it data like those it was trained on.",
    notes: [
      "The model: a vae with --likelihood logistic-mixture, or for black and white pixels",
      "--likelihood bernoulli --binarize dynamic; dense layers with relu.",
    ],
    examples: ["isthmus prepare-lossless grey.safetensors --data mnist -o coder.safetensors"],
  }).argument("<model>", "model file");
  return addPartOptions(command, splitOption().default("train"))
    .addOption(buildOption())
    .addOption(outOption("the coder to write"))
    .action(reporting(context, (path: string, options: PrepareOptions) => prepare(context, path, options)));
}

async function prepare({ console }: Context, path: string, options: PrepareOptions): Promise<Report> {
  const model = await openModel(path);
  await requireWritable(options.out, [path]);
  const dataset = await openSplit(console, options, { ...model, shape: encodedShape(model) });
  const some = take(dataset, 0, Math.min(dataset.items, ENOUGH));
  const coding = await withEngine(options, (engine) => fitLossless(engine, model, batches(some, { batchSize: 250 })));
  const bytes = writeLosslessFile(coding);
  await writeResult(console, options.out, bytes);
  const json = { items: some.items, shape: coding.shape, bytes: bytes.length, out: options.out };
  const lines = [`coder for items of shape [${coding.shape.join(", ")}] -> ${json.out} (${grouped(json.bytes)} bytes)`];
  return { json, lines };
}
