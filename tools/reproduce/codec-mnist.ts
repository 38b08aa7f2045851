import { take } from "@isthmus/data";
import { lineChart, type LineSeries } from "@isthmus/plot";
import { fitPca } from "../demo/pca.ts";
import {
  bitsAt,
  type CodecPoint,
  type LearnedPoint,
  measured,
  partOf,
  picturesOf,
  type TrainedCodec,
  trainedCodec,
} from "./codec-runs.ts";
import type { Context, Made, Reproduction, Row, SeedRun, Splits } from "./harness/reproduction.ts";
import { avif, inMosaic, jpeg, oneByOne, type PeerPoint, type PictureCodec, webp } from "./image-peers.ts";
import { linearCodec } from "./linear-codec.ts";

/** From the finest on: each network goes on from the one before. */
const LAMBDAS = [64, 32, 16, 8, 4];
const CODE = 48;
const HIDDEN = 256;
const FIRST_EPOCHS = 7;
const OTHER_EPOCHS = 3;
const RATE = 2e-3;
/** The first of the test set. */
const ITEMS = 1000;
const COMPONENTS = 200;
/** Training images that the tables of principal components are fitted on. */
const TABLE_ITEMS = 10_000;
/** Of measured over estimated bits, each way. */
const MOST_DEVIATION = 0.01;

export const codecMnist: Reproduction = {
  name: "codec-mnist",
  what: "A learned lossy codec on MNIST against principal components with the same coder, JPEG, WebP and AVIF, in bits of whole files",
  minutes: 12,
  seeds: [1],
  run,
};

/** What a peer takes: as it is, without headers, and for all pictures in one. */
interface Peer {
  readonly name: string;
  readonly ways: Readonly<Record<string, readonly CodecPoint[]>>;
}

async function run(context: Context): Promise<Made> {
  const data = partOf(await context.mnist(), ITEMS);
  const bySeed: LearnedPoint[][] = [];
  let seconds = 0;
  for (const seed of context.seeds) {
    const codecs = await codecsOf(context, data, seed);
    seconds += codecs.reduce((sum, codec) => sum + codec.seconds, 0);
    const points: LearnedPoint[] = [];
    for (const codec of codecs) points.push(...(await measured(context, codec, data.test)));
    bySeed.push(points);
  }
  const peers = await peersOf(context, data);
  const learned = bySeed[0]!;
  return {
    rows: [
      deviationRow(context, bySeed, seconds),
      ...peers.flatMap((peer) => Object.entries(peer.ways).map((way) => ratioRow(context, bySeed, peer.name, way))),
      ...learned.map((_, i) => bitsRow(context, bySeed, i)),
    ],
    protocol: {
      codec: `kind learned-codec: 784-${HIDDEN}-${CODE}, GDN, sigmoid output; lambda ${LAMBDAS.join(", ")}, each begun from the one before`,
      optimiser: `Adam, cosine from ${RATE} to 0, batch 128, ${context.epochs(FIRST_EPOCHS)} epochs, then ${context.epochs(OTHER_EPOCHS)} each`,
      measure: `the first ${ITEMS} test images; ours: one .isth stream with its header, values back rounded to 8 bits; squared error of values from 0 to 1, summed over an image`,
      components: `${COMPONENTS} principal components of the training set, one step for all, the same quantiser, tables and rANS`,
      peers: "sharp: JPEG with Huffman tables of its own for each file, WebP at effort 6, AVIF at effort 4",
      comparison:
        "between a peer's settings log bits is a line in log error; where a peer cannot be as bad as asked, its coarsest setting counts",
    },
    details: {
      learned: learned.map((point) => ({ ...point })),
      peers: Object.fromEntries(
        peers.map(({ name, ways }) => [
          name,
          Object.fromEntries(Object.entries(ways).map(([way, points]) => [way, points.map((point) => ({ ...point }))])),
        ]),
      ),
    },
    pictures: { "": chart(learned, peers) },
  };
}

async function codecsOf(context: Context, data: Splits, seed: number): Promise<TrainedCodec[]> {
  const codecs: TrainedCodec[] = [];
  for (const lambda of LAMBDAS) {
    const from = codecs.at(-1);
    const config = {
      trunk: { kind: "dense", hidden: [HIDDEN] },
      latent: CODE,
      lambda,
      gdn: true,
      output: "sigmoid",
    } as const;
    const epochs = from ? OTHER_EPOCHS : FIRST_EPOCHS;
    codecs.push(
      await trainedCodec(context, {
        ...{ title: `lambda ${lambda}`, config, data, seed, epochs, batchSize: 128, rate: RATE },
        ...(from && { from }),
      }),
    );
  }
  return codecs;
}

