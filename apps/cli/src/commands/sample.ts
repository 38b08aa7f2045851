import { type Dataset, type ImagesDescription, parseDescription } from "@isthmus/data";
import { loadImage, writeFileAtomic } from "@isthmus/data/node";
import type { Engine, Model } from "@isthmus/graph";
import type { Command } from "commander";
import { extname } from "node:path";
import type { Console, Report } from "../console.ts";
import { addPartOptions } from "../data-options.ts";
import { openSplit, type Reader } from "../datasets.ts";
import { decodedWriter } from "../decoded.ts";
import { withEngine } from "../engines.ts";
import { UsageError } from "../errors.ts";
import { imageItem } from "../image-file.ts";
import { likelihoodDraws } from "../likelihood-draws.ts";
import { modelConfig, openModel } from "../model-files.ts";
import { buildOption, outOption, type PartOptions, seedOption, wholeNumber } from "../options.ts";
import { requireWritable } from "../outputs.ts";
import { pick, requireItem } from "../plots/subject.ts";
import { classesOf, decodeCodes, isConditional, posteriorDraws, priorDraws, type PriorDraws } from "../trained.ts";
import { type Context, describeCommand, reporting } from "./command.ts";
import { requireShape } from "./encode.ts";

interface SampleOptions extends PartOptions {
  readonly count: number;
  readonly seed: number;
  readonly from?: string;
  readonly label?: number;
  readonly draw?: boolean;
  readonly build: string;
  readonly out: string;
}

export function sampleCommand(context: Context): Command {
  const command = describeCommand({
    name: "sample",
    summary:
      "Decode draws from a model's prior, or with --from variations of one input, to a .png grid, .npy or .csv; each is the likelihood's mean, or with --draw a draw from it.",
    examples: [
      "isthmus sample m.safetensors -n 64 --seed 1 -o s.png",
      "isthmus sample m.safetensors --from 0 --draw -o variations.png",
    ],
  })
    .argument("<model>", "model file")
    .option("-n, --count <n>", "how many", wholeNumber(1, 1_000_000), 64)
    .option("--from <input>", "draw from q(z|x) of this input: a picture, or the number of an item of the data")
    .option("--label <class>", "of a conditional model: only this class", wholeNumber(0))
    .option("--draw", "draw from the likelihood p(x|z) in place of its mean")
    .addOption(seedOption());
  return addPartOptions(command)
    .addOption(buildOption())
    .addOption(outOption("s.png, s.npy, or s.csv"))
    .action(reporting(context, (path: string, options: SampleOptions) => sample(context, path, options)));
}

async function sample({ console }: Context, path: string, options: SampleOptions): Promise<Report> {
  const model = await openModel(path);
  const { inputShape: shape } = modelConfig(model);
  const { count, seed, out, from, draw = false } = options;
  const write = decodedWriter(out, model, shape);
  requireKnownLabel(model, path, options);
  await requireWritable(out, from === undefined ? [path] : [path, from]);
  const input = from === undefined ? undefined : await inputItem(console, from, options, model);
  const values = await withEngine(options, async (engine) => {
    const codes = await drawnCodes(engine, model, path, input, options);
    const outputs = await decodeCodes(engine, model, codes);
    return draw ? likelihoodDraws(model, outputs, { items: count, seed }) : (outputs["reconstruction"] as Float32Array);
  });
  await writeFileAtomic(out, write(values, count));
  const what = `${from === undefined ? "samples" : `variations of ${input!.name}`}${draw ? ", drawn from the likelihood" : ""}`;
  const json = { count, seed, ...(from !== undefined && { from }), ...(draw && { draw }), out };
  return { json, lines: [`${count} ${what}, seed ${seed} -> ${out}`] };
}

function requireKnownLabel(model: Model, path: string, { label }: SampleOptions): void {
  if (label === undefined) return;
  if (!isConditional(model))
    throw new UsageError(`--label goes with a conditional model only, ${path} is a ${model.kind}`);
  const classes = classesOf(model);
  if (classes !== undefined && label >= classes) {
    throw new UsageError(`--label expected 0 to ${classes - 1}, got ${label}`);
  }
}

/** The one item that variations are made of. */
async function inputItem(console: Console, from: string, options: SampleOptions, model: Model): Promise<Dataset> {
  const { inputShape: shape } = modelConfig(model);
  const item = /^\d+$/.test(from)
    ? pick(...(await itemOf(console, Number(from), options, { ...model, shape })))
    : undefined;
  if (item) requireShape(item, shape);
  const input = item ?? (await pictureItem(from, model, shape));
  const { label } = options;
  if (isConditional(model) && label === undefined && !input.labels) {
    throw new UsageError(`the model is told a label with each item: say it with --label`);
  }
  return label === undefined ? input : { ...input, labels: Int32Array.of(label) };
}

/** As the model reads the pictures of a folder, if it was trained on them; else a PNG of the size of its items. */
function pictureItem(from: string, { data }: Model, shape: readonly number[]): Promise<Dataset> {
  const description = data && parseDescription(data);
  const pictures = description?.item.kind === "images" ? (description as ImagesDescription) : undefined;
  const endings = pictures ? [".png", ".jpg", ".jpeg", ".webp"] : [".png"];
  if (!endings.includes(extname(from).toLowerCase())) {
    throw new UsageError(
      `--from expected a ${endings.join(", ")} or the number of an item, got ${JSON.stringify(from)}`,
    );
  }
  return pictures ? loadImage(from, pictures) : imageItem(from, shape);
}

async function itemOf(
  console: Console,
  item: number,
  options: SampleOptions,
  reader: Reader,
): Promise<[Dataset, number[]]> {
  const dataset = await openSplit(console, options, reader);
  requireItem("--from", item, dataset);
  return [{ ...dataset, name: `item ${item} of ${dataset.name}` }, [item]];
}

async function drawnCodes(
  engine: Engine,
  model: Model,
  path: string,
  input: Dataset | undefined,
  { count, seed, label }: SampleOptions,
): Promise<PriorDraws> {
  if (!input) return priorDraws(engine, model, { count, seed, path, ...(label !== undefined && { label }) });
  const values = await posteriorDraws(engine, model, pick(input, new Int32Array(count)), seed);
  const told = isConditional(model) && { labels: new Int32Array(count).fill(input.labels![0]!) };
  return { items: count, values, ...told };
}
