import sharp, { type Sharp } from "sharp";

/** Grey images of 8 bits, one after the other. */
export interface GreyImages {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/**
 * Images at twice the size by the bicubic interpolation of sharp, 8 bits in and out.
 *
 * - `resize`: as `resize(..., { kernel: "cubic" })` does it. It lies half a pixel of the larger image too far to the right
 *   and down (libvips 8.18).
 * - `centred`: with pixels where the means of 2x2 pixels belong, by `affine`.
 */
export async function bicubicTwice(images: GreyImages, how: "resize" | "centred"): Promise<Uint8Array> {
  const { width, height } = images;
  const larger = { width: 2 * width, height: 2 * height };
  return eachImage(images, 4 * width * height, (image) =>
    how === "resize"
      ? image.resize(larger.width, larger.height, { kernel: "cubic", fit: "fill" })
      : image.affine([2, 0, 0, 2], { interpolator: "bicubic", odx: 0.5, ody: 0.5 }),
  );
}

/** What lies to the right of images if their last column goes on for `columns`, which is bicubic interpolation beyond an edge. */
export async function continuedRight(images: GreyImages, columns: number): Promise<Uint8Array> {
  const { width, height } = images;
  return eachImage(images, columns * height, (image) =>
    image.extract({ left: width - 1, top: 0, width: 1, height }).extend({ right: columns - 1, extendWith: "copy" }),
  );
}

async function eachImage(
  { width, height, pixels }: GreyImages,
  size: number,
  change: (image: Sharp) => Sharp,
): Promise<Uint8Array> {
  const count = pixels.length / (width * height);
  const changed = new Uint8Array(count * size);
  for (let item = 0; item < count; item++) {
    const raw = pixels.subarray(item * width * height, (item + 1) * width * height);
    const image = sharp(raw, { raw: { width, height, channels: 1 } });
    changed.set(await change(image).toColourspace("b-w").raw().toBuffer(), item * size);
  }
  return changed;
}
