import { fitCoding, inferLatents } from "@isthmus/compress";
import { batches } from "@isthmus/data";
import { type LatentCoding, type Model, modelHashes, writeModelFile } from "@isthmus/graph";
import { importModel } from "@isthmus/onnx";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type Console, grouped, type Report } from "../console.ts";
import { openSplit } from "../datasets.ts";
import { withEngine } from "../engines.ts";
import { namingFile } from "../errors.ts";
import { encodedShape, modelConfig, parameterCount } from "../model-files.ts";
import { openOnnxFile } from "../onnx-files.ts";
import { buildOption, dataDirOption, NAMED, numberBetween, outOption, rangeOption } from "../options.ts";
import { requireWritable, writeResult } from "../outputs.ts";
import { type Context, describeCommand, reporting } from "./command.ts";

interface ImportOptions {
  readonly encoder?: string;
  readonly code?: string;
  readonly itemShape?: readonly number[];
  readonly channels?: "first" | "last";
  readonly size?: Readonly<Record<string, number>>;
  readonly data?: string;
  readonly dataDir?: string;
  readonly range?: string;
  readonly stepScale: number;
  readonly build: string;
  readonly out: string;
}

export function importCommand(context: Context): Command {
  return describeCommand({
    name: "import",
    summary: "Make a model file of an ONNX decoder, or of an encoder and a decoder, whoever exported them.",
    notes: [
      "--encoder makes the model whole, --data fits its frequency tables.",
      "A decoder alone is a model whose items are codes: encode takes them as rows of a .npy file.",
    ],
    examples: ["isthmus import decoder.onnx -o imported.safetensors"],
  })
    .argument("<decoder>", "ONNX file that makes items of codes")
    .option("--encoder <file>", "ONNX file that makes codes of items")
    .option("--code <name>", "the encoder's output that is the code (default: mu or z, or the only one)")
    .option("--item-shape <sizes>", "shape of an item where the files only know rows, such as 28,28,1", sizes)
    .addOption(
      new Option("--channels <where>", "where the files have an image's channels (default: by their number)").choices([
        "first",
        "last",
      ]),
    )
    .option("--size <name=n>", "size of an axis that a file only names; may be repeated", namedSize)
    .option(
      "--data <what>",
      "fit the frequency tables for encode and decode on these items, in the network's own numbers",
    )
    .addOption(dataDirOption())
    .addOption(rangeOption())
    .option("--step-scale <x>", "width of the quantiser's bins", numberBetween(1e-4, 1e4), 1)
    .addOption(buildOption())
    .addOption(outOption("model file to write"))
    .action(reporting(context, (path: string, options: ImportOptions) => importFiles(context, path, options)));
}

function sizes(text: string): number[] {
  const numbers = text.split(",").map(Number);
  if (numbers.every((size) => Number.isSafeInteger(size) && size > 0)) return numbers;
  throw new InvalidArgumentError("expected whole numbers such as 28,28,1.");
}

function namedSize(text: string, before: Readonly<Record<string, number>> = {}): Record<string, number> {
  const at = text.lastIndexOf("=");
  const size = Number(text.slice(at + 1));
  if (at > 0 && Number.isSafeInteger(size) && size > 0) return { ...before, [text.slice(0, at)]: size };
  throw new InvalidArgumentError("expected a name and a whole number such as height=28.");
}

async function importFiles({ console }: Context, path: string, options: ImportOptions): Promise<Report> {
  const { encoder, out } = options;
  await requireWritable(out, encoder === undefined ? [path] : [path, encoder]);
  const files = {
    decoder: await openOnnxFile(path),
    ...(encoder !== undefined && { encoder: await openOnnxFile(encoder) }),
  };
  const { code, itemShape, channels, size } = options;
  const given = { ...(code !== undefined && { code }), ...(itemShape && { itemShape }), ...(channels && { channels }) };
  const imported = namingFile(path, () => importModel({ ...files, ...given, ...(size && { sizes: size }) }));
  const coding = options.data === undefined ? imported.coding : await fitted(console, imported, options);
  const model: Model = coding ? { ...imported, coding } : imported;
  const bytes = writeModelFile(model);
  await writeResult(console, out, bytes);
  return { json: summary(model, bytes, out), lines: lines(model, bytes, out) };
}

async function fitted(console: Console, model: Model, options: ImportOptions): Promise<LatentCoding> {
  const shape = encodedShape(model);
  const data = options.data!;
  const split = NAMED.some((name) => name === data) ? "train" : "all";
  const { dataDir, range, stepScale } = options;
  const where = { ...(dataDir !== undefined && { dataDir }), ...(range !== undefined && { range }) };
  const dataset = await openSplit(console, { data, split, ...where }, { shape });
  return withEngine(options, async (engine) =>
    fitCoding(await inferLatents(engine, model, batches(dataset, { batchSize: 256 })), { stepScale }),
  );
}

function summary(model: Model, bytes: Uint8Array, out: string): Report["json"] {
  const { inputShape, latent } = modelConfig(model);
  return {
    model: model.kind,
    modelId: Buffer.from(modelHashes(model).id).toString("hex"),
    inputShape: [...inputShape],
    latent,
    parameters: parameterCount(model),
    coding: model.coding !== undefined,
    bytes: bytes.length,
    out,
  };
}

function lines(model: Model, bytes: Uint8Array, out: string): string[] {
  const { inputShape, latent } = modelConfig(model);
  const what = model.config["codes"] ? "decoder" : "encoder and decoder";
  const items = `items of shape [${inputShape.join(", ")}], ${latent} latents, ${grouped(parameterCount(model))} parameters`;
  const tables = model.coding
    ? "with frequency tables: encode and decode take it"
    : "without frequency tables, which encode and decode need: --data fits them";
  return [`${what} -> ${out} (${grouped(bytes.length)} bytes)`, items, tables];
}
