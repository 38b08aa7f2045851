import type { PictureShape } from "../shape.ts";
import { type Box, type Plane, resample } from "./resample.ts";

/** Pixels as a canvas has them: four bytes each. */
export interface Rgba {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

/** One plane of 0 to 255 for each channel of the shape; grey is ITU-R BT.601's mix. What is see-through shows white. */
function planesOf({ width, height, data }: Rgba, channels: PictureShape["channels"]): Plane[] {
  const on = (pixel: number, channel: number) => {
    const alpha = data[4 * pixel + 3]! / 255;
    return alpha * data[4 * pixel + channel]! + 255 * (1 - alpha);
  };
  const grey = (pixel: number) => 0.299 * on(pixel, 0) + 0.587 * on(pixel, 1) + 0.114 * on(pixel, 2);
  const plane = (of: (pixel: number) => number) => ({
    ...{ width, height },
    values: Float32Array.from({ length: width * height }, (_, pixel) => of(pixel)),
  });
  return channels === 1 ? [plane(grey)] : [0, 1, 2].map((channel) => plane((pixel) => on(pixel, channel)));
}

/** The largest box of the shape's proportions in the middle of a picture. */
function middleBox(from: { readonly width: number; readonly height: number }, shape: PictureShape): Box {
  const scale = Math.min(from.width / shape.width, from.height / shape.height);
  const [width, height] = [shape.width * scale, shape.height * scale];
  return { left: (from.width - width) / 2, top: (from.height - height) / 2, width, height };
}

/** Planes of 0 to 255 to the bytes of an item, [height, width, channels]. */
export function interleaved(planes: readonly Plane[]): Uint8Array {
  const bytes = new Uint8Array(planes.length * planes[0]!.values.length);
  planes.forEach(({ values }, channel) =>
    values.forEach((value, i) => (bytes[planes.length * i + channel] = Math.round(value))),
  );
  return bytes;
}

/** A picture to the bytes of an item: its middle, in the shape's size. */
export function pictureItem(picture: Rgba, shape: PictureShape, { invert }: { readonly invert: boolean }): Uint8Array {
  const box = middleBox(picture, shape);
  const planes = planesOf(picture, shape.channels).map((plane) => resample(plane, box, shape.width, shape.height));
  const item = interleaved(planes);
  return invert ? item.map((value) => 255 - value) : item;
}
