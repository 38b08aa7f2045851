import { UsageError } from "@isthmus/command-line/node";
import type { Model } from "@isthmus/graph";
import { draftModelPart, type ModelPart, type OnnxDraft, redraft } from "@isthmus/onnx";
import { type Command, InvalidArgumentError, Option } from "commander";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { exportC } from "../c-export.ts";
import { type Console, grouped, type Report } from "../console.ts";
import { checkedByUser } from "../errors.ts";
import { openModel, takesCodes } from "../model-files.ts";
import {
  dataLeftBeside,
  type ExternalDataChoice,
  externalDataOption,
  requireOneFile,
  writeDraft,
} from "../onnx-files.ts";
import { buildOption, given, outOption, requireOnly, wholeNumber } from "../options.ts";
import { requireWritable } from "../outputs.ts";
import { formOf, type PartFileOptions, partOptions, withPosterior } from "../part-options.ts";
import { checkParity } from "../part-parity.ts";
import {
  checkPrecisionOptions,
  PRECISION_NOTES,
  precisionOption,
  reduceFile,
  withPrecisionOptions,
} from "../precision.ts";
import { type Context, describeCommand, reporting } from "./command.ts";

interface ExportOptions extends PartFileOptions {
  readonly to: "onnx" | "c";
  readonly part?: ModelPart;
  readonly all?: boolean;
  readonly externalData: ExternalDataChoice;
  readonly out: string;
}

const PARTS: readonly ModelPart[] = ["encoder", "decoder", "autoencoder", "prior"];

const NOTES = [
  "Parts: encoder, x -> the code (mu and logVar of a VAE); decoder, z -> the reconstruction and what its likelihood is",
  "made of (logits); autoencoder, x -> both; prior, noise -> z. A conditional model's parts take its label or its condition",
  "too. Noise is always an input (eps): a file draws nothing.",
  "Where onnxruntime-node is installed, the file is run on 100 drawn inputs before it is written, and must give what our",
  "engine gives: |a - b| <= 1e-5 + 1e-4 |b| for every value.",
  ...PRECISION_NOTES,
  "--to c writes the encoder of a model, in int8 (--calibrate), or of a bundle, as one C99 header for microcontrollers: no dependency,",
  "no malloc, the same bytes as loadEncoder of @isthmus/edge. It takes --calibrate, --items, --data-dir, --build and --batch.",
];

const EXAMPLES = [
  "isthmus export m.safetensors --part decoder -o decoder.onnx",
  "isthmus export m.safetensors --all -o onnx",
  "isthmus export m.safetensors --part encoder --sample -o encoder.onnx",
  "isthmus export m.safetensors --part autoencoder --layout nchw --uint8-io --outputs reconstruction -o pictures.onnx",
  "isthmus export table.safetensors --part encoder --data-units -o encoder.onnx",
  "isthmus export m.safetensors --part decoder --opset 13 --batch 1 -o old.onnx",
  "isthmus export m.safetensors --part decoder --external-data always -o decoder.onnx",
  "isthmus export m.safetensors --part decoder --precision int8-weights -o small.onnx",
  "isthmus export m.safetensors --part autoencoder --precision int8 --calibrate mnist -o int8.onnx",
  "isthmus export m.safetensors --to c --calibrate mnist -o encoder.h",
];

export function exportCommand(context: Context): Command {
  const command = describeCommand({
    name: "export",
    summary: "Export a part of a model, or all, to ONNX and compare it with our engine; or the encoder to C.",
    notes: NOTES,
    examples: EXAMPLES,
  })
    .argument("<model>", "model file; for --to c a bundle, too")
    .addOption(
      new Option("--to <format>", "what to write: ONNX, or a C99 header").choices(["onnx", "c"]).default("onnx"),
    )
    .addOption(new Option("--part <name>", "which part").choices(PARTS))
    .option("--all", "every part that the model has, into the folder --out")
    .option(
      "--opset <n>",
      "operator set, 13 to 21, with the oldest IR version that goes with it",
      wholeNumber(13, 21),
      17,
    )
    .addOption(
      new Option("--profile <name>", "only what every runtime takes, or as few nodes as ONNX allows")
        .choices(["portable", "compact"])
        .default("portable"),
    )
    .addOption(
      new Option(
        "--layout <axes>",
        "items are images with channels last or first (default: rows of numbers, channels last)",
      ).choices(["nhwc", "nchw"]),
    )
    .option("--uint8-io", "items are bytes, k for k / 255, rounded on the way out")
    .option("--data-units", "items are in the units of the model's data: standardised, and brought back, in the file")
    .option(
      "--sample",
      "of encoder and autoencoder: a z drawn from q(z given x) too, its noise an input; zeros give the mean",
    )
    .option("--outputs <names>", "only these outputs, such as reconstruction or mu,logVar (default: all)", names)
    .option("--batch <n>", "a fixed size of the batch (default: any)", wholeNumber(1, 10_000))
    .option("--license <text>", "license of the model, an SPDX identifier or a sentence, for the file's metadata")
    .option("--golden", "a golden sample in the file, however large (default: where it is small)")
    .option("--no-golden", "no golden sample in the file")
    .addOption(externalDataOption());
  return withPrecisionOptions(command, precisionOption().default("float32"))
    .addOption(buildOption())
    .addOption(outOption("the ONNX file to write; the folder for --all"))
    .action(
      reporting(context, (path: string, options: ExportOptions, self: Command) =>
        options.to === "c"
          ? exportC(context, path, { out: options.out, ...given(self, options) })
          : exportModel(context, path, options),
      ),
    );
}

