import { writeNpy } from "@isthmus/data";
import { writeFileAtomic } from "@isthmus/data/node";
import type { Images, PngGridOptions } from "@isthmus/plot/png";
import { extname } from "node:path";
import { UsageError } from "../errors.ts";
import { isImageShape, picture as png } from "../pictures.ts";
import { type Overlay, signalFigure } from "./signals.ts";

/** Something to look at, and what it shows in words, for whoever cannot see it. */
export type Picture = ItemPicture | ChartPicture;

/** Items side by side: images, or lines where items are none. */
export interface ItemPicture {
  readonly kind: "items";
  readonly images: Images;
  readonly grid: PngGridOptions;
  /** Which items share a panel as lines. Default: those of a row. */
  readonly overlays?: readonly Overlay[];
  readonly alt: string;
}

/** A drawing. */
export interface ChartPicture {
  readonly kind: "chart";
  readonly svg: string;
  readonly alt: string;
}

/** Throws `UsageError` unless a picture of this kind can be written to a file of this name; items are of `shape`. */
export function requireEnding(out: string, kind: Picture["kind"], shape: readonly number[]): void {
  const ending = extname(out).toLowerCase();
  const endings = kind === "chart" ? [".svg"] : [isImageShape(shape) ? ".png" : ".svg", ".npy"];
  if (endings.includes(ending)) return;
  const why = kind === "items" && ending === ".png" ? `; items of shape [${shape.join(", ")}] are not images` : "";
  throw new UsageError(`--out expected a name ending in ${endings.join(" or ")}, got ${out}${why}`);
}

/** The picture itself: an SVG drawing, or the bytes of a PNG. */
export async function drawn(picture: Picture): Promise<string | Uint8Array> {
  if (picture.kind === "chart") return picture.svg;
  const { images, grid } = picture;
  return isImageShape(images.shape) ? png(images, grid) : signalFigure(picture);
}

/** Writes what the file's ending asks for: the picture, or the values that it shows. */
export async function writePicture(out: string, picture: Picture): Promise<void> {
  const values = picture.kind === "items" && extname(out).toLowerCase() === ".npy";
  const content = values ? npy(picture.images) : await drawn(picture);
  await writeFileAtomic(out, typeof content === "string" ? new TextEncoder().encode(content) : content);
}

function npy({ shape, values }: Images): Uint8Array {
  const size = shape.reduce((product, length) => product * length, 1);
  return writeNpy({ shape: [values.length / size, ...shape], values });
}
