import { UsageError } from "@isthmus/command-line/node";
import { type Dataset, take } from "@isthmus/data";
import { writeFileAtomic } from "@isthmus/data/node";
import { canonicalJson, elementCount, type Model, modelHashes } from "@isthmus/graph";
import type { Block, Page, Section } from "@isthmus/plot";
import { dataConvention } from "@isthmus/train";
import type { Command } from "commander";
import { basename, extname } from "node:path";
import { isLinkFile, openLink } from "../channel/link-files.ts";
import { linkLead, linkSections } from "../channel/link-report.ts";
import { readFilm } from "../channel/training-film.ts";
import { grouped, type Report } from "../console.ts";
import { addPartOptions } from "../data-options.ts";
import { openSplit } from "../datasets.ts";
import { withEngine } from "../engines.ts";
import { inOrder, metricWords } from "../metrics.ts";
import { modelConfig, openModel, parameterCount } from "../model-files.ts";
import { buildOption, outOption, type PartOptions, requireOnly, seedOption } from "../options.ts";
import { requireWritable } from "../outputs.ts";
import { isImageShape } from "@isthmus/plot/png";
import { completions } from "../plots/completions.ts";
import { curves } from "../plots/curves.ts";
import { hasHistory } from "../plots/history.ts";
import { interpolation } from "../plots/interpolation.ts";
import { latentChart } from "../plots/latent.ts";
import { latentsOf, manifold } from "../plots/lattice.ts";
import { drawn, type Picture } from "../plots/picture.ts";
import { reconstructions } from "../plots/reconstructions.ts";
import { samples } from "../plots/samples.ts";
import type { Subject } from "../plots/subject.ts";
import { traversals } from "../plots/traversals.ts";
import { hasStandardNormalPrior, isToldImage } from "../trained.ts";
import { type Context, describeCommand, reporting } from "./command.ts";

interface ReportOptions extends PartOptions {
  readonly seed: number;
  readonly animation?: string;
  readonly build: string;
  readonly out: string;
}

export function reportCommand(context: Context): Command {
  const command = describeCommand({
    name: "report",
    summary:
      "A model's page as one HTML file that needs nothing else: configuration, figures with their convention, curves, reconstructions, samples, latent space, traversals, provenance.",
    examples: ["isthmus report m.safetensors -o report.html"],
  }).argument("<model>", "model file");
  return addPartOptions(command)
    .addOption(seedOption())
    .option("--animation <file>", "of a learned link: the film that its training made, .svg, .apng or .png")
    .addOption(buildOption())
    .addOption(outOption("report.html"))
    .action(reporting(context, (path: string, options: ReportOptions) => report(context, path, options)));
}

/** Of the data, so many items at most are looked at. */
const ITEMS = 2000;

async function report(context: Context, path: string, options: ReportOptions): Promise<Report> {
  const { console } = context;
  const { out } = options;
  if (await isLinkFile(path)) return await linkReport(context, path, options);
  requireOnly(false, options, ["animation"], "learned links");
  const model = await openModel(path);
  const { inputShape: shape } = modelConfig(model);
  await requirePage(out, path);
  const dataset = await openSplit(console, options, { ...model, shape });
  const seen = take(dataset, 0, Math.min(ITEMS, dataset.items));
  const pictures = await withEngine(options, (engine) =>
    pictureSections({ path, model, engine, shape }, seen, options.seed),
  );
  const sections = [summary(model), figures(model), ...pictures, parameters(model), provenance(model)];
  const title = `${basename(path)}: ${model.kind}`;
  return await writePage(out, { title, lead: lead(model), sections: sections.flatMap((section) => section ?? []) });
}

async function requirePage(out: string, path: string): Promise<void> {
  if (![".html", ".htm"].includes(extname(out).toLowerCase())) {
    throw new UsageError(`--out expected a name ending in .html, got ${out}`);
  }
  await requireWritable(out, [path]);
}

async function writePage(out: string, content: Page): Promise<Report> {
  const { page } = await import("@isthmus/plot");
  const bytes = new TextEncoder().encode(page(content));
  await writeFileAtomic(out, bytes);
  const json = { sections: content.sections.map(({ title }) => title), bytes: bytes.length, out };
  return { json, lines: [`${json.sections.length} sections, ${grouped(bytes.length)} bytes -> ${out}`] };
}

/** The page of a learned link: what it reads is drawn, so that options of data mean nothing here. */
async function linkReport(context: Context, path: string, options: ReportOptions): Promise<Report> {
  const { out, seed, build, animation } = options;
  requireOnly(false, options, ["range", "delimiter", "stride", "imageSize", "factors"], "models of data");
  const link = await openLink(path);
  await requirePage(out, path);
  const { model } = link;
  const film = animation === undefined ? undefined : await readFilm(animation);
  const sections = [
    ...(await linkSections(context, link, { seed, build, ...(film && { film }) })),
    parameters(model),
    provenance(model),
  ];
  return await writePage(out, { title: `${basename(path)}: a learned link`, lead: linkLead(link), sections });
}

function lead(model: Model): string {
  const { inputShape, latent } = modelConfig(model);
  const { data, training } = model.provenance as Record<string, Record<string, unknown> | undefined>;
  const epochs = training?.["epochs"] === undefined ? "" : ` for ${String(training["epochs"])} epochs`;
  const trained = data
    ? `, trained${epochs} on ${grouped(Number(data["items"]))} items of ${String(data["name"])}`
    : "";
  return `${grouped(elementCount(inputShape))} features to ${grouped(latent)} latents and back${trained}.`;
}

