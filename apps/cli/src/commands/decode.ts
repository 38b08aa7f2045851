import type { SelectedEngine } from "@isthmus/backend";
import { UsageError } from "@isthmus/command-line/node";
import { type DecodedLatents, decodeItems, decodeStreamLatents } from "@isthmus/compress";
import { readFileBytes, writeFileAtomic } from "@isthmus/data/node";
import type { JsonObject, Model } from "@isthmus/graph";
import { type Command, Option } from "commander";
import { basename, extname } from "node:path";
import { type Console, grouped, type Report } from "../console.ts";
import { type DecodedWriter, decodedWriter } from "../decoded.ts";
import { type EngineChoice, toRun, withEngine } from "../engines.ts";
import { namingFile } from "../errors.ts";
import { type InputFile, inputFiles, requireOwnNames, streamFiles } from "../input-files.ts";
import { modelConfig, openModel } from "../model-files.ts";
import { requireNewFolder } from "../new-folder.ts";
import { decodeWithOnnx } from "../onnx-decoder.ts";
import { buildOption, engineOption, outOption } from "../options.ts";
import { requireWritable } from "../outputs.ts";
import { type Context, describeCommand, reporting } from "./command.ts";
import {
  arePictures,
  type DecodedPictures,
  type DecodeEach,
  decodePicturesOf,
  type StreamFile,
  writePictureFile,
  writePictureFolder,
} from "./decode-pictures.ts";

interface DecodeOptions {
  readonly onnx?: string;
  readonly lost: "refuse" | "replace";
  readonly engine?: EngineChoice;
  readonly build: string;
  readonly out: string;
}

export function decodeCommand(context: Context): Command {
  return describeCommand({
    name: "decode",
    summary:
      "Decode an .isth file to reconstructions in the units of the model's data: .csv, .npy or a .png grid; or to pictures.",
    notes: [
      "A picture that was encoded as one comes back as one, in its size: .png, .npy, or an --out without an ending, which is a new",
      "folder for the pictures of any number of files and folders of them.",
    ],
    examples: [
      "isthmus decode codec.safetensors photo.isth -o photo.png",
      "isthmus decode codec.safetensors streams/ -o pictures",
      "isthmus decode table.safetensors table.isth -o y.csv",
      "isthmus decode m.safetensors x.isth --onnx decoder.onnx -o r.npy",
      "isthmus decode m.safetensors x.isth --lost replace -o rescued.png",
    ],
  })
    .argument("<model>", "model file whose encoder made the stream")
    .argument("<streams...>", ".isth file; of pictures also several, or folders of them")
    .option("--onnx <file>", "run this exported decoder with onnxruntime-node in place of our engine")
    .addOption(
      new Option(
        "--lost <what>",
        "payloads that are damaged, cut off or left out: refuse them, or replace them by medians",
      )
        .choices(["refuse", "replace"])
        .default("refuse"),
    )
    .addOption(engineOption())
    .addOption(buildOption())
    .addOption(outOption("y.csv, r.npy, grid.png, or a folder that is not there yet"))
    .action(
      reporting(context, (path: string, streams: string[], options: DecodeOptions) =>
        decode(context, path, streams, options),
      ),
    );
}

async function decode(
  context: Context,
  path: string,
  streams: readonly string[],
  options: DecodeOptions,
): Promise<Report> {
  const { out } = options;
  const model = await openModel(path);
  const decodeEach: DecodeEach = (latents, to) => decodePicturesOf(context, model, latents, { ...options, ...to });
  const lost: LostReport[] = [];
  if (extname(out) === "") {
    const found = await inputFiles(streams, streamFiles);
    requireOwnNames(found);
    await requireNewFolder(out);
    const pictures = await writePictureFolder(context, out, pictureStreams(model, found, options, lost), decodeEach);
    return pictureReport(pictures, lost, out);
  }
  const [stream] = streams;
  if (streams.length > 1) throw new UsageError(`--out ${out} is for one stream, got ${streams.length}; name a folder`);
  const write = decodedWriter(out, model, modelConfig(model).inputShape);
  await requireWritable(out, [path, stream!]);
  const file = await opened(model, { path: stream!, name: basename(stream!, ".isth") }, options);
  if (!arePictures(file.latents)) return await decodeToFile(context, model, file.latents, { ...options, write });
  const pictures = await writePictureFile(context, out, file, decodeEach);
  return pictureReport(pictures, [lostReport(file.latents)], out);
}

