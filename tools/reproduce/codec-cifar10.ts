import { cutTiles } from "@isthmus/compress";
import { type Dataset, take } from "@isthmus/data";
import { bdRate } from "@isthmus/math";
import { learnedCodec, transformStart } from "@isthmus/models";
import { lineChart } from "@isthmus/plot";
import { fitPca } from "../demo/pca.ts";
import {
  bitsAt,
  type CodecPoint,
  type LearnedPoint,
  measured,
  measuredAlone,
  picturesOf,
  psnrOf,
  type TrainedCodec,
  trainedCodec,
  widened,
} from "./codec-runs.ts";
import type { Context, Made, PassLine, Reproduction, Row, Splits } from "./harness/reproduction.ts";
import { firstItems, forSeeds } from "./harness/training.ts";
import { avif, inMosaic, jpeg, oneByOne, type PictureCodec, sharedTablesJpeg, webp } from "./image-peers.ts";
import { linearCodec } from "./linear-codec.ts";

/** From the finest on: each network goes on from the one before. */
const LAMBDAS = [400, 200, 100, 50, 25];
const CHANNELS = [24, 96];
const LATENT = 192;
const BATCH = 16;
const FIRST_EPOCHS = 14;
const OTHER_EPOCHS = 9;
const FIRST_RATE = 1.5e-3;
const OTHER_RATE = 1e-3;
const VARIABLE_EPOCHS = 20;
/** Low: a batch has few items of each quality. */
const VARIABLE_RATE = 2e-4;
/** Of the separate models: the one that is nearest to all. */
const MIDDLE = 2;
/** Training images that transforms and tables are fitted on. */
const FITTED = 2000;
/** Sides of the blocks of principal components, pixels. */
const BLOCK = 8;

/** Of bits, of peers' at equal error: set before the run. */
const LINES: Readonly<Record<string, PassLine>> = {
  [jpeg.name]: { most: -0.3 },
  [sharedTablesJpeg.name]: { most: -0.3 },
  [webp.name]: { most: 0 },
};
const VARIABLE_LINE: PassLine = { most: 0.05 };
/** Of measured over estimated bits, each way. */
const MOST_DEVIATION = 0.01;

export const codecCifar10: Reproduction = {
  name: "codec-cifar10",
  what: "A learned lossy codec on CIFAR-10 against JPEG, WebP, AVIF and principal components of blocks, and one model for all rates beside one for each",
  minutes: 40,
  seeds: [1],
  run,
};

/** How files are counted: which bits of ours stand against which of a peer's. */
const WAYS = ["a file each", "a file each, headers left out", "one mosaic"] as const;
type Way = (typeof WAYS)[number];
type Curves = Readonly<Record<Way, readonly CodecPoint[]>>;

interface Learned {
  readonly points: readonly LearnedPoint[];
  readonly ways: Curves;
}

/** What one seed came to: a model for each rate, and one for all. */
interface Trained {
  readonly each: Learned;
  readonly one: Learned;
  readonly seconds: number;
}

