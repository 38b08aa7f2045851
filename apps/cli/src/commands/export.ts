import { featureUnits, parseDescription } from "@isthmus/data";
import { type JsonObject, type Model } from "@isthmus/graph";
import {
  type ExportableModel,
  exportModelPart,
  type ModelPart,
  type ModelPartOptions,
  type Opset,
  partReference,
  requireParity,
} from "@isthmus/onnx";
import { type Command, InvalidArgumentError, Option } from "commander";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Console, grouped, type Report } from "../console.ts";
import { checkedByUser, UsageError } from "../errors.ts";
import { definitionOf, openModel, takesCodes } from "../model-files.ts";
import { comparePair } from "../onnx-parity.ts";
import { onnxRuntime, openOnnx } from "../onnx-runtime.ts";
import { buildOption, outOption, requireOnly, wholeNumber } from "../options.ts";
import { requireWritable, writeResult } from "../outputs.ts";
import { VERSION } from "../version.ts";
import { type Context, describeCommand, reporting } from "./command.ts";

interface ExportOptions {
  readonly part?: ModelPart;
  readonly all?: boolean;
  readonly opset: number;
  readonly profile: "portable" | "compact";
  readonly layout?: "nhwc" | "nchw";
  readonly uint8Io?: boolean;
  readonly dataUnits?: boolean;
  readonly sample?: boolean;
  readonly outputs?: readonly string[];
  readonly batch?: number;
  readonly build: string;
  readonly out: string;
}

const CHECKED_ITEMS = 100;
const PARTS: readonly ModelPart[] = ["encoder", "decoder", "autoencoder", "prior"];

const NOTES = [
  "Parts: encoder, x -> the code (mu and logVar of a VAE); decoder, z -> the reconstruction and what its likelihood is",
  "made of (logits); autoencoder, x -> both; prior, noise -> z. A conditional model's parts take its label or its condition",
  "too. Noise is always an input (eps): a file draws nothing.",
  "Where onnxruntime-node is installed, the file is run on 100 drawn inputs before it is written, and must give what our",
  "engine gives: |a - b| <= 1e-5 + 1e-4 |b| for every value.",
];

const EXAMPLES = [
  "isthmus export m.safetensors --part decoder -o decoder.onnx",
  "isthmus export m.safetensors --all -o onnx",
  "isthmus export m.safetensors --part encoder --sample -o encoder.onnx",
  "isthmus export m.safetensors --part autoencoder --layout nchw --uint8-io --outputs reconstruction -o pictures.onnx",
  "isthmus export table.safetensors --part encoder --data-units -o encoder.onnx",
  "isthmus export m.safetensors --part decoder --opset 13 --batch 1 -o old.onnx",
];

export function exportCommand(context: Context): Command {
  return describeCommand({
    name: "export",
    summary: "Export a part of a model, or all, to ONNX and compare it with our engine.",
    notes: NOTES,
    examples: EXAMPLES,
  })
    .argument("<model>", "model file")
    .addOption(new Option("--to <format>", "what to write").choices(["onnx"]).default("onnx"))
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
    .addOption(buildOption())
    .addOption(outOption("the ONNX file to write; the folder for --all"))
    .action(reporting(context, (path: string, options: ExportOptions) => exportModel(context, path, options)));
}

function names(text: string): string[] {
  const some = text.split(",").map((name) => name.trim());
  if (some.every((name) => name !== "")) return some;
  throw new InvalidArgumentError("expected names of outputs such as mu,logVar.");
}

async function exportModel({ console }: Context, path: string, options: ExportOptions): Promise<Report> {
  const { part, all = false, out } = options;
  if (all === (part !== undefined)) {
    throw new UsageError(
      all ? "--part and --all exclude each other" : "required option '--part <name>' not specified (or --all)",
    );
  }
  const model = await openModel(path);
  if (part !== undefined) {
    await requireWritable(out, [path]);
    return await exportPart(console, model, { ...options, part, path });
  }
  requireOnly(false, options, ["outputs"], "--part");
  await mkdir(out, { recursive: true }).catch((cause: Error) => {
    throw new UsageError(`--out expected a folder, got ${out}: ${cause.message}`, { cause });
  });
  return await exportAll(console, model, { ...options, path });
}

/** What is exported, and of which file. */
type Asked<O = ExportOptions & { readonly part: ModelPart }> = O & { readonly path: string };

