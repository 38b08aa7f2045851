import { UsageError } from "@isthmus/command-line/node";
import { type Dataset, take } from "@isthmus/data";
import type { Engine, Model } from "@isthmus/graph";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Console, Report } from "../console.ts";
import { addPartOptions } from "../data-options.ts";
import { openSplit, type Reader } from "../datasets.ts";
import { type EngineChoice, toRun, withEngine } from "../engines.ts";
import { modelConfig, openModel } from "../model-files.ts";
import {
  buildOption,
  engineOption,
  numberBetween,
  outOption,
  type PartOptions,
  seedOption,
  wholeNumber,
} from "../options.ts";
import { requireWritable } from "../outputs.ts";
import { completions } from "../plots/completions.ts";
import { curves } from "../plots/curves.ts";
import { interpolation, sheet } from "../plots/interpolation.ts";
import { latentChart, latentPanels } from "../plots/latent.ts";
import { manifold } from "../plots/lattice.ts";
import { type Picture, requireChartEnding, requireItemsEnding, writeItems, writePicture } from "../plots/picture.ts";
import { rateDistortion } from "../plots/rate-distortion.ts";
import { reconstructions } from "../plots/reconstructions.ts";
import { samples } from "../plots/samples.ts";
import type { Subject } from "../plots/subject.ts";
import { traversals } from "../plots/traversals.ts";
import { commandGroup, type Context, describeCommand, reporting } from "./command.ts";

const EXAMPLES = [
  "isthmus plot reconstructions m.safetensors -o reconstructions.png",
  "isthmus plot latent m.safetensors -o latent.svg",
  "isthmus plot curves m.safetensors -o curves.png",
];

export function plotCommand(context: Context): Command {
  const kinds = KINDS.map((kind) => kindCommand(context, kind));
  return commandGroup({
    name: "plot",
    summary: "Pictures of a model: grids of images as .png (or their values as .npy or .csv), charts as .svg or .png.",
    usage: "<picture> <model> -o <file> [options]",
    examples: EXAMPLES,
    commands: [...kinds, latentCommand(context), rateDistortionCommand(context)],
  });
}

/** One kind of picture of one model. */
interface Kind<O = object> {
  readonly name: string;
  readonly summary: string;
  readonly example: string;
  readonly makes: Picture["kind"];
  /** Items it needs when no range is said; none at all without it. */
  readonly items?: number;
  addOptions(command: Command): Command;
  draw(subject: Subject, options: O, dataset: Dataset): Promise<Picture>;
}

interface PlotOptions extends PartOptions {
  readonly engine?: EngineChoice;
  readonly build: string;
  readonly out: string;
}

function kindCommand(context: Context, kind: Kind): Command {
  const { name, summary, example, makes, items } = kind;
  const command = describeCommand({ name, summary, examples: [`isthmus plot ${name} ${example}`] });
  command.argument("<model>", "model file");
  if (items !== undefined) addPartOptions(command);
  return kind
    .addOptions(command)
    .addOption(engineOption())
    .addOption(buildOption())
    .addOption(
      outOption(makes === "chart" ? `${name}.svg or .png` : `${name}.png, or .npy for the values, .csv of a table`),
    )
    .action(reporting(context, (path: string, options: PlotOptions) => plot(context, kind, path, options)));
}

async function plot({ console }: Context, kind: Kind, path: string, options: PlotOptions): Promise<Report> {
  const model = await openModel(path);
  const { inputShape: shape } = modelConfig(model);
  if (kind.makes === "items") await requireItemsEnding(options.out, model);
  else await requireChartEnding(options.out);
  await requireWritable(options.out, [path]);
  const dataset =
    kind.items === undefined ? NO_DATA : await openData(console, options, kind.items, { ...model, shape });
  const picture = await withEngine(
    options,
    (engine) => kind.draw({ path, model, engine, shape }, options, dataset),
    toRun("the decoder", model.decoder, console),
  );
  if (picture.kind === "items") await writeItems(options.out, picture, model);
  else await writePicture(options.out, picture);
  return pictureReport(kind.name, picture, options.out);
}

/** Stands for the data of pictures that need none. */
const NO_DATA = { name: "", items: 0, shape: [], values: new Uint8Array(), scale: 1, provenance: { source: "" } };

/** Those of `--range`, or the first `items`. */
async function openData(console: Console, options: PlotOptions, items: number, reader: Reader): Promise<Dataset> {
  const dataset = await openSplit(console, options, reader);
  return options.range === undefined ? take(dataset, 0, Math.min(items, dataset.items)) : dataset;
}

