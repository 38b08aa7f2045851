import { UsageError } from "@isthmus/command-line/node";
import { writeFileAtomic } from "@isthmus/data/node";
import { elementCount, type Model } from "@isthmus/graph";
import type { Images, PngGridOptions } from "@isthmus/plot/png";
import { extname } from "node:path";
import { decodedWriter, valueEndings } from "../decoded.ts";
import { modelConfig } from "../model-files.ts";
import { isImageShape } from "@isthmus/plot/png";
import { picture as png } from "../pictures.ts";
import { chartBytes, requireRaster } from "../raster.ts";
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

const CHART_ENDINGS = [".svg", ".png"];

/** Throws `UsageError` unless a chart can be written to a file of this name. */
export async function requireChartEnding(out: string): Promise<void> {
  requireOneEnding(out, CHART_ENDINGS);
  await requireRaster(out);
}

/** Throws `UsageError` unless a picture of the model's items, or their values, can be written to a file of this name. */
export async function requireItemsEnding(out: string, model: Model): Promise<void> {
  const isImage = isImageShape(modelConfig(model).inputShape);
  requireOneEnding(out, [...(isImage ? [".png"] : CHART_ENDINGS), ...valueEndings(model)]);
  if (!isImage) await requireRaster(out);
}

function requireOneEnding(out: string, endings: readonly string[]): void {
  if (endings.includes(endingOf(out))) return;
  throw new UsageError(`--out expected a name ending in ${endings.join(" or ")}, got ${out}`);
}

function endingOf(out: string): string {
  return extname(out).toLowerCase();
}

/** The picture itself: an SVG drawing, or the bytes of a PNG. */
export async function drawn(picture: Picture): Promise<string | Uint8Array> {
  if (picture.kind === "chart") return picture.svg;
  const { images, grid } = picture;
  return isImageShape(images.shape) ? png(images, grid) : signalFigure(picture);
}

/** Writes what the file's ending asks for: the picture, or the items that it shows, in the units of the model's data. */
export async function writeItems(out: string, picture: ItemPicture, model: Model): Promise<void> {
  if (!valueEndings(model).includes(endingOf(out))) return writePicture(out, picture);
  const { shape, values } = picture.images;
  await writeFileAtomic(out, decodedWriter(out, model, shape)(values, values.length / elementCount(shape)));
}

/** Writes the picture itself. */
export async function writePicture(out: string, picture: Picture): Promise<void> {
  const content = await drawn(picture);
  await writeFileAtomic(out, typeof content === "string" ? await chartBytes(out, content) : content);
}
