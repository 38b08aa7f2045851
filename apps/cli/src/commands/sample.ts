import { UsageError } from "@isthmus/command-line/node";
import { type Dataset, type ImagesDescription, parseDescription, select } from "@isthmus/data";
import { loadImage, writeFileAtomic } from "@isthmus/data/node";
import type { Engine, Model } from "@isthmus/graph";
import type { Command } from "commander";
import { extname } from "node:path";
import type { Console, Report } from "../console.ts";
import { addPartOptions } from "../data-options.ts";
import { openSplit } from "../datasets.ts";
import { decodedWriter } from "../decoded.ts";
import { type EngineChoice, toRun, withEngine } from "../engines.ts";
import { imageItem } from "../image-file.ts";
import { likelihoodDraws } from "../likelihood-draws.ts";
import { definitionOf, modelConfig, openModel } from "../model-files.ts";
import { buildOption, engineOption, outOption, type PartOptions, seedOption, wholeNumber } from "../options.ts";
import { requireWritable } from "../outputs.ts";
import { requireItem } from "../plots/subject.ts";
import {
  classesOf,
  decodeCodes,
  isToldImage,
  isToldLabels,
  posteriorDraws,
  priorDraws,
  type PriorDraws,
  repeated,
  type Told,
  toldOf,
  valuesOf,
} from "../trained.ts";
import { type Context, describeCommand, reporting } from "./command.ts";

interface SampleOptions extends PartOptions {
  readonly count: number;
  readonly seed: number;
  readonly from?: string;
  readonly condition?: string;
  readonly label?: number;
  readonly draw?: boolean;
  readonly engine?: EngineChoice;
  readonly build: string;
  readonly out: string;
}

export function sampleCommand(context: Context): Command {
  const command = describeCommand({
    name: "sample",
    summary:
      "Decode draws from a model's prior, or with --from variations of one input, to a .png grid, .npy or .csv; each is the likelihood's mean, or with --draw a draw from it. A model that is told a part of an image draws what goes with that of --condition: the hidden half, or the larger image.",
    examples: [
      "isthmus sample m.safetensors -n 64 --seed 1 -o s.png",
      "isthmus sample m.safetensors --from 0 --draw -o variations.png",
      "isthmus sample inpaint.safetensors --condition torn.png -n 16 -o whole.png",
    ],
  })
    .argument("<model>", "model file")
    .option("-n, --count <n>", "how many", wholeNumber(1, 1_000_000), 64)
    .option("--from <input>", "draw from q(z|x) of this input: a picture, or the number of an item of the data")
    .option(
      "--condition <input>",
      "of a model that is told a part of an image: that of this .png, whole or the part alone, or of an item of the data",
    )
    .option("--label <class>", "of a conditional model: only this class", wholeNumber(0))
    .option("--draw", "draw from the likelihood p(x|z) in place of its mean")
    .addOption(seedOption());
  return addPartOptions(command)
    .addOption(engineOption())
    .addOption(buildOption())
    .addOption(outOption("s.png, s.npy, or s.csv"))
    .action(reporting(context, (path: string, options: SampleOptions) => sample(context, path, options)));
}

async function sample({ console }: Context, path: string, options: SampleOptions): Promise<Report> {
  const model = await openModel(path);
  const { inputShape: shape } = modelConfig(model);
  const { count, seed, out, from, condition, draw = false } = options;
  const write = decodedWriter(out, model, shape);
  requireKnownLabel(model, path, options);
  requireOwnCondition(model, path, options);
  await requireWritable(out, [path, ...[from, condition].flatMap((input) => input ?? [])]);
  const input = from === undefined ? undefined : await inputItem(console, from, options, model);
  const part = condition === undefined ? undefined : await conditionItem(console, condition, options, model);
  const drawn = async (engine: Engine) => {
    const codes = input
      ? await variations(engine, model, input, options)
      : await priorDraws(engine, model, { count, seed, path, ...(await toldFor(engine, model, part, options)) });
    const outputs = await decodeCodes(engine, model, codes);
    return draw ? likelihoodDraws(model, outputs, { items: count, seed }) : (outputs["reconstruction"] as Float32Array);
  };
  const values = await withEngine(options, drawn, toRun("the decoder", model.decoder, console));
  await writeFileAtomic(out, write(values, count));
  const what = input ? `variations of ${input.name}` : part ? `samples given a part of ${part.name}` : "samples";
  const json = {
    ...{ count, seed, ...(from !== undefined && { from }), ...(condition !== undefined && { condition }) },
    ...{ ...(draw && { draw }), out },
  };
  return { json, lines: [`${count} ${what}${draw ? ", drawn from the likelihood" : ""}, seed ${seed} -> ${out}`] };
}

