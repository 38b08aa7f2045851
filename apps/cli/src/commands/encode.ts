import { UsageError } from "@isthmus/command-line/node";
import { encodeStream } from "@isthmus/compress";
import { batches, type Dataset, itemSize, type TableDescription, tableOf } from "@isthmus/data";
import type { Model } from "@isthmus/graph";
import type { Command } from "commander";
import { deflateSync } from "node:zlib";
import { grouped, type Report } from "../console.ts";
import { addPartOptions } from "../data-options.ts";
import { openSplit } from "../datasets.ts";
import { toRun, withEngine } from "../engines.ts";
import { encodedShape, openModel } from "../model-files.ts";
import { backgroundOption, greyOption } from "../picture-codec.ts";
import {
  buildOption,
  engineOption,
  flag,
  isNamed,
  outOption,
  type PartOptions,
  requireOnly,
  type Split,
  splitOfAll,
  wholeNumber,
} from "../options.ts";
import { requireWritable, writeResult } from "../outputs.ts";
import { type Context, describeCommand, reporting } from "./command.ts";
import { encodePictures, type EncodePicturesOptions } from "./encode-pictures.ts";

interface EncodeOptions extends Omit<PartOptions, "split">, EncodePicturesOptions {
  readonly split?: Split;
}

export function encodeCommand(context: Context): Command {
  const command = describeCommand({
    name: "encode",
    summary:
      "Compress items, or pictures of any size, to an .isth file with a model's encoder and its frequency tables.",
    notes: [
      "Pictures, PNG, JPEG or WebP, are named behind the model: files, and folders of them. They may have any size, and are cut into",
      "tiles of the model's. Each is a stream of its own; an --out without an ending is a new folder with a file for each.",
      "A model that was trained with --streams divides its channels so, unless --payloads says otherwise.",
    ],
    examples: [
      "isthmus encode codec.safetensors photo.jpg --quality 2 -o photo.isth",
      "isthmus encode codec.safetensors holiday/ more.png -o streams",
      "isthmus encode m.safetensors --data mnist --split test --range 0:100 -o x.isth",
      "isthmus encode table.safetensors --data readings.csv -o table.isth",
      "isthmus encode codec.safetensors --data cifar10 --quality 2 -o tiles.isth",
    ],
  })
    .argument("<model>", "model file")
    .argument("[pictures...]", "pictures of any size, or folders of them, in place of --data");
  return addPartOptions(command, splitOfAll())
    .option(
      "--quality <n>",
      "which of the model's qualities, from 0; inspect says how many it has",
      wholeNumber(0, 255),
      0,
    )
    .option(
      "--payloads <n>",
      "groups of channels, of which a reader can do without those that are lost (default: the model's, 1 unless trained for more)",
      wholeNumber(1, 16),
    )
    .option("--try-deflate", "see whether items repeat each other; takes longer")
    .addOption(greyOption())
    .addOption(backgroundOption())
    .addOption(engineOption())
    .addOption(buildOption())
    .addOption(outOption("the stream to write"))
    .action(
      reporting(context, (path: string, pictures: string[], options: EncodeOptions, self: Command) =>
        encode(context, path, pictures, options, self),
      ),
    );
}

async function encode(
  context: Context,
  path: string,
  pictures: readonly string[],
  options: EncodeOptions,
  self: Command,
): Promise<Report> {
  const model = await openModel(path);
  requireQuality(path, model, options.quality);
  requirePayloads(path, model, options.payloads);
  if (pictures.length > 0) {
    requireNoData(self);
    return await encodePictures(context, { path, model }, pictures, options);
  }
  requireOnly(false, options, ["grey", "background"], "pictures that are named behind the model");
  return await encodeItems(context, path, model, options);
}

/** Options that say which data are read, where pictures are named. */
function requireNoData(self: Command): void {
  const strange = DATA_OPTIONS.find((name) => self.getOptionValueSource(name) === "cli");
  if (strange !== undefined) throw new UsageError(`${flag(strange)} goes without pictures behind the model`);
}

const DATA_OPTIONS = [
  ...["data", "dataDir", "delimiter", "header", "stride", "testShare", "imageSize", "factors", "split", "range"],
];

async function encodeItems({ console }: Context, path: string, model: Model, options: EncodeOptions): Promise<Report> {
  const shape = encodedShape(model);
  await requireWritable(options.out, isNamed(options.data) ? [path] : [path, options.data]);
  if (options.stride !== undefined) throw new UsageError("--stride: encode cuts a series without overlap");
  const split = options.split ?? (isNamed(options.data) ? "test" : "all");
  const dataset = await openSplit(console, { ...options, split }, { ...model, shape, everyRow: true });
  const { filledRows = 0 } = dataset;
  const { quality, payloads, tryDeflate = false } = options;
  const coded = { quality, tryDeflate, ...(payloads !== undefined && { payloads }) };
  const bytes = await withEngine(
    options,
    (engine) => encodeStream(engine, model, batches(dataset, { batchSize: 256 }), { ...coded, filledRows }),
    toRun("the encoder", model.encoder, console),
  );
  await writeResult(console, options.out, bytes);
  const raw = storedBytes(dataset);
  const json = {
    items: dataset.items,
    bytes: bytes.length,
    bitsPerItem: (8 * bytes.length) / dataset.items,
    rawBytes: raw.length,
    deflateBytes: deflateSync(raw, { level: 9 }).length,
    out: options.out,
  };
  const share = (size: number) => `${grouped(size)} bytes, ${((8 * size) / json.items).toFixed(1)} bits per item`;
  const lines = [
    `${grouped(json.items)} items -> ${json.out}`,
    `stream   ${share(json.bytes)} (headers included)`,
    `deflate  ${share(json.deflateBytes)}`,
    `raw      ${share(json.rawBytes)}`,
  ];
  return { json, lines };
}

function requirePayloads(path: string, { coding }: Model, payloads = 1): void {
  const channels = coding ? coding.steps.length / (coding.qualities ?? 1) : payloads;
  if (payloads > channels) throw new UsageError(`--payloads ${payloads}: ${path} has ${channels} channels`);
}

function requireQuality(path: string, { coding }: Model, quality: number): void {
  const count = coding?.qualities ?? 1;
  if (quality < count) return;
  const has = count === 1 ? "one quality, 0" : `qualities 0 to ${count - 1}`;
  throw new UsageError(`--quality ${quality}: ${path} has ${has}`);
}

/** The items as they are stored, the yardstick of every compression: numbers of a table as float32, categories as bytes. */
function storedBytes(dataset: Dataset): Uint8Array {
  const { values, items, description } = dataset;
  if (description?.item.kind === "table") return tableBytes(dataset);
  const width = values.BYTES_PER_ELEMENT;
  return new Uint8Array(values.buffer, values.byteOffset, items * itemSize(dataset) * width);
}

function tableBytes({ values, description }: Dataset): Uint8Array {
  const { rows, columns } = tableOf(description as TableDescription, values as Float32Array);
  const parts = columns.map((column) => {
    if (column.kind === "number") return new Uint8Array(Float32Array.from(column.values).buffer);
    return column.categories.length > 256
      ? new Uint8Array(Uint16Array.from(column.values).buffer)
      : Uint8Array.from(column.values);
  });
  const widths = parts.map(({ length }) => length / rows);
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (let row = 0; row < rows; row++) {
    parts.forEach((part, column) => {
      const width = widths[column]!;
      bytes.set(part.subarray(row * width, (row + 1) * width), at);
      at += width;
    });
  }
  return bytes;
}
