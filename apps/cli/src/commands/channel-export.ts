import { type Codebook, normalised } from "@isthmus/channel";
import { UsageError } from "@isthmus/command-line/node";
import { writeFileAtomic } from "@isthmus/data/node";
import { canonicalJson, type JsonObject, type Program } from "@isthmus/graph";
import { configToJson } from "@isthmus/models";
import { draftOnnx, type OnnxDraft, type Opset } from "@isthmus/onnx";
import { type Command, Option } from "commander";
import { codebookBytes, readCodebook, requireCodebookEnding, isCodebookName } from "../channel/codebook-files.ts";
import { codebookOf, type LinkFile, openSystem } from "../channel/link-files.ts";
import { checkReceiver, checkTransmitter } from "../channel/link-parity.ts";
import { linkText } from "../channel/limits.ts";
import { SYSTEM_NAMES } from "../channel/named-systems.ts";
import { type Console, grouped, type Report } from "../console.ts";
import { checkedByUser } from "../errors.ts";
import { writeDraft } from "../onnx-files.ts";
import { onnxRuntime, openOnnx } from "../onnx-runtime.ts";
import { buildOption, wholeNumber } from "../options.ts";
import { requireWritable } from "../outputs.ts";
import { VERSION } from "../version.ts";
import { type Context, describeCommand, reporting } from "./command.ts";

interface ExportOptions {
  readonly codebook: readonly string[];
  readonly receiver?: string;
  readonly transmitter?: string;
  readonly normalize?: "average" | "energy";
  readonly opset?: number;
  readonly blocks?: number;
  readonly build: string;
}

const OPSET = 17;
const BLOCKS = 100_000;

export function exportLinkCommand(context: Context): Command {
  return describeCommand({
    name: "export",
    summary: "Write a codebook as a table for other programs and for C, and the two halves of a learned link as ONNX.",
    notes: [
      "Codebooks: .json and .csv with labels; .npy, [M, n], or [M, n, 2] of complex uses; .h for C99, with the points in float and in Q15,",
      "the labels, and a function that decides for the nearest point. Points of complex uses are pairs, real part first.",
      "The receiver takes what is received, [batch, dimensions], and makes logits and probabilities; the transmitter takes labels. Where",
      "onnxruntime-node is installed they are run on so many blocks at the Eb/N0 of training and must decide as our engine does.",
      ...SYSTEM_NAMES,
    ],
    examples: [
      "isthmus channel export ae.safetensors --codebook ae.json --codebook ae.h --receiver rx.onnx --transmitter tx.onnx",
      "isthmus channel export qam-16 --codebook qam.csv",
      "isthmus channel export points.csv --normalize average --codebook points.npy",
    ],
  })
    .argument("<system>", "a model, a codebook file (.json, .csv, .npy), or a name")
    .addOption(
      new Option("--codebook <file>", "a table of the points, by its ending; may be said more than once")
        .argParser((path: string, all: readonly string[]) => [...all, path])
        .default([], "none"),
    )
    .option("--receiver <file>", "of a model, as ONNX")
    .option("--transmitter <file>", "of a model, as ONNX")
    .addOption(
      new Option("--normalize <kind>", "scales a codebook to unit power: all points together, or each").choices([
        "average",
        "energy",
      ]),
    )
    .option("--opset <n>", `operator set, 13 to 21 (default: ${OPSET})`, wholeNumber(13, 21))
    .option(
      "--blocks <n>",
      `blocks on which a receiver's decisions are compared (default: ${BLOCKS})`,
      wholeNumber(1, 10_000_000),
    )
    .addOption(buildOption())
    .action(reporting(context, (system: string, options: ExportOptions) => exportLink(context, system, options)));
}

async function exportLink(context: Context, text: string, options: ExportOptions): Promise<Report> {
  const { codebook: tables, receiver, transmitter } = options;
  const files = [...tables, ...[receiver, transmitter].flatMap((path) => path ?? [])];
  if (files.length === 0) throw new UsageError("expected --codebook, --receiver or --transmitter");
  requireMeaning(options);
  tables.forEach(requireCodebookEnding);
  if (new Set(files).size < files.length) throw new UsageError("two results go to the same file");
  for (const path of files) await requireWritable(path, [text]);
  const { book, link } = await openedBook(text, options);
  const to = { console: context.console, signal: context.stoppable() };
  const made: Report[] = [];
  for (const path of tables) made.push(await writeTable(path, book));
  if (receiver !== undefined) made.push(await writeHalf(to, modelOf(text, link), "receiver", receiver, options));
  if (transmitter !== undefined)
    made.push(await writeHalf(to, modelOf(text, link), "transmitter", transmitter, options));
  return {
    json: { system: text, files: made.map(({ json }) => json) as JsonObject[] },
    lines: made.flatMap(({ lines }) => lines),
  };
}