function requireKnownLabel(model: Model, path: string, { label }: SampleOptions): void {
  if (label === undefined) return;
  if (isToldImage(model))
    throw new UsageError(`${path} is told a part of an image, not a label: --condition says which`);
  if (!isToldLabels(model))
    throw new UsageError(`--label goes with a conditional model only, ${path} is a ${model.kind}`);
  const classes = classesOf(model);
  if (classes !== undefined && label >= classes) {
    throw new UsageError(`--label expected 0 to ${classes - 1}, got ${label}`);
  }
}

function requireOwnCondition(model: Model, path: string, { condition, from }: SampleOptions): void {
  if (condition === undefined) return;
  if (!isToldImage(model)) {
    throw new UsageError(`--condition goes with a model that is told a part of an image, ${path} is not`);
  }
  if (from !== undefined) throw new UsageError("--condition goes without --from, which tells its own part");
}

/** The one item that variations are made of. */
async function inputItem(console: Console, from: string, options: SampleOptions, model: Model): Promise<Dataset> {
  const input = await openItem(console, { option: "--from", text: from }, options, model);
  const { label } = options;
  if (isToldLabels(model) && label === undefined && !input.labels) {
    throw new UsageError(`the model is told a label with each item: say it with --label`);
  }
  return label === undefined ? input : { ...input, labels: Int32Array.of(label) };
}

/** The image whose part a model is told, or that part. */
function conditionItem(console: Console, text: string, options: SampleOptions, model: Model): Promise<Dataset> {
  const { shape } = definitionOf(model).condition!;
  return openItem(console, { option: "--condition", text }, options, model, shape);
}

/**
 * An item of the data by its number, or a picture: any, read as they were, of a model of a folder of pictures; else, and
 * where other shapes go as well, a `.png` of one of these shapes.
 */
async function openItem(
  console: Console,
  { option, text }: { readonly option: string; readonly text: string },
  options: SampleOptions,
  model: Model,
  ...otherShapes: readonly (readonly number[])[]
): Promise<Dataset> {
  const { inputShape: shape } = modelConfig(model);
  if (/^\d+$/.test(text)) {
    const dataset = await openSplit(console, options, { ...model, shape });
    requireItem(option, Number(text), dataset);
    return select({ ...dataset, name: `item ${text} of ${dataset.name}` }, [Number(text)]);
  }
  const pictures = otherShapes.length === 0 ? picturesOf(model) : undefined;
  const endings = pictures ? [".png", ".jpg", ".jpeg", ".webp"] : [".png"];
  if (endings.includes(extname(text).toLowerCase())) {
    return pictures ? loadImage(text, pictures) : imageItem(text, shape, ...otherShapes);
  }
  const got = JSON.stringify(text);
  throw new UsageError(`${option} expected a ${endings.join(", ")} or the number of an item, got ${got}`);
}

/** The pictures of a folder that a model was trained on. */
function picturesOf({ data }: Model): ImagesDescription | undefined {
  const description = data && parseDescription(data);
  return description?.item.kind === "images" ? (description as ImagesDescription) : undefined;
}

/** What draws of the prior are told, where the user says it. */
async function toldFor(
  engine: Engine,
  model: Model,
  part: Dataset | undefined,
  { count, label }: SampleOptions,
): Promise<{ readonly told?: Told }> {
  if (label !== undefined) return { told: { label: new Int32Array(count).fill(label) } };
  if (!part) return {};
  const isWhole = String(part.shape) === String(modelConfig(model).inputShape);
  const told = isWhole ? await toldOf(engine, model, part) : { condition: valuesOf(part) };
  return { told: repeated(told, { items: 1, item: 0, count }) };
}

async function variations(
  engine: Engine,
  model: Model,
  input: Dataset,
  { count, seed }: SampleOptions,
): Promise<PriorDraws> {
  const values = await posteriorDraws(engine, model, select(input, new Int32Array(count)), seed);
  const told = repeated(await toldOf(engine, model, input), { items: 1, item: 0, count });
  return { items: count, values, told };
}
