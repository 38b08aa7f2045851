import {
  cutTiles,
  decodeItems,
  decodePictures,
  decodeStreamLatents,
  encodePicture,
  encodeStream,
  joinTiles,
  learnedCoding,
  type Picture,
  tileBatches,
  type TileShape,
} from "@isthmus/compress";
import { type Dataset, itemSize } from "@isthmus/data";
import type { Engine, Model } from "@isthmus/graph";
import { pngGrid } from "@isthmus/plot/png";
import { toModel } from "@isthmus/train";
import { partOf, squaredError, type TrainedCodec, trainedCodec } from "./codec-runs.ts";
import type { Context, Made, PassLine, Reproduction, Row, Splits } from "./harness/reproduction.ts";
import { firstItems, forSeeds, joined } from "./harness/training.ts";

const SIDE = 16;
/** Of convolutions before the one that gives the code: with two, no position of a tile's code is away from its edges. */
const TRUNKS: readonly (readonly number[])[] = [[24], [24, 32]];
const CODE = 24;
const LAMBDA = 300;
const EPOCHS = 5;
const RATE = 2e-3;
/** Pictures of four tiles each, the first of the test set. */
const ITEMS = 200;
const SHOWN = 8;
/** Of bits, as one over one by one. */
const MOST_BITS = 1.02;

export const codecSeams: Reproduction = {
  name: "codec-seams",
  what: "Pictures larger than a codec's items: tiles coded one by one, and by the same networks run over the picture as one",
  minutes: 4,
  seeds: [1],
  run,
};

/** One way to code pictures, on all of them. */
interface Way {
  readonly bitsPerPixel: number;
  /** dB, over all pixels, and over those that touch an edge between tiles. */
  readonly psnr: number;
  readonly edgePsnr: number;
  readonly pictures: readonly Float32Array[];
}

interface Compared {
  readonly name: string;
  readonly oneByOne: Way;
  readonly asOne: Way;
  readonly seconds: number;
}

async function run(context: Context): Promise<Made> {
  const data = partOf(await context.cifar10(), ITEMS);
  const made: (readonly Compared[])[] = [];
  for (const channels of TRUNKS) made.push(await forSeeds(context, (seed) => compared(context, data, channels, seed)));
  const shown = made.flatMap(([first]) => [...first!.oneByOne.pictures, ...first!.asOne.pictures]);
  return {
    rows: made.flatMap((one) => rowsOf(context, one)),
    protocol: {
      codec: `kind learned-codec on tiles of ${SIDE} x ${SIDE}: one convolution, of 24 channels, or two, of 24 and 32, and one that gives a code of ${CODE}, 4x4 filters at stride 2, GDN, lambda ${LAMBDA}`,
      optimiser: `Adam, cosine from ${RATE} to 0, batch 128, ${context.epochs(EPOCHS)} epochs over the quarters of ${data.train.items} pictures`,
      tiles:
        "with one convolution before it a tile's code is 4 x 4, of which the inner ones see no edge; with two it is 2 x 2, at the edges all of it, and networks run over a picture as one only when they are told to",
      measure: `the first ${ITEMS} test pictures, 32 x 32, four tiles each, a stream each with its header; PSNR of the mean squared error over all of them, of values rounded to 8 bits`,
    },
    pictures: {
      "": pngGrid(
        { shape: data.test.shape, values: joined(firstItems(data.test, SHOWN), ...shown) },
        {
          columns: SHOWN,
          rowLabels: ["original", ...TRUNKS.flatMap((_, i) => [`${i + 1}: one by one`, `${i + 1}: as one`])],
        },
      ),
    },
  };
}

async function compared(context: Context, data: Splits, channels: readonly number[], seed: number): Promise<Compared> {
  const trunk = { kind: "conv", channels, kernel: 4, hidden: [] } as const;
  const config = { trunk, latent: CODE, lambda: LAMBDA, gdn: true };
  const tiles = { train: inTiles(data.train), test: inTiles(data.test) };
  const name = channels.length === 1 ? "one convolution" : "two convolutions";
  const training = { title: name, config, data: tiles, seed, epochs: EPOCHS, batchSize: 128, rate: RATE };
  const codec = await trainedCodec(context, training);
  const model = await modelOf(context, codec);
  const { engine } = context;
  return {
    name,
    oneByOne: await wayOf(data.test, (picture) => oneByOne(engine, model, picture)),
    asOne: await wayOf(data.test, (picture) => asOne(engine, model, picture)),
    seconds: codec.seconds,
  };
}

async function modelOf({ engine }: Context, { definition, parameters }: TrainedCodec): Promise<Model> {
  const coding = await learnedCoding(engine, definition.quantisation!, parameters);
  return toModel(definition, { parameters }, { provenance: {}, metrics: {}, coding });
}

