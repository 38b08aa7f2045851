import { writeNpy } from "@isthmus/data";
import { writeFileAtomic } from "@isthmus/data/node";
import type { Images, PngGridOptions } from "@isthmus/plot/png";
import { extname } from "node:path";
import { UsageError } from "../errors.ts";
import { picture as png, requireImages } from "../pictures.ts";

/** Something to look at, and what it shows in words, for whoever cannot see it. */
export type Picture = ImagePicture | ChartPicture;

/** Items side by side. */
export interface ImagePicture {
  readonly kind: "images";
  readonly images: Images;
  readonly grid: PngGridOptions;
  readonly alt: string;
}

/** A drawing. */
export interface ChartPicture {
  readonly kind: "chart";
  readonly svg: string;
  readonly alt: string;
}

const ENDINGS = { images: [".png", ".npy"], chart: [".svg"] } as const;

/** Throws `UsageError` unless a picture of this kind can be written to a file of this name; items are of `shape`. */
export function requireEnding(out: string, kind: Picture["kind"], shape: readonly number[]): void {
  const endings: readonly string[] = ENDINGS[kind];
  const ending = extname(out).toLowerCase();
  if (!endings.includes(ending)) {
    throw new UsageError(`--out expected a name ending in ${endings.join(" or ")}, got ${out}`);
  }
  if (ending === ".png") requireImages(shape);
}

/** Writes what the file's ending asks for: the picture, or the values that it shows. */
export async function writePicture(out: string, picture: Picture): Promise<void> {
  await writeFileAtomic(out, pictureBytes(out, picture));
}

function pictureBytes(out: string, picture: Picture): Uint8Array {
  if (picture.kind === "chart") return new TextEncoder().encode(picture.svg);
  const { images, grid } = picture;
  if (extname(out).toLowerCase() === ".png") return png(images, grid);
  const size = images.shape.reduce((product, length) => product * length, 1);
  return writeNpy({ shape: [images.values.length / size, ...images.shape], values: images.values });
}