/** @throws UsageError for an option of a half that is not written */
function requireMeaning({ receiver, transmitter, opset, blocks }: ExportOptions): void {
  if (opset !== undefined && receiver === undefined && transmitter === undefined)
    throw new UsageError("--opset: a codebook has none; it goes with --receiver or --transmitter");
  if (blocks !== undefined && receiver === undefined)
    throw new UsageError("--blocks: only a receiver's decisions are compared; it goes with --receiver");
}

interface Opened {
  readonly book: Codebook;
  /** Of a model. */
  readonly link?: LinkFile;
}

/** A file that is to be scaled may have any power before. */
async function openedBook(text: string, { normalize }: ExportOptions): Promise<Opened> {
  if (normalize !== undefined && isCodebookName(text)) return { book: normalised(await readCodebook(text), normalize) };
  const opened = await openSystem(text);
  const book = codebookOf(text, opened);
  if (opened.kind === "named") return { book: normalize === undefined ? book : normalised(book, normalize) };
  if (normalize !== undefined)
    throw new UsageError("--normalize: a model's codebook has the power that it was trained with");
  return { book, link: opened.link };
}

function modelOf(text: string, link: LinkFile | undefined): LinkFile {
  if (link) return link;
  throw new UsageError(`${text} is no model: it has a codebook, but no network to export`);
}

async function writeTable(path: string, book: Codebook): Promise<Report> {
  const bytes = codebookBytes(path, book);
  await writeFileAtomic(path, bytes);
  return {
    json: { file: path, part: "codebook", messages: book.size, bytes: bytes.length },
    lines: [`codebook ${linkText(book)}, ${book.size} points -> ${path} (${grouped(bytes.length)} bytes)`],
  };
}

interface Surroundings {
  readonly console: Console;
  readonly signal: AbortSignal;
}

type Half = "receiver" | "transmitter";

async function writeHalf(
  { console, signal }: Surroundings,
  link: LinkFile,
  half: Half,
  path: string,
  options: ExportOptions,
): Promise<Report> {
  const { opset = OPSET } = options;
  const draft = draftOf(link, half, opset as Opset);
  let checked: Report = { json: {}, lines: [] };
  const check = async (source: string | Uint8Array): Promise<void> => {
    checked = await parity(link, half, path, source, options);
  };
  const { bytes } = await writeDraft(console, path, draft, { externalData: "never", check, signal });
  return {
    json: { file: path, part: half, opset, bytes, ...checked.json },
    lines: [`${half} -> ${path} (${grouped(bytes)} bytes, opset ${opset})`, ...checked.lines],
  };
}

function draftOf({ definition, parameters }: LinkFile, half: Half, opset: Opset): OnnxDraft {
  const { config } = definition;
  const program: Program = half === "receiver" ? definition.decoder : definition.encoder;
  const what = `${half} of a learned link ${linkText(config)}`;
  return checkedByUser(() =>
    draftOnnx(program, parameters, {
      graphName: half,
      opset,
      producerVersion: VERSION,
      metadata: { "isthmus.part": half, "isthmus.link": canonicalJson(configToJson(config)) },
      docString: config.complex ? `${what}; complex uses are pairs, real part first` : what,
    }),
  );
}

async function parity(
  link: LinkFile,
  half: Half,
  path: string,
  source: string | Uint8Array,
  options: ExportOptions,
): Promise<Report> {
  const runtime = await onnxRuntime();
  if ("missing" in runtime) {
    const reason = `not checked: onnxruntime-node cannot be loaded (${runtime.missing})`;
    return { json: { parity: reason }, lines: [`parity ${reason}`] };
  }
  const session = await openOnnx(runtime, path, source);
  try {
    if (half === "transmitter") {
      const maxAbsError = await checkTransmitter(link, session);
      return {
        json: { maxAbsError, parity: "onnxruntime-node" },
        lines: [`sends the codebook in onnxruntime-node, max abs error ${maxAbsError.toExponential(1)}`],
      };
    }
    const { blocks, close } = await checkReceiver(link, session, {
      blocks: options.blocks ?? BLOCKS,
      build: options.build,
    });
    const but = close === 0 ? "" : `, but for ${grouped(close)} that hang on less than rounding`;
    return {
      json: { blocks, close, parity: "onnxruntime-node" },
      lines: [`decides as our engine does in onnxruntime-node on ${grouped(blocks)} blocks${but}`],
    };
  } finally {
    await session.release();
  }
}