const tileShape: TileShape = [SIDE, SIDE, 3];

/** All tiles of all pictures as a set. */
function inTiles(pictures: Dataset): Dataset {
  const [height, width, channels] = pictures.shape as TileShape;
  const size = itemSize(pictures);
  const { items } = pictures;
  const values = new Uint8Array(items * size);
  for (let item = 0; item < items; item++) {
    const own = Float32Array.from(pictures.values.subarray(item * size, (item + 1) * size));
    values.set(cutTiles({ height, width, channels, values: own }, tileShape), item * size);
  }
  const count = (items * size) / (SIDE * SIDE * channels);
  return {
    name: "cifar10 tiles",
    items: count,
    shape: tileShape,
    values,
    scale: pictures.scale,
    provenance: pictures.provenance,
  };
}

interface Coded {
  readonly bytes: number;
  readonly values: Float32Array;
}

async function asOne(engine: Engine, model: Model, picture: Picture): Promise<Coded> {
  const bytes = await encodePicture(engine, model, picture, { seamless: true });
  const { value } = await decodePictures(engine, model, decodeStreamLatents(model, bytes)).next();
  return { bytes: bytes.length, values: (value as Picture).values };
}

async function oneByOne(engine: Engine, model: Model, picture: Picture): Promise<Coded> {
  const { height, width, channels } = picture;
  const geometry = { height, width, channels };
  const bytes = await encodeStream(engine, model, tileBatches(picture, tileShape), { geometry });
  const tiles = await decodeItems(engine, model, decodeStreamLatents(model, bytes));
  return { bytes: bytes.length, values: joinTiles(tiles, geometry, tileShape).values };
}

async function wayOf(test: Dataset, code: (picture: Picture) => Promise<Coded>): Promise<Way> {
  const [height, width, channels] = test.shape as TileShape;
  const size = itemSize(test);
  const all = firstItems(test, test.items);
  const edges = Uint32Array.from({ length: size }, (_, i) => i).filter((i) => {
    const pixel = Math.floor(i / channels);
    return touchesEdge(pixel % width) || touchesEdge(Math.floor(pixel / width));
  });
  let [bytes, error, edgeError] = [0, 0, 0];
  const pictures: Float32Array[] = [];
  for (let item = 0; item < test.items; item++) {
    const values = all.slice(item * size, (item + 1) * size);
    const coded = await code({ height, width, channels, values });
    bytes += coded.bytes;
    error += squaredError(values, coded.values) / test.items / size;
    const at = (source: Float32Array): Float32Array => Float32Array.from(edges, (i) => source[i]!);
    edgeError += squaredError(at(values), at(coded.values)) / test.items / edges.length;
    if (item < SHOWN) pictures.push(coded.values);
  }
  return {
    bitsPerPixel: (8 * bytes) / test.items / height / width,
    psnr: -10 * Math.log10(error),
    edgePsnr: -10 * Math.log10(edgeError),
    pictures,
  };
}

/** Of the rows or columns of 32 pixels, those on either side of the middle. */
function touchesEdge(at: number): boolean {
  return at === SIDE - 1 || at === SIDE;
}

function rowsOf({ seeds }: Context, made: readonly Compared[]): Row[] {
  const row = (what: string, unit: string, value: (one: Compared) => number, line?: PassLine): Row => ({
    ...{
      what: `${made[0]!.name}, ${what}`,
      unit,
      convention: `${ITEMS} pictures of four tiles`,
      published: null,
      ...(line && { line }),
    },
    runs: seeds.map((seed, i) => ({ seed, value: value(made[i]!), seconds: 0 })),
  });
  const gain = row("as one: PSNR above that of tiles one by one", "dB", (one) => one.asOne.psnr - one.oneByOne.psnr, {
    least: 0,
  });
  return [
    { ...gain, runs: gain.runs.map((one, i) => ({ ...one, seconds: made[i]!.seconds })) },
    row(
      "as one: bits over those of tiles one by one",
      "",
      (one) => one.asOne.bitsPerPixel / one.oneByOne.bitsPerPixel,
      {
        most: MOST_BITS,
      },
    ),
    row("as one: bits per pixel", "", (one) => one.asOne.bitsPerPixel),
    row("as one: PSNR", "dB", (one) => one.asOne.psnr),
    row("as one: PSNR beside the edges", "dB", (one) => one.asOne.edgePsnr),
    row("one by one: PSNR", "dB", (one) => one.oneByOne.psnr),
    row("one by one: PSNR beside the edges", "dB", (one) => one.oneByOne.edgePsnr),
  ];
}
