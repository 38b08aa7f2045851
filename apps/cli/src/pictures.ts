import { UsageError } from "@isthmus/command-line/node";
import { type Images, isImageShape, pngGrid, type PngGridOptions } from "@isthmus/plot/png";

/** A PNG of items side by side; items that are no images are the user's to know. */
export function picture(images: Images, options: PngGridOptions = {}): Uint8Array {
  requireImages(images.shape);
  return pngGrid(images, options);
}

/** Throws `UsageError` unless items of this shape can be drawn. */
export function requireImages(shape: readonly number[]): void {
  if (isImageShape(shape)) return;
  throw new UsageError(`items of shape [${shape.join(", ")}] are not images; write .npy instead of .png`);
}
