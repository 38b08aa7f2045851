import { readdir } from "node:fs/promises";
import { IsthmusError } from "@isthmus/math";
import type { Metadata, Sharp } from "sharp";
import type { Dataset } from "../dataset.ts";
import { fileCall } from "./files.ts";

const PICTURE = /\.(png|jpe?g|webp)$/i;
const FORMATS: ReadonlySet<string> = new Set(["png", "jpeg", "webp"]);
/** The most pixels of a picture: what a small compressed file can claim is bounded before memory is taken. */
const MOST_PIXELS = 2 ** 26;

/**
 * The PNG, JPEG and WebP pictures in a folder and the folders in it: their paths inside it, in order.
 *
 * @throws IsthmusError `DATA_IMAGES` where there are none, `FILE_READ` for the folder
 */
export async function pictureFiles(folder: string): Promise<string[]> {
  const entries = await fileCall("FILE_READ", folder, () => readdir(folder, { recursive: true }));
  const paths = entries.filter((path) => PICTURE.test(path)).sort();
  if (paths.length === 0) throw imagesError(folder, "no PNG, JPEG or WebP pictures in it");
  return paths;
}

export interface LoadPictureOptions {
  /** 3 for colour, 1 for grey. A grey picture is the same in all of three channels. Default: 3. */
  readonly channels?: 1 | 3;
  /** With one channel: gives the brightness of a picture in colour, which is refused otherwise. Default: false. */
  readonly fromColour?: boolean;
  /** Red, green and blue, 0 to 255, of what a picture that is not opaque is laid on. Default: it is refused. */
  readonly background?: readonly [red: number, green: number, blue: number];
}

/**
 * A PNG, JPEG or WebP picture of any size as a set of one item, u8 [height, width, channels], turned as its camera says.
 *
 * @throws IsthmusError `DATA_IMAGES` naming the file: it cannot be read, has more than 2^26 pixels or another format; or,
 * told as `details.unfit`, has `"colour"` or `"transparency"` that it is not to have
 */
export async function loadPicture(path: string, options: LoadPictureOptions = {}): Promise<Dataset> {
  const { channels = 3, fromColour = false, background } = options;
  return await readable(path, async () => {
    const { picture, metadata } = await openPicture(path);
    if (metadata.hasAlpha && !background && !(await (await openPicture(path)).picture.stats()).isOpaque) {
      throw imagesError(path, "it is not opaque", { unfit: "transparency" });
    }
    const [r, g, b] = background ?? [0, 0, 0];
    const opaque = picture.autoOrient().flatten({ background: { r, g, b } });
    const { values, width, height } = await toned(path, opaque, fromColour ? channels : 3);
    const pixels = channels === 1 && !fromColour ? greyOf(path, values) : values;
    const shape = [height, width, channels];
    return { name: path, items: 1, shape, values: pixels, scale: 1 / 255, provenance: { source: path } };
  });
}

/** One channel of a picture that has the same in all three. */
function greyOf(path: string, colours: Uint8Array): Uint8Array {
  const grey = new Uint8Array(colours.length / 3);
  for (let i = 0; i < grey.length; i++) {
    grey[i] = colours[3 * i]!;
    if (colours[3 * i + 1] === grey[i] && colours[3 * i + 2] === grey[i]) continue;
    throw imagesError(path, "it is in colour, and one channel of grey is asked for", { unfit: "colour" });
  }
  return grey;
}

interface OpenedPicture {
  readonly picture: Sharp;
  readonly metadata: Metadata;
}

/** One module for all pictures, loaded when the first is read. */
export async function openPicture(path: string): Promise<OpenedPicture> {
  const { default: sharp } = await import("sharp");
  const picture = sharp(path, { limitInputPixels: MOST_PIXELS });
  const metadata = await picture.metadata();
  if (!FORMATS.has(metadata.format)) throw imagesError(path, `expected PNG, JPEG or WebP, got ${metadata.format}`);
  return { picture, metadata };
}

/** The pixels of a picture, grey or in colour, 8 bits each. */
export async function toned(
  path: string,
  picture: Sharp,
  channels: 1 | 3,
): Promise<{ readonly values: Uint8Array; readonly width: number; readonly height: number }> {
  const shades = channels === 1 ? picture.greyscale() : picture.toColourspace("srgb");
  const { data, info } = await shades.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  if (info.channels === channels) return { values: data, width: info.width, height: info.height };
  throw imagesError(path, `expected ${channels} channels, got ${info.channels}`);
}

/** What sharp finds wrong, with the file's name and in one line. */
export async function readable<T>(path: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    if (cause instanceof IsthmusError || !(cause instanceof Error)) throw cause;
    const reason = cause.message.replaceAll(/\s*\n\s*/g, "; ");
    throw imagesError(path, `cannot be read as a picture (${reason})`, {}, { cause });
  }
}

export function imagesError(
  path: string,
  what: string,
  details: Readonly<Record<string, string>> = {},
  options: ErrorOptions = {},
): IsthmusError {
  return new IsthmusError("DATA_IMAGES", `${path}: ${what}`, { path, ...details }, options);
}