async function run(context: Context): Promise<Made> {
  const data = await context.cifar10();
  const { test } = data;
  const bySeed = await forSeeds(context, (seed) => trainedFor(context, data, seed));
  const [peers, blocks] = [await peersOf(context, test), blockCodec(data)];
  const { each, one } = bySeed[0]!;
  const row = rowMaker(context, bySeed, test);
  return {
    rows: [
      ...WAYS.flatMap((way) => Object.entries(peers).map(([peer, ways]) => row.against(peer, way, ways[way]))),
      row.against(COMPONENTS, "one mosaic", blocks),
      ...row.variable(),
      row.deviation(),
      ...each.points.map((_, index) => row.bits(index)),
    ],
    protocol: {
      codec: `learned-codec: convolutions ${CHANNELS.join("-")}-${LATENT}, kernel 4, stride 2, GDN; the code an image of 4 x 4; decoder trained on rounded codes; begun as the principal components of blocks of ${BLOCK} x ${BLOCK} of ${FITTED} training images`,
      lambda: `bits for a unit of squared error, values 0 to 1: ${LAMBDAS.join(", ")}, each begun from the one before`,
      training: `the first ${data.train.items} training images, all; Adam, batch ${BATCH}, cosine from ${FIRST_RATE} to 0 in ${context.epochs(FIRST_EPOCHS)} epochs, then from ${OTHER_RATE} in ${context.epochs(OTHER_EPOCHS)} each`,
      variable: `one model, ${LAMBDAS.length} qualities of the same lambdas, bins' widths and gains learned for each, losses over the square root of lambda; begun from the one of lambda ${LAMBDAS[MIDDLE]}; cosine from ${VARIABLE_RATE} to 0 in ${context.epochs(VARIABLE_EPOCHS)} epochs`,
      measure: `${test.items} test images; file lengths; values back rounded to 8 bits; PSNR of the mean squared error of all images together`,
      ways: "a file each: an .isth stream of its own for each image beside a picture file of its own; headers left out: payload alone, of JPEG the scan without tables, of WebP the frame's data, of AVIF the box mdat; one mosaic: all images in one stream beside all images in one picture, headers included",
      peers: `sharp: JPEG 4:4:4 with the standard's Huffman tables ("${sharedTablesJpeg.name}"), with tables made for each file ("${jpeg.name}"); WebP at effort 6; AVIF 4:4:4 at effort 4`,
      components: `${BLOCK} x ${BLOCK} x 3 principal components of the training images, one step for all, the same quantiser, tables and rANS; all in one stream`,
      comparison:
        "BD-rate: a cubic of log rate in PSNR for each, over the PSNR that both have; of a peer the settings within ours, and the next on each side",
    },
    details: {
      separate: detailOf(each, test),
      variable: detailOf(one, test),
      peers: Object.fromEntries(Object.entries(peers).map(([peer, ways]) => [peer, curvesDetail(ways, test)])),
      components: curveDetail(blocks, test),
    },
    pictures: Object.fromEntries(
      WAYS.map((way, index) => [PICTURES[index]!, chart(way, { each, one, peers, blocks }, test)]),
    ),
  };
}

const PICTURES = ["files", "payloads", ""];
const COMPONENTS = "principal components of blocks";

async function trainedFor(context: Context, data: Splits, seed: number): Promise<Trained> {
  const separate = await separateCodecs(context, data, seed);
  const variable = await variableCodec(context, data, { seed, from: separate[MIDDLE]! });
  return {
    each: await learnedOf(context, separate, data.test),
    one: await learnedOf(context, [variable], data.test),
    seconds: [...separate, variable].reduce((sum, codec) => sum + codec.seconds, 0),
  };
}

function configOf(lambda: number): Parameters<typeof learnedCodec>[0] {
  const trunk = { kind: "conv", channels: CHANNELS, kernel: 4, stride: 2, hidden: [] } as const;
  return { trunk, latent: LATENT, lambda, gdn: true, decodes: "rounded" };
}

async function separateCodecs(context: Context, data: Splits, seed: number): Promise<TrainedCodec[]> {
  const codecs: TrainedCodec[] = [];
  for (const [index, lambda] of LAMBDAS.entries()) {
    const config = configOf(lambda);
    const before = codecs.at(-1);
    const training = { title: `lambda ${lambda}`, config, data, seed, batchSize: BATCH };
    const from = before
      ? { parameters: widened(before.parameters, Math.sqrt(lambda / LAMBDAS[index - 1]!)) }
      : { parameters: componentsStart(data, config, seed) };
    const [epochs, rate] = before ? [OTHER_EPOCHS, OTHER_RATE] : [FIRST_EPOCHS, FIRST_RATE];
    codecs.push(await trainedCodec(context, { ...training, epochs, rate, from }));
  }
  return codecs;
}

function componentsStart({ train }: Splits, config: ReturnType<typeof configOf>, seed: number) {
  const definition = learnedCodec({ inputShape: train.shape, ...config });
  return transformStart(definition, firstItems(train, FITTED), seed);
}

function variableCodec(
  context: Context,
  data: Splits,
  { seed, from }: { readonly seed: number; readonly from: TrainedCodec },
): Promise<TrainedCodec> {
  const [lambda, lambdaSpan] = [LAMBDAS[0]!, LAMBDAS[0]! / LAMBDAS.at(-1)!];
  const config = { ...configOf(lambda), qualities: LAMBDAS.length, lambdaSpan };
  const parameters = widened(from.parameters, Math.sqrt(lambda / LAMBDAS[MIDDLE]!));
  return trainedCodec(context, {
    ...{ title: "variable rate", config, data, seed, batchSize: BATCH },
    ...{ epochs: VARIABLE_EPOCHS, rate: VARIABLE_RATE, from: { parameters } },
  });
}

