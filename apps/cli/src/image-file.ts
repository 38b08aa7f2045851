import { UsageError } from "@isthmus/command-line/node";
import type { Dataset } from "@isthmus/data";
import { readFileBytes } from "@isthmus/data/node";
import { convertIndexedToRgb, decode } from "fast-png";

/**
 * A PNG as one item of the first of `shapes` [height, width, 1 or 3] that it fits, values in [0, 1]. Grey serves as colour;
 * colour is turned to grey by its luma (ITU-R BT.601).
 *
 * @throws UsageError what is no PNG, has another size or is not opaque
 */
export async function imageItem(path: string, ...shapes: readonly (readonly number[])[]): Promise<Dataset> {
  const picture = opened(path, await readFileBytes(path));
  const fits = ([height, width]: readonly number[]): boolean => picture.height === height && picture.width === width;
  const shape = shapes.find((one) => one.length === 3 && fits(one));
  if (!shape) {
    const got = `${picture.height} rows of ${picture.width} pixels`;
    const wanted = shapes.map((one) => `[${one.join(", ")}]`).join(" or ");
    throw new UsageError(`the model takes items of shape ${wanted}, ${path} has ${got}`);
  }
  const channels = shape[2];
  const values = inChannels(path, picture, channels as number);
  return { name: path, items: 1, shape, values, scale: 1, provenance: { source: path } };
}

interface Picture {
  readonly width: number;
  readonly height: number;
  /** Grey, grey and alpha, colour, colour and alpha. */
  readonly channels: number;
  /** In [0, 1]. */
  readonly values: Float32Array;
}

function opened(path: string, bytes: Uint8Array): Picture {
  try {
    const png = decode(bytes);
    const { width, height } = png;
    const scale = 2 ** png.depth - 1;
    if (png.palette) {
      const colours = convertIndexedToRgb(png);
      return {
        width,
        height,
        channels: colours.length / (width * height),
        values: Float32Array.from(colours, (v) => v / 255),
      };
    }
    return { width, height, channels: png.channels, values: Float32Array.from(png.data, (value) => value / scale) };
  } catch (error) {
    throw new UsageError(`${path} is no PNG that can be read: ${(error as Error).message}`, { cause: error });
  }
}

const LUMA = [0.299, 0.587, 0.114] as const;

function inChannels(path: string, { channels, values, width, height }: Picture, wanted: number): Float32Array {
  const colours = channels > 2 ? 3 : 1;
  const item = new Float32Array(width * height * wanted);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const at = pixel * channels;
    if (channels > colours && values[at + colours] !== 1) throw new UsageError(`${path} is not opaque`);
    const grey = LUMA.reduce((sum, weight, index) => sum + weight * values[at + (colours === 3 ? index : 0)]!, 0);
    for (let channel = 0; channel < wanted; channel++) {
      item[pixel * wanted + channel] =
        wanted === colours || wanted === 3 ? values[at + (colours === 3 ? channel : 0)]! : grey;
    }
  }
  return item;
}