function pictureReport(name: string, { alt }: Picture, out: string): Report {
  return { json: { picture: name, shows: alt, out }, lines: [`${alt} -> ${out}`] };
}

/** `1,2`: numbers separated by commas, each of at least `least`. */
function numbers(count: number, least: number): (text: string) => number[] {
  return (text) => {
    const parts = text.split(",");
    if (parts.length !== count) throw new InvalidArgumentError(`expected ${count} numbers separated by commas.`);
    return parts.map(wholeNumber(least));
  };
}

const countOption = (count: number): Option =>
  new Option("-n, --count <n>", "how many").argParser(wholeNumber(1, 10_000)).default(count);
const stepsOption = (steps: number): Option =>
  new Option("--steps <n>", "images from end to end").argParser(wholeNumber(2, 100)).default(steps);
const sizeOption = (size: number): Option =>
  new Option("--size <n>", "rows and columns").argParser(wholeNumber(2, 100)).default(size);
const dimsOption = (): Option => new Option("--dims <i,j>", "these two latents, from 1").argParser(numbers(2, 1));
const itemOption = (name: string, what: string): Option =>
  new Option(`--${name} <item>`, what).argParser(wholeNumber(0));

/** Keeps the types of a kind's options with the kind. */
function kindOf<O>(kind: Kind<O>): Kind {
  return kind as unknown as Kind;
}

const KINDS: readonly Kind[] = [
  kindOf<Parameters<typeof reconstructions>[2]>({
    name: "reconstructions",
    summary: "Items, and below each what the model makes of its code.",
    example: "m.safetensors -n 20 -o reconstructions.png",
    makes: "items",
    items: Infinity,
    addOptions: (command) => command.addOption(countOption(20)),
    draw: (subject, options, dataset) => reconstructions(subject, dataset, options),
  }),
  kindOf<Parameters<typeof samples>[1]>({
    name: "samples",
    summary: "Draws from the prior, decoded; a model that is told labels draws each class in a column.",
    example: "m.safetensors -n 100 --seed 1 -o samples.png",
    makes: "items",
    addOptions: (command) => command.addOption(countOption(100)).addOption(seedOption()),
    draw: (subject, options) => samples(subject, options),
  }),
  kindOf<Parameters<typeof completions>[2]>({
    name: "completions",
    summary: "Items of a model that is told a part of an image: each, that part, and draws of the whole.",
    example: "inpaint.safetensors -n 8 --draws 6 -o completions.png",
    makes: "items",
    items: Infinity,
    addOptions: (command) =>
      command
        .addOption(countOption(8))
        .option("--draws <n>", "of each item", wholeNumber(1, 100), 6)
        .addOption(seedOption()),
    draw: (subject, options, dataset) => completions(subject, dataset, options),
  }),
  kindOf<Parameters<typeof manifold>[1]>({
    name: "manifold",
    summary: "The decoder over a plane of the prior: two latents at quantiles of N(0, 1), the others 0.",
    example: "m.safetensors --size 20 -o manifold.png",
    makes: "items",
    addOptions: (command) =>
      command
        .addOption(sizeOption(20))
        .addOption(dimsOption().default([1, 2], "1,2"))
        .option("--label <class>", "of a conditional model", wholeNumber(0), 0),
    draw: (subject, options) => manifold(subject, options),
  }),
  kindOf<{ readonly from: number; readonly to: number; readonly steps: number }>({
    name: "interpolation",
    summary: "From the code of one item to that of another: along a straight line, and along the arc.",
    example: "m.safetensors --from 0 --to 1 --steps 11 -o interpolation.png",
    makes: "items",
    items: Infinity,
    addOptions: (command) =>
      command
        .addOption(itemOption("from", "the first item").default(0))
        .addOption(itemOption("to", "the last item").default(1))
        .addOption(stepsOption(11)),
    draw: (subject, options, dataset) => interpolation(subject, dataset, { ...options, ways: ["linear", "spherical"] }),
  }),
  kindOf<Parameters<typeof sheet>[2]>({
    name: "sheet",
    summary: "Between the codes of four items at the corners.",
    example: "m.safetensors --corners 0,1,2,3 -o sheet.png",
    makes: "items",
    items: Infinity,
    addOptions: (command) =>
      command
        .addOption(
          new Option("--corners <items>", "upper left, upper right, lower left, lower right")
            .argParser(numbers(4, 0))
            .default([0, 1, 2, 3], "0,1,2,3"),
        )
        .addOption(sizeOption(9)),
    draw: (subject, options, dataset) => sheet(subject, dataset, options),
  }),
  kindOf<Parameters<typeof traversals>[2]>({
    name: "traversals",
    summary: "One latent after the other is moved, the most telling first; around 0, or around an item's code.",
    example: "m.safetensors --span 3 --steps 11 -o traversals.png",
    makes: "items",
    items: 1000,
    addOptions: (command) =>
      command
        .addOption(itemOption("from", "an item whose code is changed (default: the middle of the prior)"))
        .option("--span <x>", "standard deviations to either side", numberBetween(0.01, 100), 3)
        .option("--latents <n>", "how many, at most", wholeNumber(1, 100), 10)
        .addOption(stepsOption(11)),
    draw: (subject, options, dataset) => traversals(subject, dataset, options),
  }),
  kindOf<object>({
    name: "curves",
    summary: "Loss by epoch, with reconstruction and KL apart where there are both.",
    example: "m.safetensors -o curves.svg",
    makes: "chart",
    addOptions: (command) => command,
    draw: (subject) => curves(subject),
  }),
];

