import { join, sep } from "node:path";
import type { Dataset } from "../dataset.ts";
import { DESCRIPTION_VERSION, type ImageFit, type ImagesDescription } from "../description.ts";
import { imagesError, openPicture, pictureFiles, readable, toned } from "./picture-files.ts";

export interface LoadImagesOptions {
  /** Pixels. Default: the size that all pictures have. */
  readonly width?: number;
  readonly height?: number;
  /** How pictures of another shape come to that size. Default: `"crop"`. */
  readonly fit?: ImageFit;
  /** One channel instead of three. Default: false. */
  readonly grey?: boolean;
  /** Takes the name of each picture's folder, inside this one, for its label. Default: false. */
  readonly labels?: boolean;
  /** The labels' names in their order, where these are settled: pictures are labelled if each lies in a folder of them. */
  readonly classes?: readonly string[];
}

const FITS = { crop: "cover", stretch: "fill", pad: "contain" } as const;
const MOST_BYTES = 2 ** 31;
const AT_ONCE = 4;

/**
 * The PNG, JPEG and WebP pictures in a folder and the folders in it, in the order of their paths, as u8 images
 * [height, width, channels]; turned as their camera says, transparency on black. Other files are passed over.
 *
 * @throws IsthmusError `DATA_IMAGES` naming the file: no pictures, one that cannot be read or has more than 2^26 pixels,
 * pictures of several sizes where none is asked for, one without a folder for its label, or more than 2 GiB in all;
 * `FILE_READ` for the folder.
 */
export async function loadImages(folder: string, options: LoadImagesOptions = {}): Promise<Dataset> {
  const paths = await pictureFiles(folder);
  const labels = labelsOf(folder, paths, options);
  const size = await sizeOf(join(folder, paths[0]!), options);
  const item = {
    kind: "images",
    ...size,
    channels: options.grey ? 1 : 3,
    ...(labels && { labels: labels.names }),
  } as const;
  const description: ImagesDescription = {
    version: DESCRIPTION_VERSION,
    item,
    reading: { fit: options.fit ?? "crop" },
    writing: {},
    source: {},
  };
  const values = await read(folder, paths, description, options);
  return {
    name: folder,
    items: paths.length,
    shape: [size.height, size.width, item.channels],
    values,
    scale: 1 / 255,
    ...(labels && { labels: labels.values, classes: labels.names.classes.length, classNames: labels.names.classes }),
    description,
    provenance: { source: `${paths.length} pictures of ${folder}` },
  };
}

/**
 * One picture as a described set reads its own, u8 [height, width, channels]: brought to that size, grey or in colour.
 *
 * @throws IsthmusError `DATA_IMAGES` naming the file: it cannot be read, has more than 2^26 pixels or another format
 */
export async function loadImage(path: string, { item, reading }: ImagesDescription): Promise<Dataset> {
  const { width, height, channels } = item;
  const wanted = { width, height, channels, fit: reading.fit, asked: true };
  const values = new Uint8Array(await readable(path, () => pixelsOf(path, wanted)));
  const shape = [height, width, channels];
  return { name: path, items: 1, shape, values, scale: 1 / 255, provenance: { source: path } };
}

function labelsOf(folder: string, paths: readonly string[], { labels: asked, classes: known }: LoadImagesOptions) {
  if (!asked && !known) return undefined;
  const names = paths.map((path) => path.slice(0, Math.max(0, path.indexOf(sep))));
  const classes = known ?? [...new Set(names)].sort();
  const strange = names.findIndex((name) => name === "" || !classes.includes(name));
  if (strange >= 0 && !asked) return undefined;
  if (strange >= 0) throw imagesError(join(folder, paths[strange]!), "it lies in no folder that could be its label");
  return { values: Int32Array.from(names, (name) => classes.indexOf(name)), names: { column: "folder", classes } };
}

async function sizeOf(first: string, { width, height }: LoadImagesOptions): Promise<{ width: number; height: number }> {
  if (width !== undefined && height !== undefined) return { width, height };
  const { autoOrient } = await readable(first, async () => (await openPicture(first)).metadata);
  return { width: autoOrient.width, height: autoOrient.height };
}

async function read(
  folder: string,
  paths: readonly string[],
  { item: { width, height, channels }, reading }: ImagesDescription,
  options: LoadImagesOptions,
): Promise<Uint8Array> {
  const size = width * height * channels;
  if (paths.length * size > MOST_BYTES) {
    throw imagesError(folder, `${paths.length} pictures of ${width} x ${height} x ${channels} are more than 2 GiB`);
  }
  const values = new Uint8Array(paths.length * size);
  const asked = options.width !== undefined;
  const one = async (at: number) => {
    const path = join(folder, paths[at]!);
    const pixels = await readable(path, () => pixelsOf(path, { width, height, channels, fit: reading.fit, asked }));
    values.set(pixels, at * size);
  };
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < paths.length) await one(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return values;
}

interface Wanted {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly fit: ImageFit;
  /** Whether the size was asked for, or is that of the first picture. */
  readonly asked: boolean;
}

async function pixelsOf(path: string, { width, height, channels, fit, asked }: Wanted): Promise<Uint8Array> {
  const { picture, metadata } = await openPicture(path);
  const { autoOrient } = metadata;
  const same = autoOrient.width === width && autoOrient.height === height;
  if (!same && !asked) {
    const got = `${autoOrient.width} x ${autoOrient.height} pixels`;
    throw imagesError(path, `${got}, the first picture has ${width} x ${height}; ask for one size`);
  }
  const black = { r: 0, g: 0, b: 0 };
  const upright = picture.autoOrient().flatten({ background: black });
  const sized = same ? upright : upright.resize(width, height, { fit: FITS[fit], background: black });
  return (await toned(path, sized, channels)).values;
}
