import { encodeLossless, noteFields } from "@isthmus/codec";
import { UsageError } from "@isthmus/command-line/node";
import { cutTiles, type TileShape } from "@isthmus/compress";
import { type Dataset, itemSize } from "@isthmus/data";
import { loadImages } from "@isthmus/data/node";
import { type Command, Option } from "commander";
import { stat } from "node:fs/promises";
import { deflateSync } from "node:zlib";
import { grouped, type Report } from "../console.ts";
import { openSplit } from "../datasets.ts";
import { isBinary, openCoder, type OpenedCoder } from "../lossless-files.ts";
import { dataDirOption, isNamed, outOption, rangeOption, type Split, splitOfAll, wholeNumber } from "../options.ts";
import { requireWritable, writeResult } from "../outputs.ts";
import { ProgressLine, shareText } from "../progress.ts";
import { type Context, describeCommand, reporting } from "./command.ts";

interface CompressOptions {
  readonly lossless?: boolean;
  readonly model: string;
  readonly dataDir?: string;
  readonly split?: Split;
  readonly range?: string;
  readonly perFrame?: number;
  readonly latentBits?: number;
  readonly out: string;
}

export const coderOption = (): Option =>
  new Option("-m, --model <file>", "the coder, of isthmus prepare-lossless").makeOptionMandatory();

export function compressCommand(context: Context): Command {
  return describeCommand({
    name: "compress",
    summary:
      "Compress pictures without loss by bits-back coding: a folder of PNG, JPEG or WebP pictures of one size, a .npy or IDX file of bytes, mnist.",
    notes: [
      "Pictures of another size than the coder's are cut into tiles. What comes back are the pixels, 8 bits each:",
      "not the files, their names, transparency or what the camera wrote beside them. A folder is named like a file:",
      "  compress --lossless photos/ -m coder.safetensors -o photos.isth",
    ],
    examples: ["isthmus compress --lossless mnist --range 0:100 -m coder.safetensors -o digits.isth"],
  })
    .argument("<data>", "folder, file, or the name of a data set")
    .option("--lossless", "every pixel comes back as it was (isthmus encode is for the lossy way)")
    .addOption(coderOption())
    .addOption(dataDirOption())
    .addOption(splitOfAll())
    .addOption(rangeOption())
    .option("--per-frame <n>", "items in a frame, which can be decoded alone (default: all)", wholeNumber(1))
    .option("--latent-bits <n>", "how finely latents are chosen (default: by the items)", wholeNumber(1, 8))
    .addOption(outOption("the stream to write"))
    .action(reporting(context, (data: string, options: CompressOptions) => compress(context, data, options)));
}

async function compress({ console }: Context, data: string, options: CompressOptions): Promise<Report> {
  if (!options.lossless) throw new UsageError("compress needs --lossless; lossy streams are made by isthmus encode");
  const coder = await openCoder(options.model);
  await requireWritable(options.out, isNamed(data) ? [options.model] : [options.model, data]);
  const found = isNamed(data) ? undefined : await stat(data).catch(() => undefined);
  if (!found && !isNamed(data)) throw new UsageError(`there is no file, folder or data set ${data}`);
  const dataset = found?.isDirectory() ? await pictures(data, coder) : await items(console, data, options, coder);
  const progress = new ProgressLine(console);
  const encoded = (values: Uint8Array, done: number, ancillary: ReturnType<typeof noteFields>): Uint8Array =>
    encodeLossless(inLevels(values, coder, data), {
      ...coder,
      ancillary,
      ...(options.perFrame !== undefined && { itemsPerFrame: options.perFrame }),
      ...(options.latentBits !== undefined && { latentBits: options.latentBits }),
      onProgress: (more) => progress.show(() => shareText(Math.min((done + more) / dataset.items, 1))),
    });
  const streams = streamsOf(dataset, coder.file.shape as TileShape, encoded);
  progress.clear();
  const bytes = Buffer.concat(streams);
  await writeResult(console, options.out, bytes);
  return reportOf(dataset, bytes.length, options.out);
}

/** All items in one stream, or each picture's tiles in a stream of its own, with the picture's size. */
function streamsOf(
  dataset: Dataset,
  shape: TileShape,
  encoded: (values: Uint8Array, done: number, ancillary: ReturnType<typeof noteFields>) => Uint8Array,
): Uint8Array[] {
  const values = dataset.values as Uint8Array;
  if (String(dataset.shape) === String(shape)) return [encoded(values, 0, [])];
  const [height, width, channels] = dataset.shape as TileShape;
  const size = itemSize(dataset);
  return Array.from({ length: dataset.items }, (_, at) => {
    const picture = Float32Array.from(values.subarray(at * size, (at + 1) * size));
    const tiles = Uint8Array.from(cutTiles({ height, width, channels, values: picture }, shape));
    return encoded(tiles, at, noteFields({ geometry: { height, width, channels } }));
  });
}

/** Read in colour: a grey coder gets one channel of pictures that have the same in all three. */
async function pictures(folder: string, { file: { shape } }: OpenedCoder): Promise<Dataset> {
  const dataset = await loadImages(folder);
  const values = dataset.values as Uint8Array;
  if (shape.length !== 3) throw new UsageError(`the coder takes items of shape [${shape.join(", ")}], no pictures`);
  if (shape[2] === 3) return dataset;
  const grey = new Uint8Array(values.length / 3);
  for (let i = 0; i < grey.length; i++) {
    grey[i] = values[3 * i]!;
    if (values[3 * i + 1] !== grey[i] || values[3 * i + 2] !== grey[i]) {
      throw new UsageError(`${folder} has pictures in colour, which the coder, for grey ones, would lose`);
    }
  }
  const [height, width] = dataset.shape;
  return { ...dataset, shape: [height!, width!, 1], values: grey };
}

async function items(
  console: Context["console"],
  data: string,
  { split = isNamed(data) ? "test" : "all", range, dataDir }: CompressOptions,
  { file: { shape } }: OpenedCoder,
): Promise<Dataset> {
  const places = { ...(range !== undefined && { range }), ...(dataDir !== undefined && { dataDir }) };
  const dataset = await openSplit(console, { data, split, ...places }, { shape });
  if (dataset.values instanceof Uint8Array) return dataset;
  throw new UsageError(`${data} holds numbers, and lossless coding is of bytes (uint8)`);
}

/** Black and white as 0 and 1 where the coder is for them. */
function inLevels(values: Uint8Array, { file }: OpenedCoder, data: string): Uint8Array {
  if (!isBinary(file)) return values;
  const grey = values.find((value) => value !== 0 && value !== 255);
  if (grey !== undefined)
    throw new UsageError(`${data} has a pixel of ${grey}; the coder is for black, 0, and white, 255`);
  return values.map((value) => value & 1);
}

function reportOf(dataset: Dataset, bytes: number, out: string): Report {
  const values = dataset.values as Uint8Array;
  const deflated = deflateSync(values, { level: 9 }).length;
  const json = {
    items: dataset.items,
    bytes,
    bitsPerDim: (8 * bytes) / values.length,
    rawBytes: values.length,
    deflateBytes: deflated,
    out,
  };
  const share = (size: number): string =>
    `${grouped(size)} bytes, ${((8 * size) / values.length).toFixed(4)} bits per value`;
  const lines = [
    `${grouped(json.items)} items -> ${out}`,
    `stream   ${share(bytes)} (headers included)`,
    `deflate  ${share(deflated)}`,
    `raw      ${share(values.length)}`,
  ];
  return { json, lines };
}
