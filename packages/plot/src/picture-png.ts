import { encode } from "fast-png";

export interface Pixels {
  readonly height: number;
  readonly width: number;
  /** 1 or 3. */
  readonly channels: number;
  /** [height, width, channels], 8 bits each. */
  readonly pixels: Uint8Array;
}

/** A PNG of one picture as it is. */
export function pngOf({ height, width, channels, pixels }: Pixels): Uint8Array {
  return encode({ width, height, channels, depth: 8, data: pixels });
}

/** Values from 0 to 1 as 8 bits hold them; what is beyond is cut. */
export function levels(values: Float32Array): Uint8Array {
  const all = new Uint8Array(values.length);
  // `Uint8Array.from` takes twenty times as long.
  for (let i = 0; i < all.length; i++) all[i] = Math.min(255, Math.max(0, Math.round(255 * values[i]!)));
  return all;
}

/** Whether items of this shape can be drawn: [height, width, 1 or 3]. */
export function isImageShape(shape: readonly number[]): boolean {
  return shape.length === 3 && (shape[2] === 1 || shape[2] === 3);
}