async function learnedOf(context: Context, codecs: readonly TrainedCodec[], test: Dataset): Promise<Learned> {
  const points: LearnedPoint[] = [];
  const alone: { readonly bits: number; readonly payloadBits: number }[] = [];
  for (const codec of codecs) {
    points.push(...(await measured(context, codec, test)));
    alone.push(...(await measuredAlone(context, codec, test)));
  }
  return {
    points,
    ways: {
      "a file each": points.map((point, i) => ({ ...point, bits: alone[i]!.bits })),
      "a file each, headers left out": points.map((point, i) => ({ ...point, bits: alone[i]!.payloadBits })),
      "one mosaic": points,
    },
  };
}

async function peersOf({ tell }: Context, test: Dataset): Promise<Record<string, Curves>> {
  const pictures = picturesOf(test);
  const peers: Record<string, Curves> = {};
  for (const codec of [sharedTablesJpeg, jpeg, webp, avif] satisfies PictureCodec[]) {
    tell(`${codec.name}: ${pictures.items} pictures at ${codec.qualities.length} settings`);
    const each = await oneByOne(codec, pictures);
    peers[codec.name] = {
      "a file each": each,
      "a file each, headers left out": each.map((point) => ({ ...point, bits: point.payloadBits })),
      "one mosaic": await inMosaic(codec, pictures),
    };
  }
  return peers;
}

/** Principal components of blocks, counted by image. */
function blockCodec({ train, test }: Splits): CodecPoint[] {
  const [fitted, coded] = [blocksOf(take(train, 0, FITTED)), blocksOf(test)];
  const blocks = coded.items / test.items;
  const points = linearCodec(fitPca(fitted, coded.shape[0]!), fitted, coded);
  return points.map(({ bits, squaredError: error }) => ({ bits: bits * blocks, squaredError: error * blocks }));
}

/** The blocks of pictures as items: the pictures one below the other, cut. */
function blocksOf(dataset: Dataset): Dataset {
  const [height, width, channels] = dataset.shape as readonly [number, number, number];
  const picture = { height: height * dataset.items, width, channels, values: firstItems(dataset, dataset.items) };
  const values = cutTiles(picture, [BLOCK, BLOCK, channels]);
  const numbers = BLOCK * BLOCK * channels;
  const { name, provenance } = dataset;
  return { name, items: values.length / numbers, shape: [numbers], values, scale: 1, provenance };
}

function rowMaker({ seeds }: Context, bySeed: readonly Trained[], test: Dataset) {
  const row = (what: string, valueOf: (made: Trained) => number, rest: Pick<Row, "convention" | "line">): Row => {
    const runs = bySeed.map((made, i) => ({ seed: seeds[i]!, value: valueOf(made), seconds: 0 }));
    return { what, unit: "", published: null, runs, ...rest };
  };
  const bd = (anchor: readonly CodecPoint[], learned: readonly CodecPoint[]): number =>
    bdRate(rateQuality(around(anchor, learned), test), rateQuality(learned, test));
  return {
    against: (peer: string, way: Way, points: readonly CodecPoint[]): Row =>
      row(`BD-rate against ${peer}, ${way}`, ({ each }) => bd(points, each.ways[way]), {
        convention: "a share of the peer's bits; negative: ours takes fewer",
        ...(LINES[peer] && { line: LINES[peer] }),
      }),
    variable: (): Row[] => [
      row(
        "BD-rate of one model for all rates against a model for each",
        ({ each, one }) => bd(each.points, one.points),
        {
          convention: `all images in one stream; a share of the separate models' bits; over the PSNR that both have, ${sharedRange(bySeed[0]!, test)}`,
          line: VARIABLE_LINE,
        },
      ),
      row(
        "one model for all rates: bits + lambda squared error over the separate models', the largest",
        ({ each, one }) =>
          Math.max(...each.points.map((point) => objectiveOf(sameLambda(one, point)) / objectiveOf(point))),
        { convention: `of ${LAMBDAS.length} lambdas, what was trained on` },
      ),
      row(
        "one model for all rates: bits over the separate models' at equal error, the largest",
        ({ each, one }) => Math.max(...one.points.map((point) => point.bits / bitsAt(each.points, point.squaredError))),
        { convention: `of ${LAMBDAS.length} qualities` },
      ),
    ],
    deviation: (): Row => {
      const worst = row(
        "measured bits against the prior's estimate: largest deviation",
        ({ each, one }) =>
          Math.max(...[...each.points, ...one.points].map(({ bits, estimate }) => Math.abs(bits / estimate - 1))),
        { convention: "all images in one stream with its header; a share", line: { most: MOST_DEVIATION } },
      );
      return { ...worst, runs: worst.runs.map((one, i) => ({ ...one, seconds: bySeed[i]!.seconds })) };
    },
    bits: (index: number): Row => {
      const point = bySeed[0]!.each.points[index]!;
      return row(`lambda ${point.lambda}: bits per image`, ({ each }) => each.points[index]!.bits, {
        convention: `all images in one stream with its header; at ${psnrOf(point, test).toFixed(2)} dB`,
      });
    },
  };
}