/** One file at a time; what is lost of them is noted. */
async function* pictureStreams(
  model: Model,
  files: readonly InputFile[],
  options: DecodeOptions,
  lost: LostReport[],
): AsyncGenerator<StreamFile> {
  for (const one of files) {
    const file = await opened(model, one, options);
    if (!arePictures(file.latents)) {
      throw new UsageError(`${file.path} holds items and no pictures; name a .png, .npy or .csv file`);
    }
    const { json, lines } = lostReport(file.latents);
    lost.push({ json, lines: lines.map((line) => `${file.path}: ${line}`) });
    yield file;
  }
}

async function opened(model: Model, file: InputFile, { lost }: DecodeOptions): Promise<StreamFile> {
  const bytes = await readFileBytes(file.path);
  return { ...file, latents: namingFile(file.path, () => decodeStreamLatents(model, bytes, { lost })) };
}

async function decodeToFile(
  { console }: Context,
  model: Model,
  latents: DecodedLatents,
  { write, ...options }: DecodeOptions & { readonly write: DecodedWriter },
): Promise<Report> {
  const { inputShape } = modelConfig(model);
  const { values, runtime } = await reconstruct(console, model, latents, options);
  await writeFileAtomic(options.out, write(values, latents.items, latents.streams));
  const { json, lines } = lostReport(latents);
  const what = `${grouped(latents.items)} items of shape [${inputShape.join(", ")}]`;
  return {
    json: { items: latents.items, shape: [latents.items, ...inputShape], runtime, out: options.out, ...json },
    lines: [...lines, `${what} decoded by ${runtime} -> ${options.out}`],
  };
}

interface LostReport {
  readonly json: { readonly lost?: readonly JsonObject[] };
  readonly lines: readonly string[];
}

/** Payloads that were replaced, if any. */
function lostReport({ streams = [] }: DecodedLatents): LostReport {
  const lost = streams.flatMap((one) => [...one.lost]);
  return {
    json: lost.length > 0 ? { lost: lost.map((one) => ({ ...one, channels: [...one.channels] })) } : {},
    lines: lost.map(
      ({ frame, payload, state }) => `frame ${frame}: payload ${payload} is ${state}, replaced by medians`,
    ),
  };
}

function pictureReport({ pictures, runtime }: DecodedPictures, lost: readonly LostReport[], out: string): Report {
  const lines = pictures.map(({ name, width, height, channels }) => {
    const tone = channels === 1 ? "grey" : channels === 3 ? "colour" : `${channels} channels`;
    return `${name}  ${width} x ${height} pixels, ${tone}`;
  });
  const some = lost.flatMap(({ json }) => json.lost ?? []);
  const count = `${grouped(pictures.length)} ${pictures.length === 1 ? "picture" : "pictures"}`;
  return {
    json: { pictures: pictures.map((one) => ({ ...one })), runtime, out, ...(some.length > 0 && { lost: some }) },
    lines: [...lost.flatMap((one) => one.lines), ...lines, `${count} decoded by ${runtime} -> ${out}`],
  };
}

interface Decoded {
  readonly values: Float32Array;
  /** What decoded. */
  readonly runtime: string;
}

async function reconstruct(
  console: Console,
  model: Model,
  latents: DecodedLatents,
  options: DecodeOptions,
): Promise<Decoded> {
  if (options.onnx !== undefined) {
    return { values: await decodeWithOnnx(model, latents, options.onnx), runtime: "onnxruntime-node" };
  }
  const decoded = async (engine: SelectedEngine): Promise<Decoded> => ({
    values: await decodeItems(engine, model, latents),
    runtime: engine.selection.engine,
  });
  return withEngine(options, decoded, toRun("the decoder", model.decoder, console));
}
