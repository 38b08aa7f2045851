import { UsageError } from "@isthmus/command-line/node";
import { encodePicture, type TileShape, tileGrid } from "@isthmus/compress";
import { FRAME_LIMITS } from "@isthmus/codec";
import { latentDims } from "@isthmus/compress";
import { pictureFiles } from "@isthmus/data/node";
import type { Engine, Model } from "@isthmus/graph";
import { stat } from "node:fs/promises";
import { extname } from "node:path";
import { grouped, type Report } from "../console.ts";
import { type EngineChoice, toRun, withEngine } from "../engines.ts";
import { type InputFile, inputFiles, requireOwnNames } from "../input-files.ts";
import { encodedShape } from "../model-files.ts";
import { requireNewFolder, writeNewFolder } from "../new-folder.ts";
import { isStdout, requireWritable, writeResult } from "../outputs.ts";
import { openPicture, pictureChannels, type PictureOptions } from "../picture-codec.ts";
import { ProgressLine, shareText } from "../progress.ts";
import type { Context } from "./command.ts";

export interface EncodePicturesOptions extends PictureOptions {
  readonly quality: number;
  readonly payloads?: number;
  readonly tryDeflate?: boolean;
  readonly engine?: EngineChoice;
  readonly build: string;
  readonly out: string;
}

/** A picture that was encoded. */
interface Encoded {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** In rows of how many, and how many rows. */
  readonly tiles: { readonly across: number; readonly down: number };
  readonly bytes: number;
  readonly fileBytes: number;
}

/** Pictures of any size, each as a stream of its own: all in one file or, where `out` names a folder, each in a file. */
export async function encodePictures(
  { console }: Context,
  { path, model }: { readonly path: string; readonly model: Model },
  named: readonly string[],
  options: EncodePicturesOptions,
): Promise<Report> {
  const { out } = options;
  const channels = pictureChannels(path, model);
  if (options.grey && channels === 3) throw new UsageError(`--grey: ${path} is of pictures in colour`);
  const files = await inputFiles(named, pictureFiles);
  const isFolder = extname(out) === "" && !isStdout(out);
  if (isFolder) {
    requireOwnNames(files);
    await requireNewFolder(out);
  } else {
    await requireWritable(out, [path, ...files.map((file) => file.path)]);
  }
  const progress = new ProgressLine(console);
  const each: Each = (put) =>
    withEngine(options, (engine) => encodeFiles(engine, put), toRun("the encoder", model.encoder, console)).finally(
      () => progress.clear(),
    );
  const encodeFiles = async (engine: Engine, put: Parameters<Each>[0]): Promise<Encoded[]> => {
    const encoded: Encoded[] = [];
    for (const [at, file] of files.entries()) {
      const onShare = (share: number): void =>
        progress.show(() => `${at + 1}/${files.length} ${shareText(share)}  ${file.path}`);
      const { bytes, ...one } = await encodeFile(engine, model, file.path, { ...options, channels, onShare });
      await put(file, bytes);
      encoded.push({ ...one, bytes: bytes.length });
    }
    return encoded;
  };
  const pictures = isFolder ? await intoFolder(out, each) : await intoOne(console, model, out, each);
  return reportOf(pictures, encodedShape(model) as TileShape, out);
}

type Each = (put: (file: InputFile, bytes: Uint8Array) => Promise<void>) => Promise<Encoded[]>;

async function intoFolder(out: string, each: Each): Promise<Encoded[]> {
  let pictures: Encoded[] = [];
  await writeNewFolder(out, async (put) => {
    pictures = await each((file, bytes) => put(`${file.name}.isth`, bytes));
  });
  return pictures;
}

async function intoOne(console: Context["console"], model: Model, out: string, each: Each): Promise<Encoded[]> {
  const streams: Uint8Array[] = [];
  const pictures = await each(async (_, bytes) => void streams.push(bytes));
  const tiles = pictures.reduce((sum, one) => sum + one.tiles.down * one.tiles.across, 0);
  if (tiles * latentDims(model) > FRAME_LIMITS.symbols || tiles > FRAME_LIMITS.items) {
    throw new UsageError(`--out ${out}: the pictures are too large for one file; name a folder`);
  }
  await writeResult(console, out, Buffer.concat(streams));
  return pictures;
}

interface EncodeFileOptions extends EncodePicturesOptions {
  readonly channels: 1 | 3;
  readonly onShare: (share: number) => void;
}

async function encodeFile(engine: Engine, model: Model, file: string, options: EncodeFileOptions) {
  const picture = await openPicture(file, options.channels, options);
  const { width, height, channels } = picture;
  const [down, across] = tileGrid(picture, encodedShape(model) as TileShape);
  if (down * across * latentDims(model) > FRAME_LIMITS.symbols) {
    throw new UsageError(`${file}: ${width} x ${height} pixels are more than one stream holds of this model's tiles`);
  }
  const { quality, payloads, tryDeflate = false, onShare } = options;
  const told = { quality, tryDeflate, onShare, ...(payloads !== undefined && { payloads }) };
  const bytes = await encodePicture(engine, model, picture, told);
  return { file, width, height, channels, tiles: { across, down }, bytes, fileBytes: (await stat(file)).size };
}

function reportOf(pictures: readonly Encoded[], [tileHeight, tileWidth]: TileShape, out: string): Report {
  const pixels = ({ width, height }: Encoded): number => width * height;
  const sum = (of: (one: Encoded) => number): number => pictures.reduce((total, one) => total + of(one), 0);
  const [bytes, fileBytes] = [sum((one) => one.bytes), sum((one) => one.fileBytes)];
  const bitsPerPixel = (8 * bytes) / sum(pixels);
  const lines = pictures.map((one) => {
    const grid = `${one.tiles.across} x ${one.tiles.down} tiles of ${tileWidth} x ${tileHeight}`;
    const share = `${grouped(one.bytes)} bytes, ${((8 * one.bytes) / pixels(one)).toFixed(3)} bits per pixel`;
    return `${one.file}  ${one.width} x ${one.height} pixels, ${grid}: ${share} (the file has ${grouped(one.fileBytes)})`;
  });
  const total = `${grouped(pictures.length)} pictures, ${grouped(bytes)} bytes, ${bitsPerPixel.toFixed(3)} bits per pixel`;
  return {
    json: {
      pictures: pictures.map((one) => ({ ...one, tiles: { ...one.tiles } })),
      bytes,
      bitsPerPixel,
      fileBytes,
      out,
    },
    lines: [...lines, ...(pictures.length > 1 ? [total] : []), `-> ${out}`],
  };
}