function objectiveOf({ bits, lambda, squaredError: error }: LearnedPoint): number {
  return bits + lambda * error;
}

/** Lambdas of qualities are float32. */
function sameLambda({ points }: Learned, { lambda }: LearnedPoint): LearnedPoint {
  return points.find((point) => Math.abs(point.lambda / lambda - 1) < 1e-6)!;
}

/** The decibels that a model for each rate and one for all both reach. */
function sharedRange({ each, one }: Trained, test: Dataset): string {
  const [some, others] = [each, one].map(({ points }) => points.map((point) => psnrOf(point, test)));
  const least = Math.max(Math.min(...some!), Math.min(...others!));
  const most = Math.min(Math.max(...some!), Math.max(...others!));
  return `${least.toFixed(1)} to ${most.toFixed(1)} of ${Math.min(...some!).toFixed(1)} to ${Math.max(...some!).toFixed(1)} dB`;
}

type Rates = Parameters<typeof bdRate>[0];

function rateQuality(points: readonly CodecPoint[], test: Dataset): Rates {
  return points.map((point) => ({ rate: point.bits, psnr: psnrOf(point, test) }));
}

/** Points within the errors that `others` have, and the next on each side. */
function around(points: readonly CodecPoint[], others: readonly CodecPoint[]): CodecPoint[] {
  const errors = others.map(({ squaredError: error }) => error);
  const [least, most] = [Math.min(...errors), Math.max(...errors)];
  const sorted = [...points].sort((a, b) => a.squaredError - b.squaredError);
  const from = sorted.findLastIndex(({ squaredError: error }) => error < least);
  const to = sorted.findIndex(({ squaredError: error }) => error > most);
  return sorted.slice(Math.max(0, from), to < 0 ? undefined : to + 1);
}

function curveDetail(points: readonly CodecPoint[], test: Dataset): { bits: number; psnr: number }[] {
  return points.map((point) => ({ bits: point.bits, psnr: psnrOf(point, test) }));
}

function curvesDetail(ways: Curves, test: Dataset): Record<string, { bits: number; psnr: number }[]> {
  return Object.fromEntries(WAYS.map((way) => [way, curveDetail(ways[way], test)]));
}

function detailOf({ points, ways }: Learned, test: Dataset) {
  return { points: points.map((point) => ({ ...point, psnr: psnrOf(point, test) })), ...curvesDetail(ways, test) };
}

interface Charted {
  readonly each: Learned;
  readonly one: Learned;
  readonly peers: Readonly<Record<string, Curves>>;
  readonly blocks: readonly CodecPoint[];
}

function chart(way: Way, { each, one, peers, blocks }: Charted, test: Dataset): string {
  const series = [
    { name: "learned, a model for each rate", points: each.ways[way] },
    { name: "learned, one model", points: one.ways[way] },
    ...Object.entries(peers).map(([name, ways]) => ({ name, points: ways[way] })),
    ...(way === "one mosaic" ? [{ name: COMPONENTS, points: blocks }] : []),
  ];
  return lineChart({
    title: `A learned codec on CIFAR-10: ${way}`,
    subtitle: `${test.items} test images of 32 x 32; further up and to the left is better`,
    x: { name: "bits per image", scale: "log" },
    y: { name: "PSNR, dB" },
    series: series.map(({ name, points }, colour) => ({
      ...{ name, colour },
      points: around(points, each.points)
        .map((point) => [point.bits, psnrOf(point, test)] as const)
        .sort(([a], [b]) => a - b),
    })),
  });
}
