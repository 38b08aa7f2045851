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
  const across = Math.min(columns ?? Math.ceil(Math.sqrt(count)), count);
  const down = Math.ceil(count / across);
  const side = Math.max(across * width, down * height);
  const factor = Math.max(1, Math.min(LARGEST_FACTOR, Math.floor(MAGNIFIED_SIDE / side)));
  const [tileWidth, tileHeight] = [width * factor + 1, height * factor + 1];
  const grid = { width: across * tileWidth + 1, height: down * tileHeight + 1 };
  const data = new Uint8Array(grid.width * grid.height * channels).fill(255);
  const draw = (index: number, x: number, y: number) => {
    const left = (index % across) * tileWidth + 1 + x;
    const top = Math.floor(index / across) * tileHeight + 1 + y;
    const from = ((index * height + Math.floor(y / factor)) * width + Math.floor(x / factor)) * channels;
    const to = (top * grid.width + left) * channels;
    for (let channel = 0; channel < channels; channel++) data[to + channel] = toByte(values[from + channel] as number);
  };
  for (let index = 0; index < count; index++) {
    for (let y = 0; y < height * factor; y++) {
      for (let x = 0; x < width * factor; x++) draw(index, x, y);
    }
  }
  return encode({ ...grid, channels, depth: 8, data });
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
