import { IsthmusError } from "@isthmus/math";
import { context2d } from "../pixels/paint.ts";
import type { Rgba } from "../pixels/planes.ts";

/** Larger pictures are made smaller by the browser first. */
const MOST_PIXELS_ACROSS = 1024;

/** The pixels of a picture file, or of a frame of a video. */
export async function decodedPicture(source: Blob | HTMLVideoElement): Promise<Rgba> {
  const bitmap = await bitmapOf(source);
  const scale = Math.min(1, MOST_PIXELS_ACROSS / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = context2d(canvas);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

async function bitmapOf(source: Blob | HTMLVideoElement): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(source);
  } catch (error) {
    throw new IsthmusError("PICTURE_INVALID", "this browser cannot read it as a picture", {}, { cause: error });
  }
}