function summary(model: Model): Section {
  const config = modelConfig(model);
  const { id } = modelHashes(model);
  const { engine } = model.provenance as Record<string, Record<string, unknown> | undefined>;
  const entries: [string, string][] = [
    ["kind", model.kind],
    ["shape of an item", config.inputShape.join(" x ")],
    ["latents", String(config.latent)],
    ["parameters", grouped(parameterCount(model))],
    ["likelihood", dataConvention(config, model.data)],
    ...Object.entries(model.config).flatMap(([name, value]): [string, string][] =>
      ["inputShape", "latent", "likelihood", "binarize"].includes(name) ? [] : [[name, shown(value)]],
    ),
    ...(engine ? [["engine", `${String(engine["name"])} (${String(engine["build"])})`] as [string, string]] : []),
    ["model id", Buffer.from(id).toString("hex")],
  ];
  return { title: "Summary", blocks: [{ kind: "table", head: ["what", "value"], rows: entries }] };
}

/** A configuration's value in a line. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(String).join("-") || "none";
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .toSorted(([one], [other]) => Number(other === "kind") - Number(one === "kind"))
    .map(([name, inner]) => (name === "kind" ? String(inner) : `${name} ${shown(inner)}`))
    .join(", ");
}

function figures(model: Model): Section | undefined {
  const { test } = model.metrics as Record<string, Record<string, number> | undefined>;
  if (!test) return undefined;
  const rows = inOrder(test).map(([name, value]) => {
    const { words, unit } = metricWords(name);
    return [words, value.toFixed(3), unit];
  });
  const convention = `Test set, mean over its items, measured at the end of training. Data convention: ${dataConvention(modelConfig(model), model.data)}.`;
  return {
    title: "Figures",
    blocks: [
      { kind: "table", head: ["figure", "value", "unit"], rows, numeric: [1] },
      { kind: "paragraph", text: convention },
    ],
  };
}

/** What can be seen of this model. */
async function pictureSections(subject: Subject, dataset: Dataset, seed: number): Promise<(Section | undefined)[]> {
  const { model, shape } = subject;
  const isImage = isImageShape(shape);
  const isTold = isToldImage(model);
  const drawsAlone = model.prior !== undefined && !isTold;
  // Lines of a panel are told apart by colour.
  const steps = isImage ? 11 : 5;
  const one = async (title: string, when: boolean, draw: () => Promise<Picture>, ...words: readonly string[]) =>
    when ? { title, blocks: [...words.map(paragraph), await pictureBlock(await draw())] } : undefined;
  const plane = isImage && !isTold && latentsOf(subject) === 2 && hasStandardNormalPrior(model);
  return [
    await one("Training", hasHistory(model), () => curves(subject)),
    await one("Reconstructions", true, () => reconstructions(subject, dataset, { count: isImage ? 20 : 6 })),
    await one(
      "Completions",
      isTold,
      () => completions(subject, dataset, { count: 8, draws: 6, seed }),
      `Seed ${seed}.`,
    ),
    await one("Samples", drawsAlone, () => samples(subject, { count: isImage ? 100 : 9, seed }), `Seed ${seed}.`),
    await one("Latent space", true, () => latentChart(subject, dataset, {})),
    await one("Plane of the prior", plane, () => manifold(subject, { size: 20, dims: [1, 2] }), PLANE),
    await one("Traversals", true, () => traversals(subject, dataset, { span: 3, steps, latents: 10 }), TRAVERSALS),
    await one("Interpolation", dataset.items > 1, () =>
      interpolation(subject, dataset, { from: 0, to: 1, steps, ways: ["linear", "spherical"] }),
    ),
  ];
}

const PLANE = "Each image stands for as much of the prior as any other: the latents are quantiles of N(0, 1).";
const TRAVERSALS =
  "One latent is moved at a time, the others stay in the middle; the unit is a standard deviation. The latent whose codes vary most comes first.";

function paragraph(text: string): Block {
  return { kind: "paragraph", text };
}

async function pictureBlock(picture: Picture): Promise<Block> {
  const { alt } = picture;
  return {
    kind: "picture",
    picture: await drawn(picture),
    alt,
    caption: `${alt.charAt(0).toUpperCase()}${alt.slice(1)}.`,
  };
}

function parameters(model: Model): Section {
  const tensors = Object.entries(model.parameters);
  const rows = tensors.map(([name, { shape, data }]) => [name, shape.join(" x "), grouped(data.length)]);
  const total = ["all", "", grouped(parameterCount(model))];
  return {
    title: "Parameters",
    blocks: [{ kind: "table", head: ["tensor", "shape", "numbers"], rows: [...rows, total], numeric: [2] }],
  };
}

function provenance(model: Model): Section {
  const { encoder, tables, decoder, prior } = modelHashes(model);
  const hashes = { encoder, tables, decoder, ...(prior !== undefined && { prior }) };
  const json = (value: object) => JSON.stringify(JSON.parse(canonicalJson(value as never)), null, 2);
  return {
    title: "Provenance",
    blocks: [
      { kind: "details", summary: "Data, engine and training", text: json(model.provenance) },
      { kind: "details", summary: "Configuration", text: json(model.config) },
      { kind: "details", summary: "SHA-256 of the parts", text: json(hashes) },
    ],
  };
}
