import type { DecodedLatents, Picture } from "@isthmus/compress";
import { writeNpy } from "@isthmus/data";
import { writeFileAtomic } from "@isthmus/data/node";
import { extname } from "node:path";
import { UsageError } from "../errors.ts";
import type { InputFile } from "../input-files.ts";
import { writeNewFolder } from "../new-folder.ts";
import { isImageShape, levels, pngOf } from "../pictures.ts";
import { ProgressLine, shareText } from "../progress.ts";
import type { Context } from "./command.ts";

/** A file of streams, and its latents. */
export interface StreamFile extends InputFile {
  readonly latents: DecodedLatents;
}

/** Decodes the pictures of latents one by one. */
export type DecodeEach = (
  latents: DecodedLatents,
  put: (picture: Picture) => Promise<void>,
  onShare: (share: number) => void,
) => Promise<void>;

/** A picture that was decoded. */
export interface DecodedPicture {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
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
): Promise<DecodedPicture[]> {
  const decoded: DecodedPicture[] = [];
  await writeNewFolder(out, async (put) => {
    for await (const file of files) {
      decoded.push(
        ...(await decodeFile(context, file, decode, (name, picture) => put(`${name}.png`, pngBytes(picture)))),
      );
    }
  });
  return decoded;
}

/** The pictures of one file to a `.png`, of one, or a `.npy`, of one size, values from 0 to 1. */
export async function writePictureFile(
  context: Context,
  out: string,
  file: StreamFile,
  decode: DecodeEach,
): Promise<DecodedPicture[]> {
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
): Promise<DecodedPicture[]> {
  const progress = new ProgressLine(console);
  const decoded: DecodedPicture[] = [];
  const count = latents.streams!.length;
  const one = async (picture: Picture): Promise<void> => {
    const { width, height, channels } = picture;
    const number = String(decoded.length + 1).padStart(String(count).length, "0");
    const own = count === 1 ? name : `${name}-${number}`;
    await put(own, picture);
    decoded.push({ name: own, width, height, channels });
  };
  const onShare = (share: number): void =>
    progress.show(() => `${decoded.length + 1}/${count} ${shareText(share)}  ${path}`);
  try {
    await decode(latents, one, onShare);
  } finally {
    progress.clear();
  }
  return decoded;
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
): Promise<DecodedPicture[]> {
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
