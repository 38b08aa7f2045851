import { encode } from "fast-png";
import { UsageError } from "./errors.ts";

/** Values in [0, 1] of images `[height, width, channels]`, one after the other. */
export interface Images {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Small images are magnified by a whole factor, as long as the whole picture stays below this many pixels a side. */
const MAGNIFIED_SIDE = 1600;
const LARGEST_FACTOR = 4;

/** A PNG of images side by side, `columns` to a row, one white pixel between them. */
export function pngGrid({ shape, values }: Images, columns?: number): Uint8Array {
  const [height, width, channels] = imageShape(shape);
  const count = values.length / (height * width * channels);
  if (count === 0) throw new UsageError("there are no items to draw");
  const layout = layOut(count, height, width, columns ?? Math.ceil(Math.sqrt(count)));
  const data = new Uint8Array(layout.width * layout.height * channels).fill(255);
  for (let y = 0; y < layout.height; y++) {
    for (let x = 0; x < layout.width; x++) {
      const pixel = sourcePixel(layout, x, y);
      if (pixel === undefined) continue;
      const from = ((pixel.image * height + pixel.row) * width + pixel.column) * channels;
      const to = (y * layout.width + x) * channels;
      for (let channel = 0; channel < channels; channel++)
        data[to + channel] = toByte(values[from + channel] as number);
    }
  }
  return encode({ width: layout.width, height: layout.height, channels, depth: 8, data });
}

/** Tiles of magnified images with a line of one pixel around each, in pixels. */
interface Layout {
  readonly count: number;
  readonly across: number;
  readonly factor: number;
  /** A tile with one line. */
  readonly pitch: readonly [x: number, y: number];
  readonly width: number;
  readonly height: number;
}

function layOut(count: number, height: number, width: number, columns: number): Layout {
  const across = Math.min(columns, count);
  const down = Math.ceil(count / across);
  const side = Math.max(across * width, down * height);
  const factor = Math.max(1, Math.min(LARGEST_FACTOR, Math.floor(MAGNIFIED_SIDE / side)));
  const pitch = [width * factor + 1, height * factor + 1] as const;
  return { count, across, factor, pitch, width: across * pitch[0] + 1, height: down * pitch[1] + 1 };
}

/** The pixel of which image stands at `x`, `y` of the picture; none on a line or in an empty tile. */
function sourcePixel({ count, across, factor, pitch }: Layout, x: number, y: number) {
  const image = Math.floor(y / pitch[1]) * across + Math.floor(x / pitch[0]);
  const [inX, inY] = [(x % pitch[0]) - 1, (y % pitch[1]) - 1];
  if (inX < 0 || inY < 0 || image >= count || x >= across * pitch[0]) return undefined;
  return { image, row: Math.floor(inY / factor), column: Math.floor(inX / factor) };
}

function toByte(value: number): number {
  return Math.round(Math.min(1, Math.max(0, value)) * 255);
}

function imageShape(shape: readonly number[]): readonly [number, number, number] {
  const [height, width, channels] = shape;
  if (shape.length !== 3 || !height || !width || (channels !== 1 && channels !== 3)) {
    throw new UsageError(`items of shape [${shape.join(", ")}] are not images; write .npy instead of .png`);
  }
  return [height, width, channels];
}
