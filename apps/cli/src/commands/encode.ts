import { encodeStream } from "@isthmus/compress";
import { batches, type Dataset, itemSize } from "@isthmus/data";
import type { Command } from "commander";
import { deflateSync } from "node:zlib";
import { grouped, type Report } from "../console.ts";
import { openSplit } from "../datasets.ts";
import { withEngine } from "../engines.ts";
import { UsageError } from "../errors.ts";
import { modelConfig, openModel } from "../model-files.ts";
import {
  buildOption,
  dataDirOption,
  dataOption,
  outOption,
  type PartOptions,
  rangeOption,
  splitOption,
} from "../options.ts";
import { requireWritable, writeResult } from "../outputs.ts";
import { type Context, describeCommand, reporting } from "./command.ts";

interface EncodeOptions extends PartOptions {
  readonly build: string;
  readonly out: string;
}

export function encodeCommand(context: Context): Command {
  return describeCommand({
    name: "encode",
    summary: "Compress items to one .isth file with a model's encoder and its frequency tables.",
    example: "isthmus encode m.safetensors --data mnist --split test --range 0:100 -o x.isth",
  })
    .argument("<model>", "model file")
    .addOption(dataOption())
    .addOption(dataDirOption())
    .addOption(splitOption())
    .addOption(rangeOption())
    .addOption(buildOption())
    .addOption(outOption("the stream to write"))
    .action(reporting(context, (path: string, options: EncodeOptions) => encode(context, path, options)));
}

async function encode({ console }: Context, path: string, options: EncodeOptions): Promise<Report> {
  const model = await openModel(path);
  await requireWritable(options.out, [path]);
  const dataset = await openSplit(console, options);
  requireShape(dataset, modelConfig(model).inputShape);
  const bytes = await withEngine(options, (engine) =>
    encodeStream(engine, model, batches(dataset, { batchSize: 256 })),
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

/** Refuses data whose items do not have the shape the model was trained on. */
export function requireShape(dataset: Dataset, shape: readonly number[]): void {
  if (String(dataset.shape) !== String(shape)) {
    throw new UsageError(
      `the model takes items of shape [${shape.join(", ")}], the data has [${dataset.shape.join(", ")}]`,
    );
  }
}

/** The items as they are stored, the yardstick of every compression. */
function storedBytes(dataset: Dataset): Uint8Array {
  const { values, items } = dataset;
  const width = values.BYTES_PER_ELEMENT;
  return new Uint8Array(values.buffer, values.byteOffset, items * itemSize(dataset) * width);
}
