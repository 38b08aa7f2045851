import {
  decodeInBatches,
  type DecodedLatents,
  decodeItems,
  decodePictures,
  decodeStreamLatents,
  joinTiles,
  type OnShare,
  type Picture,
  tileShape,
} from "@isthmus/compress";
import { readFileBytes, writeFileAtomic } from "@isthmus/data/node";
import { type JsonObject, type Model, modelHashes } from "@isthmus/graph";
import { featureCount } from "@isthmus/models";
import { describeOnnx, type OnnxDescription } from "@isthmus/onnx";
import { type Command, Option } from "commander";
import { basename, extname } from "node:path";
import { grouped, type Report } from "../console.ts";
import { type DecodedWriter, decodedWriter } from "../decoded.ts";
import { withEngine } from "../engines.ts";
import { namingFile, UsageError } from "../errors.ts";
import { type InputFile, inputFiles, requireOwnNames, streamFiles } from "../input-files.ts";
import { modelConfig, openModel } from "../model-files.ts";
import { requireNewFolder } from "../new-folder.ts";
import { openOnnxFile } from "../onnx-files.ts";
import { openOnnx, requireOnnxRuntime } from "../onnx-runtime.ts";
import { buildOption, outOption } from "../options.ts";
import { requireWritable } from "../outputs.ts";
import { type Context, describeCommand, reporting } from "./command.ts";
import {
  arePictures,
  type DecodedPicture,
  type DecodeEach,
  type StreamFile,
  writePictureFile,
  writePictureFolder,
} from "./decode-pictures.ts";

interface DecodeOptions {
  readonly onnx?: string;
  readonly lost: "refuse" | "replace";
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
  const decodeEach: DecodeEach = (latents, put, onShare) => decodePicturesOf(model, latents, options, { put, onShare });
  const lost: LostReport[] = [];
  if (extname(out) === "") {
    const found = await inputFiles(streams, streamFiles);
    requireOwnNames(found);
    await requireNewFolder(out);
    const pictures = await writePictureFolder(context, out, pictureStreams(model, found, options, lost), decodeEach);
    return pictureReport(pictures, lost, options);
  }
  const [stream] = streams;
  if (streams.length > 1) throw new UsageError(`--out ${out} is for one stream, got ${streams.length}; name a folder`);
  const write = decodedWriter(out, model, modelConfig(model).inputShape);
  await requireWritable(out, [path, stream!]);
  const file = await opened(model, { path: stream!, name: basename(stream!, ".isth") }, options);
  if (!arePictures(file.latents)) return await decodeToFile(model, file.latents, options, write);
  const pictures = await writePictureFile(context, out, file, decodeEach);
  return pictureReport(pictures, [lostReport(file.latents)], options);
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
  model: Model,
  latents: DecodedLatents,
  options: DecodeOptions,
  write: DecodedWriter,
): Promise<Report> {
  const { inputShape } = modelConfig(model);
  const values = await reconstruct(model, latents, options);
  await writeFileAtomic(options.out, write(values, latents.items, latents.streams));
  const { json, lines } = lostReport(latents);
  const runtime = runtimeOf(options);
  const what = `${grouped(latents.items)} items of shape [${inputShape.join(", ")}]`;
  return {
    json: { items: latents.items, shape: [latents.items, ...inputShape], runtime, out: options.out, ...json },
    lines: [...lines, `${what} decoded by ${runtime} -> ${options.out}`],
  };
}

function pictureReport(
  pictures: readonly DecodedPicture[],
  lost: readonly LostReport[],
  options: DecodeOptions,
): Report {
  const lines = pictures.map(({ name, width, height, channels }) => {
    const tone = channels === 1 ? "grey" : channels === 3 ? "colour" : `${channels} channels`;
    return `${name}  ${width} x ${height} pixels, ${tone}`;
  });
  const some = lost.flatMap(({ json }) => json.lost ?? []);
  const count = `${grouped(pictures.length)} ${pictures.length === 1 ? "picture" : "pictures"}`;
  const runtime = runtimeOf(options);
  return {
    json: {
      ...{ pictures: pictures.map((one) => ({ ...one })), runtime, out: options.out },
      ...(some.length > 0 && { lost: some }),
    },
    lines: [...lost.flatMap((one) => one.lines), ...lines, `${count} decoded by ${runtime} -> ${options.out}`],
  };
}

function runtimeOf({ onnx }: DecodeOptions): string {
  return onnx === undefined ? "wasm" : "onnxruntime-node";
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

/** By our engine as one picture; onnxruntime has a decoder of tiles, which may show their edges. */
async function decodePicturesOf(
  model: Model,
  latents: DecodedLatents,
  options: DecodeOptions,
  { put, onShare }: { readonly put: (picture: Picture) => Promise<void>; readonly onShare: OnShare },
): Promise<void> {
  if (options.onnx === undefined) {
    return await withEngine(options, async (engine) => {
      for await (const picture of decodePictures(engine, model, latents, onShare)) await put(picture);
    });
  }
  const shape = tileShape(model);
  const values = await decodeWithOnnx(model, latents, options.onnx);
  let at = 0;
  for (const { items, geometry } of latents.streams ?? []) {
    const size = items * featureCount(modelConfig(model));
    await put(joinTiles(values.subarray(at, at + size), geometry!, shape));
    at += size;
  }
}

async function reconstruct(model: Model, latents: DecodedLatents, options: DecodeOptions): Promise<Float32Array> {
  if (options.onnx !== undefined) return decodeWithOnnx(model, latents, options.onnx);
  return withEngine(options, (engine) => decodeItems(engine, model, latents));
}

async function decodeWithOnnx(model: Model, latents: DecodedLatents, path: string): Promise<Float32Array> {
  const { bytes } = await openOnnxFile(path, { external: "find" });
  requireDecoderOf(
    model,
    path,
    namingFile(path, () => describeOnnx(bytes)),
  );
  const session = await openOnnx(await requireOnnxRuntime(", or decode without --onnx"), path);
  try {
    return await decodeInBatches(latents, async (data, size) => {
      const { reconstruction } = await session.run({ z: { shape: [size, latents.dims], data } });
      if (reconstruction?.data.length !== size * featureCount(modelConfig(model))) {
        throw new UsageError(`${path} makes items of another shape than the model`);
      }
      return reconstruction.data;
    });
  } finally {
    await session.release();
  }
}

function requireDecoderOf(model: Model, path: string, { inputs, outputs, metadata }: OnnxDescription): void {
  const names = (ports: OnnxDescription["inputs"]) => ports.map(({ name }) => name).join(", ");
  if (names(inputs) !== "z" || !outputs.some(({ name }) => name === "reconstruction")) {
    throw new UsageError(`${path} is no decoder (z -> reconstruction): it makes ${names(outputs)} of ${names(inputs)}`);
  }
  const values = metadata["isthmus.values"];
  if (values !== undefined) {
    throw new UsageError(`${path} gives items as ${values}, decode takes them as the network gives them`);
  }
  const hash = metadata["isthmus.decoder_hash"];
  const { decoder } = modelHashes(model);
  if (hash !== undefined && hash !== decoder) {
    throw new UsageError(
      `${path} was exported from another model (decoder ${hash.slice(0, 16)}, this model's is ${decoder.slice(0, 16)})`,
    );
  }
}