interface LatentCommandOptions extends PlotOptions {
  readonly dims?: readonly [number, number];
  readonly draw?: boolean;
  readonly seed: number;
}

const LATENT_ITEMS = 2000;

/** One model, or several in panels. */
function latentCommand(context: Context): Command {
  const command = describeCommand({
    name: "latent",
    summary:
      "The codes of 2,000 items, or of --range, coloured by label, with the rings of a prior N(0, I). Of more than two latents it shows the first two principal axes, or --dims. Several models stand side by side.",
    examples: [
      "isthmus plot latent m.safetensors -o latent.svg",
      "isthmus plot latent m.safetensors kl.safetensors --draw -o spaces.svg",
    ],
  }).argument("<models...>", "model files");
  return addPartOptions(command)
    .addOption(dimsOption())
    .option("--draw", "a draw of q(z|x) for each item in place of its mean")
    .addOption(seedOption())
    .addOption(engineOption())
    .addOption(buildOption())
    .addOption(outOption("latent.svg or .png"))
    .action(
      reporting(context, (paths: readonly string[], options: LatentCommandOptions) => latent(context, paths, options)),
    );
}

async function latent({ console }: Context, paths: readonly string[], options: LatentCommandOptions): Promise<Report> {
  const { out, dims, draw, seed } = options;
  await requireChartEnding(out);
  await requireWritable(out, paths);
  const models = await Promise.all(paths.map(async (path) => ({ path, model: await openModel(path) })));
  const [{ model: first }] = models as [(typeof models)[number]];
  requireSameData(models);
  const { inputShape: shape } = modelConfig(first);
  const dataset = await openData(console, options, LATENT_ITEMS, { ...first, shape });
  const how = { ...(dims && { dims }), ...(draw && { draws: { seed } }) };
  const chart = (engine: Engine) => {
    const subjects = models.map((one) => ({ ...one, engine, shape }));
    return subjects.length === 1 ? latentChart(subjects[0]!, dataset, how) : latentPanels(subjects, dataset, how);
  };
  const picture = await withEngine(options, chart, toRun("the encoder", models[0]!.model.encoder, console));
  await writePicture(out, picture);
  return pictureReport("latent", picture, out);
}

/** Models that are to be shown the same items read the same data in the same way. */
function requireSameData([first, ...others]: readonly { readonly path: string; readonly model: Model }[]): void {
  const read = ({ model }: typeof first & object): string =>
    JSON.stringify([modelConfig(model).inputShape, model.data]);
  const other = others.find((one) => read(one) !== read(first!));
  if (other) throw new UsageError(`${other.path} does not read the items that ${first!.path} reads`);
}

/** Several models in one chart. */
function rateDistortionCommand(context: Context): Command {
  return describeCommand({
    name: "rate-distortion",
    summary: "Rate against distortion on the test data, a point an epoch, one line a model.",
    examples: ["isthmus plot rate-distortion m.safetensors -o rate-distortion.svg"],
  })
    .argument("<models...>", "model files")
    .addOption(outOption("rate-distortion.svg or .png"))
    .action(
      reporting(context, async (paths: readonly string[], { out }: { readonly out: string }) => {
        await requireChartEnding(out);
        await requireWritable(out, paths);
        const models = await Promise.all(paths.map(async (path) => ({ path, model: await openModel(path) })));
        const picture = await rateDistortion(models);
        await writePicture(out, picture);
        return pictureReport("rate-distortion", picture, out);
      }),
    );
}