function names(text: string): string[] {
  const some = text.split(",").map((name) => name.trim());
  if (some.every((name) => name !== "")) return some;
  throw new InvalidArgumentError("expected names of outputs such as mu,logVar.");
}

async function exportModel(context: Context, path: string, options: ExportOptions): Promise<Report> {
  const { part, all = false, out } = options;
  if (all === (part !== undefined)) {
    throw new UsageError(
      all ? "--part and --all exclude each other" : "required option '--part <name>' not specified (or --all)",
    );
  }
  checkPrecisionOptions(options, part === "prior");
  const model = await openModel(path);
  const to = { console: context.console, signal: context.stoppable() };
  if (part !== undefined) {
    await requireOuts(out, { ...options, path });
    return await exportPart(to, model, { ...options, part, path });
  }
  requireOnly(false, options, ["outputs"], "--part");
  await mkdir(out, { recursive: true }).catch((cause: Error) => {
    throw new UsageError(`--out expected a folder, got ${out}: ${cause.message}`, { cause });
  });
  return await exportAll(to, model, { ...options, path });
}

/** What is exported, and of which file. */
type Asked<O = ExportOptions & { readonly part: ModelPart }> = O & { readonly path: string };

/** Where a command speaks, and what stops it. */
interface Surroundings {
  readonly console: Console;
  readonly signal: AbortSignal;
}

/** Finds out whether what is asked for can be written, and is not what is read. */
async function requireOuts(out: string, { path, externalData }: Asked<ExportOptions>): Promise<void> {
  await requireWritable(out, [path]);
  if (externalData === "always") await requireWritable(`${out}.data`, [path]);
}

async function exportAll(to: Surroundings, model: Model, options: Asked<ExportOptions>): Promise<Report> {
  const { out, opset } = options;
  const reports: Report[] = [];
  for (const part of partsOf(model)) {
    const file = join(out, `${part}.onnx`);
    await requireOuts(file, options);
    reports.push(await exportPart(to, model, { ...fitting(options, part), part, out: file }));
  }
  return {
    json: { out, opset, parts: reports.map(({ json }) => json) },
    lines: reports.flatMap(({ lines }) => lines),
  };
}

/** Those that a file can be made of. */
function partsOf(model: Model): ModelPart[] {
  if (takesCodes(model)) return ["decoder"];
  const { outputs } = model.encoder;
  const hasCode = Object.hasOwn(outputs, "mu") || Object.hasOwn(outputs, "z");
  return PARTS.filter((part) => (part !== "autoencoder" || hasCode) && (part !== "prior" || model.prior));
}

/** Of the options for all parts, those that mean something for one. */
function fitting(
  { sample, layout, uint8Io, dataUnits, calibrate, ...others }: Asked<ExportOptions>,
  part: ModelPart,
): Asked<ExportOptions> {
  const ofItems = { ...(layout && { layout }), ...(uint8Io && { uint8Io }), ...(dataUnits && { dataUnits }) };
  const ofData = calibrate !== undefined && { calibrate };
  return {
    ...others,
    ...(part !== "prior" && { ...ofItems, ...ofData }),
    ...(sample && (part === "encoder" || part === "autoencoder") && { sample }),
  };
}

async function exportPart({ console, signal }: Surroundings, model: Model, options: Asked): Promise<Report> {
  const { part, out, opset, externalData } = options;
  const asked = partOptions(model, options);
  const exportable = withPosterior(model, options);
  const draft = checkedByUser(() => draftModelPart(exportable, part, asked));
  const reports: Report[] = [];
  const check = async (source: string | Uint8Array): Promise<void> => {
    reports.push(await checkParity(exportable, options, asked, { ports: portsOf(draft), source }));
  };
  const isWhole = options.precision === "float32";
  const made = isWhole ? draft : await inPrecision(console, model, options, { draft, check, reports });
  const { bytes, data } = await writeDraft(console, out, made, { externalData, signal, ...(isWhole && { check }) });
  const beside = data ? `, weights in ${data.path} (${grouped(data.bytes)} bytes)` : "";
  const file = { bytes, ...(data && { data: { ...data } }) };
  const left = data ? [] : await dataLeftBeside(out);
  return {
    json: { part, out, opset, ...Object.assign({}, ...reports.map(({ json }) => json)), ...file },
    lines: [
      `${part} -> ${out} (${grouped(bytes)} bytes, opset ${opset})${beside}`,
      ...reports.flatMap(({ lines }) => lines),
      ...left.map((path) => `${path} is of an earlier file: ${out} does not read it`),
    ],
  };
}

/** A file with the inputs and outputs of a draft, and none of its weights. */
function portsOf(draft: OnnxDraft): Uint8Array {
  return joined(draft.apart("weights").model);
}

function joined(file: { chunks(): Iterable<Uint8Array> }): Uint8Array {
  return Buffer.concat([...file.chunks()]);
}

/** A part in float32, how it is checked, and what is told of it. */
interface WholePart {
  readonly draft: OnnxDraft;
  readonly check: (source: Uint8Array) => Promise<void>;
  readonly reports: Report[];
}

/** The part in the precision that is asked for, with what that costs. */
async function inPrecision(
  console: Console,
  model: Model,
  options: Asked,
  { draft, check, reports }: WholePart,
): Promise<OnnxDraft> {
  requireOneFile(draft, "--precision float32 writes its weights beside it");
  const bytes = joined(draft.whole());
  await check(bytes);
  const form = formOf(model, options);
  const reduced = await reduceFile(console, { bytes, path: options.out, model, form }, options);
  reports.push(reduced);
  return redraft(reduced.bytes);
}
