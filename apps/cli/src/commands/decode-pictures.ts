import type { SelectedEngine } from "@isthmus/backend";
import { UsageError } from "@isthmus/command-line/node";
import {
  type DecodedLatents,
  decodePictures,
  joinTiles,
  type OnShare,
  type Picture,
  tileShape,
} from "@isthmus/compress";
import { writeNpy } from "@isthmus/data";
import { writeFileAtomic } from "@isthmus/data/node";
import type { Model } from "@isthmus/graph";
import { isImageShape, levels, pngOf } from "@isthmus/plot/png";
import { extname } from "node:path";
import { type EngineOptions, toRun, withEngine } from "../engines.ts";
import type { InputFile } from "../input-files.ts";
import { writeNewFolder } from "../new-folder.ts";
import { decodeWithOnnx } from "../onnx-decoder.ts";
import { ProgressLine, shareText } from "../progress.ts";
import type { Context } from "./command.ts";

/** A file of streams, and its latents. */
export interface StreamFile extends InputFile {
  readonly latents: DecodedLatents;
}

/** Where decoded pictures go, one by one. */
interface To {
  readonly put: (picture: Picture) => Promise<void>;
  readonly onShare: OnShare;
}

/** Decodes the pictures of latents, and tells what did so. */
export type DecodeEach = (latents: DecodedLatents, to: To) => Promise<string>;

/** A picture that was decoded. */
interface DecodedPicture {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

export interface DecodedPictures {
  readonly pictures: readonly DecodedPicture[];
  /** What decoded. */
  readonly runtime: string;
}

interface HowOptions extends EngineOptions, To {
  readonly onnx?: string;
}

/** By one of our engines as one picture; onnxruntime has a decoder of tiles, which may show their edges. */
export async function decodePicturesOf(
  { console }: Context,
  model: Model,
  latents: DecodedLatents,
  { onnx, put, onShare, ...options }: HowOptions,
): Promise<string> {
  if (onnx === undefined) {
    const decoded = async (engine: SelectedEngine): Promise<string> => {
      for await (const picture of decodePictures(engine, model, latents, onShare)) await put(picture);
      return engine.selection.engine;
    };
    return await withEngine(options, decoded, toRun("the decoder", model.decoder, console));
  }
  const shape = tileShape(model);
  const values = await decodeWithOnnx(model, latents, onnx);
  let at = 0;
  for (const { items, geometry } of latents.streams!) {
    const size = items * shape[0] * shape[1] * shape[2];
    await put(joinTiles(values.subarray(at, at + size), geometry!, shape));
    at += size;
  }
  return "onnxruntime-node";
}

/** Whether each stream of a file says what picture it is of. */
export function arePictures({ streams = [] }: DecodedLatents): boolean {
  return streams.length > 0 && streams.every(({ geometry }) => geometry);
}

/** Pictures to a new folder of `.png`, named like the streams' files, with a number where there are several in one. */
export async function writePictureFolder(
  context: Context,
  out: string,
  files: AsyncIterable<StreamFile>,
  decode: DecodeEach,
): Promise<DecodedPictures> {
  const all: DecodedPicture[] = [];
  let runtime = "";
  await writeNewFolder(out, async (put) => {
    for await (const file of files) {
      const decoded = await decodeFile(context, file, decode, (name, picture) => put(`${name}.png`, pngBytes(picture)));
      all.push(...decoded.pictures);
      runtime = decoded.runtime;
    }
  });
  return { pictures: all, runtime };
}

/** The pictures of one file to a `.png`, of one, or a `.npy`, of one size, values from 0 to 1. */
export async function writePictureFile(
  context: Context,
  out: string,
  file: StreamFile,
  decode: DecodeEach,
): Promise<DecodedPictures> {
  if (extname(out).toLowerCase() === ".npy") return await writeArray(context, out, file, decode);
  const count = file.latents.streams!.length;
  if (count > 1) throw new UsageError(`${file.path} holds ${count} pictures; name a folder in place of ${out}`);
  return await decodeFile(context, file, decode, (_, picture) => writeFileAtomic(out, pngBytes(picture)));
}

async function decodeFile(
  { console }: Context,
  { path, name, latents }: StreamFile,
  decode: DecodeEach,
  put: (name: string, picture: Picture) => Promise<void>,
): Promise<DecodedPictures> {
  const progress = new ProgressLine(console);
  const pictures: DecodedPicture[] = [];
  const count = latents.streams!.length;
  const one = async (picture: Picture): Promise<void> => {
    const { width, height, channels } = picture;
    const number = String(pictures.length + 1).padStart(String(count).length, "0");
    const own = count === 1 ? name : `${name}-${number}`;
    await put(own, picture);
    pictures.push({ name: own, width, height, channels });
  };
  const onShare = (share: number): void =>
    progress.show(() => `${pictures.length + 1}/${count} ${shareText(share)}  ${path}`);
  try {
    return { pictures, runtime: await decode(latents, { put: one, onShare }) };
  } finally {
    progress.clear();
  }
}

function pngBytes(picture: Picture): Uint8Array {
  const { height, width, channels, values } = picture;
  if (isImageShape([height, width, channels])) return pngOf({ height, width, channels, pixels: levels(values) });
  throw new UsageError(`pictures of ${channels} channels cannot be shown; write a .npy in place of .png`);
}

/** [pictures, height, width, channels] */
async function writeArray(
  context: Context,
  out: string,
  file: StreamFile,
  decode: DecodeEach,
): Promise<DecodedPictures> {
  const sizes = file.latents.streams!.map(({ geometry }) => geometry!);
  const { height, width, channels } = sizes[0]!;
  const other = sizes.find((one) => one.height !== height || one.width !== width);
  if (other) {
    const text = `${width} x ${height} and ${other.width} x ${other.height}`;
    throw new UsageError(`the pictures have several sizes, ${text}; name a folder in place of ${out}`);
  }
  const pictures: Float32Array[] = [];
  const decoded = await decodeFile(context, file, decode, async (_, { values }) => void pictures.push(values));
  const values = new Float32Array(sizes.length * height * width * channels);
  pictures.forEach((picture, at) => values.set(picture, at * picture.length));
  await writeFileAtomic(out, writeNpy({ shape: [sizes.length, height, width, channels], values }));
  return decoded;
}