async function peersOf({ tell }: Context, data: Splits): Promise<Peer[]> {
  const pictures = picturesOf(data.test);
  const peers: Peer[] = [
    {
      name: "PCA",
      ways: {
        "whole stream": linearCodec(fitPca(data.train, COMPONENTS), take(data.train, 0, TABLE_ITEMS), data.test),
      },
    },
  ];
  for (const codec of [jpeg, webp, avif] satisfies PictureCodec[]) {
    tell(`${codec.name}: ${pictures.items} pictures at ${codec.qualities.length} settings`);
    const each = await oneByOne(codec, pictures);
    const ways = {
      "a file each": each,
      "a file each, headers left out": each.map(withoutHeaders),
      "one mosaic": await inMosaic(codec, pictures),
    };
    peers.push({ name: codec.name, ways });
  }
  return peers;
}

function withoutHeaders(point: PeerPoint): PeerPoint {
  return { ...point, bits: point.payloadBits };
}

/** One figure for each seed, of its points. */
function seedRuns({ seeds }: Context, bySeed: readonly LearnedPoint[][], value: (points: LearnedPoint[]) => number) {
  return seeds.map((seed, i): SeedRun => ({ seed, value: value(bySeed[i]!), seconds: 0 }));
}

function deviationRow(context: Context, bySeed: readonly LearnedPoint[][], seconds: number): Row {
  const worst = (points: LearnedPoint[]): number =>
    Math.max(...points.map(({ bits, estimate }) => Math.abs(bits / estimate - 1)));
  return {
    what: "measured bits against the prior's estimate: largest deviation",
    unit: "",
    convention: `file length, header included, of ${ITEMS} images in one stream; a share, the largest of ${LAMBDAS.length} rates`,
    published: null,
    runs: seedRuns(context, bySeed, worst).map((one) => ({ ...one, seconds: seconds / context.seeds.length })),
    line: { most: MOST_DEVIATION },
  };
}

function ratioRow(
  context: Context,
  bySeed: readonly LearnedPoint[][],
  peer: string,
  [way, points]: readonly [string, readonly CodecPoint[]],
): Row {
  const worst = (learned: LearnedPoint[]): number =>
    Math.max(...learned.map(({ bits, squaredError: error }) => bits / bitsAt(points, error)));
  return {
    what: `bits over ${peer}'s at equal squared error, ${way}: largest of ${LAMBDAS.length} rates`,
    unit: "",
    convention: "ours with its header; below 1 ours takes fewer at every rate",
    published: null,
    runs: seedRuns(context, bySeed, worst),
    line: { most: 1 },
  };
}

function bitsRow(context: Context, bySeed: readonly LearnedPoint[][], index: number): Row {
  const { lambda, squaredError: error } = bySeed[0]![index]!;
  return {
    what: `lambda ${lambda}: bits per image`,
    unit: "",
    convention: `file length, header included; at a squared error of ${error.toFixed(2)} per image`,
    published: null,
    runs: seedRuns(context, bySeed, (points) => points[index]!.bits),
  };
}

function chart(learned: readonly CodecPoint[], peers: readonly Peer[]): string {
  const series = peers.flatMap(({ name, ways }, peer) =>
    Object.entries(ways)
      .map(([way, points]): LineSeries => ({
        name: Object.keys(ways).length === 1 ? name : `${name}, ${SHORT[way]}`,
        points: drawn(points),
        line: way === "one mosaic" ? "dashed" : "solid",
        colour: 1 + peer,
      }))
      .filter(({ name }) => !name.endsWith("files")),
  );
  return lineChart({
    title: "A learned codec on MNIST",
    subtitle: `the first ${ITEMS} test images, whole files of ours; further down and to the left is better`,
    x: { name: "bits per image", scale: "log" },
    y: { name: "squared error per image", scale: "log" },
    series: [{ name: "learned", points: drawn(learned), colour: 0 }, ...series],
  });
}

const SHORT: Readonly<Record<string, string>> = {
  "a file each": "files",
  "a file each, headers left out": "no headers",
  "one mosaic": "mosaic",
};

/** What the chart has room for. */
function drawn(points: readonly CodecPoint[]): (readonly [number, number])[] {
  const inside = points.filter(({ bits, squaredError: error }) => bits < 3000 && error > 0.3);
  return inside.map(({ bits, squaredError: error }) => [bits, error] as const).sort(([a], [b]) => a - b);
}
