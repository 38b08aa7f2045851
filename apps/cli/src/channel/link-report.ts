/** The page of a learned link. */
import { type ChannelAutoencoderConfig, dimensions } from "@isthmus/channel";
import { modelHashes } from "@isthmus/graph";
import type { Block, Section } from "@isthmus/plot";
import type { Context } from "../commands/command.ts";
import { grouped } from "../console.ts";
import { parameterCount } from "../model-files.ts";
import { courseOf, hasHistory, historyOf } from "../plots/history.ts";
import { constellation, powerLines, projection, spectrum } from "../plots/links.ts";
import type { ChartPicture } from "../plots/picture.ts";
import { linkText, shannonLimitDb, usesText } from "./limits.ts";
import type { LinkFile } from "./link-files.ts";
import { openSimulationFile } from "./simulation-file.ts";
import { measuredLines } from "./measured.ts";
import { simulateAll, type SimulateOptions } from "./simulations.ts";
import { channelText } from "./surroundings.ts";
import { waterfall } from "./waterfall.ts";

interface PageOptions {
  readonly seed: number;
  readonly build: string;
  /** Of the training: a drawing that moves, or the bytes of a picture that does. */
  readonly film?: string | Uint8Array;
}

/** Some seconds: intervals of a tenth. */
const TARGET_ERRORS = 400;
const MOST_BLOCKS = 1e6;
/** Around the Eb/N0 of training, dB. */
const SPAN = [-3, -2, -1, 0, 1, 2, 3, 4] as const;
const CLOUD = 2000;

export function linkLead({ definition: { config } }: LinkFile): string {
  return (
    `${2 ** config.k} messages in ${usesText(config)} of a channel (${channelText(config.channel)}), ` +
    `learned end to end at Eb/N0 ${trainedAt(config)}.`
  );
}

export async function linkSections(context: Context, link: LinkFile, options: PageOptions): Promise<Section[]> {
  return [
    summary(link),
    ...(await training(link, options)),
    await errorRates(context, link, options),
    await signals(link, options),
    await distances(link),
  ];
}

function trainedAt({ trainEbNoDb: at }: ChannelAutoencoderConfig): string {
  return typeof at === "number" ? `${at} dB` : `${at.from} to ${at.to} dB`;
}

function middleOf({ trainEbNoDb: at }: ChannelAutoencoderConfig): number {
  return typeof at === "number" ? at : (at.from + at.to) / 2;
}

function summary({ model, definition: { config }, codebook }: LinkFile): Section {
  const { decoder, normalize, encoder, loss } = config;
  const rows: [string, string][] = [
    ["size", `${linkText(config)}: ${Number((config.k / config.n).toFixed(4))} bits a use`],
    ["Shannon limit", `${shannonLimitDb(config).toFixed(2)} dB`],
    ["channel", JSON.stringify(config.channel)],
    ["trained at Eb/N0", trainedAt(config)],
    ["normalised by", normalize.kind],
    ["transmitter", `${encoder}, hidden layers ${config.encoderHidden.join("-") || "none"}`],
    ["receiver", `hidden layers ${decoder.hidden.join("-") || "none"}, ${decoder.activation}, decides for ${loss}`],
    ["parameters", grouped(parameterCount(model))],
    ...powerLines(codebook).map(([what, value]): [string, string] => [what, value]),
    ["model id", Buffer.from(modelHashes(model).id).toString("hex")],
  ];
  return { title: "Summary", blocks: [{ kind: "table", head: ["what", "value"], rows }] };
}

async function training(link: LinkFile, { film }: PageOptions): Promise<Section[]> {
  const course = await informationChart(link);
  const alt = "The messages' points through training";
  const blocks = [
    ...(course ? [pictureBlock(course)] : []),
    ...(film === undefined ? [] : [{ kind: "picture", picture: film, alt, caption: `${alt}.` } as const]),
  ];
  return blocks.length === 0 ? [] : [{ title: "Training", blocks }];
}

async function informationChart({ model, path, definition: { config } }: LinkFile): Promise<ChartPicture | undefined> {
  if (!hasHistory(model)) return undefined;
  const { lineChart } = await import("@isthmus/plot");
  const points = courseOf(historyOf(model, path), "train", "information").map(
    ([epoch, bits]) => [100 * epoch, bits] as const,
  );
  if (points.length === 0) return undefined;
  const svg = lineChart({
    title: "Information through training",
    subtitle: "I(S;Y) is at least this, bits per message; means of 100 steps, each with new noise",
    x: { name: "step", whole: true },
    y: { name: "bits per message" },
    series: [{ name: "information", points }],
    references: [{ name: `all ${config.k} bits`, y: config.k }],
  });
  return { kind: "chart", svg, alt: "Information by step of training" };
}

async function errorRates(context: Context, link: LinkFile, { seed, build }: PageOptions): Promise<Section> {
  const { config } = link.definition;
  const baselines = config.channel.kind === "awgn" ? comparable(config) : [];
  const options: SimulateOptions = {
    ...{ ebno: SPAN.map((step) => middleOf(config) + step), baselines, targetErrors: TARGET_ERRORS },
    ...{
      maxBlocks: MOST_BLOCKS,
      confidence: 0.95,
      interval: "wilson",
      bound: true,
      seed,
      build,
      workers: 1,
    },
  };
  const measured = await simulateAll(context, link.path, options, await openSimulationFile(undefined));
  const svg = await waterfall(measured, options);
  const alt = `Block error rates of the link with its own receiver and with a maximum-likelihood receiver${baselines.length > 0 ? ", and of known codes" : ""}`;
  return {
    title: "Error rates",
    blocks: [
      pictureBlock({ kind: "chart", svg, alt }),
      { kind: "details", summary: `Counts, seed ${seed}`, text: measuredLines(measured).join("\n") },
    ],
  };
}

/** Known systems of the same size, and uncoded bits where no more of them are in a use. */
function comparable({ k, n, complex }: ChannelAutoencoderConfig): string[] {
  if (complex && n === 1) return k % 2 === 0 ? [`qam-${2 ** k}`] : [`psk-${2 ** k}`];
  if (k > dimensions({ k, n, complex })) return [];
  const codes: Readonly<Record<string, string>> = { "7,4": "hamming", "8,4": "extended-hamming" };
  const code = complex ? undefined : codes[`${n},${k}`];
  return [`uncoded-${k}`, ...(code === undefined ? [] : [code])];
}

async function signals(link: LinkFile, { seed, build }: PageOptions): Promise<Section> {
  const subject = { book: link.codebook, link };
  const cloud = { ebNoDb: middleOf(link.definition.config), blocks: CLOUD, seed };
  const columns = dimensions(link.codebook);
  if (columns > 2) return { title: "Signals", blocks: [pictureBlock(await projection(subject, cloud))] };
  const nearest = await constellation(subject, { ...cloud, regions: "maximum-likelihood", build });
  const isSeen = columns === 2 && link.definition.config.decoder.state === false;
  const own = isSeen ? [await constellation(subject, { ...cloud, regions: "network", build })] : [];
  return { title: "Signals", blocks: [nearest, ...own].map(pictureBlock) };
}

async function distances({ codebook }: LinkFile): Promise<Section> {
  return { title: "Distances", blocks: [pictureBlock(await spectrum([codebook]))] };
}

function pictureBlock({ svg, alt }: ChartPicture): Block {
  return { kind: "picture", picture: svg, alt, caption: `${alt.charAt(0).toUpperCase()}${alt.slice(1)}.` };
}