async function exportAll(console: Console, model: Model, options: Asked<ExportOptions>): Promise<Report> {
  const { out, opset } = options;
  const reports: Report[] = [];
  for (const part of partsOf(model)) {
    const file = join(out, `${part}.onnx`);
    await requireWritable(file, [options.path]);
    reports.push(await exportPart(console, model, { ...fitting(options, part), part, out: file }));
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
  { sample, layout, uint8Io, dataUnits, ...others }: Asked<ExportOptions>,
  part: ModelPart,
): Asked<ExportOptions> {
  const ofItems = { ...(layout && { layout }), ...(uint8Io && { uint8Io }), ...(dataUnits && { dataUnits }) };
  return {
    ...others,
    ...(part !== "prior" && ofItems),
    ...(sample && (part === "encoder" || part === "autoencoder") && { sample }),
  };
}

async function exportPart(console: Console, model: Model, options: Asked): Promise<Report> {
  const { part, out, opset } = options;
  const asked = partOptions(model, options);
  const exportable = withPosterior(model, options);
  const bytes = checkedByUser(() => exportModelPart(exportable, part, asked));
  const checked = await checkParity(exportable, options, asked, bytes);
  await writeResult(console, out, bytes);
  const json = { part, out, bytes: bytes.length, opset, ...checked.json };
  return { json, lines: [`${part} -> ${out} (${grouped(bytes.length)} bytes, opset ${opset})`, checked.line] };
}

/** The options of the command as those of the library. */
function partOptions(model: Model, options: Asked): ModelPartOptions {
  const { part, opset, profile, layout, uint8Io, dataUnits, sample, outputs, batch } = options;
  requireOnly(part !== "prior", options, ["layout", "uint8Io", "dataUnits"], "parts that have items");
  requireOnly(part === "encoder" || part === "autoencoder", options, ["sample"], "--part encoder or autoencoder");
  if (uint8Io) requirePictures(model, options);
  return {
    producerVersion: VERSION,
    opset: opset as Opset,
    profile,
    ...(layout && { layout }),
    ...(uint8Io && { uint8: true }),
    ...(dataUnits && { units: unitsOf(model, options) }),
    ...(sample && { sample }),
    ...(outputs && { outputs }),
    ...(batch !== undefined && { batch }),
  };
}

function unitsOf({ data }: Model, { path }: Asked): NonNullable<ModelPartOptions["units"]> {
  if (data) return featureUnits(parseDescription(data));
  throw new UsageError(`--data-units: ${path} does not describe its data; its items have the network's own numbers`);
}

/** Bytes are for numbers that lie in [0, 1] to the network. */
function requirePictures({ data }: Model, { path, part, outputs }: Asked): void {
  const described = data && parseDescription(data).item;
  const isUnit =
    described?.kind === "images" || (described?.kind === "array" && described.offset === 0 && described.scale === 255);
  if (described && !isUnit) {
    throw new UsageError(
      `--uint8-io: the items of ${path} are standardised numbers, not bytes; --data-units takes those`,
    );
  }
  if (part === "decoder" && outputs && !outputs.includes("reconstruction")) {
    throw new UsageError(
      `--uint8-io goes with the output reconstruction, which --outputs ${outputs.join(",")} leaves out`,
    );
  }
}

/** With what z is drawn from, where that is asked for. */
function withPosterior(model: Model, { sample, path }: Asked): ExportableModel {
  if (!sample) return model;
  const { posterior } = definitionOf(model);
  if (posterior) return { ...model, posterior };
  throw new UsageError(`--sample: ${path} is of kind "${model.kind}", which has no posterior to draw from`);
}

interface Checked {
  readonly json: JsonObject;
  readonly line: string;
}

async function checkParity(
  model: ExportableModel,
  options: Asked,
  asked: ModelPartOptions,
  bytes: Uint8Array,
): Promise<Checked> {
  const runtime = await onnxRuntime();
  if ("missing" in runtime) {
    const reason = `not checked: onnxruntime-node cannot be loaded (${runtime.missing})`;
    return { json: { maxAbsError: null, parity: reason }, line: `parity ${reason}` };
  }
  const { part, out, batch: items = CHECKED_ITEMS } = options;
  const session = await openOnnx(runtime, out, bytes);
  try {
    const reference = partReference(model, part, asked);
    const report = await comparePair({ bytes, session, parameters: model.parameters, ...reference }, items, options);
    requireParity(report, "nothing was written: onnxruntime-node and our engine differ");
    const each = Object.entries(report.perOutput).map(([name, { maxAbs }]) => [name, maxAbs] as const);
    const text = each.map(([name, maxAbs]) => `${name} ${maxAbs.toExponential(1)}`).join(", ");
    return {
      json: { maxAbsError: report.maxAbs, perOutput: Object.fromEntries(each), items, parity: "onnxruntime-node" },
      line: `parity with onnxruntime-node on ${items} drawn inputs, max abs error: ${text}`,
    };
  } finally {
    await session.release();
  }
}
