/** Drawings as pixels. */
import { UsageError } from "@isthmus/command-line/node";
import type { Sharp } from "sharp";
import { extname } from "node:path";

/** Pixels per inch: twice as many to each side as a drawing says, for screens with fine pixels and for paper. */
const DENSITY = 2 * 72;

/** Whether a file of this name holds pixels. */
export function isRasterName(path: string): boolean {
  return [".png", ".apng"].includes(extname(path).toLowerCase());
}

/**
 * Finds out before the work begins whether a drawing can be written to a file of this name: pixels need a font of this machine.
 *
 * @throws UsageError where there is none, or nothing to draw with
 */
export async function requireRaster(out: string): Promise<void> {
  if (!isRasterName(out)) return;
  const [narrow, wide] = await Promise.all(["iiii", "WWWW"].map(inkOf));
  if (narrow !== wide) return;
  throw new UsageError(`${out}: no font is installed to write a chart's words with; write .svg instead`);
}

/** A drawing as a file of this name has it: as it is, or as a PNG. */
export async function chartBytes(out: string, svg: string): Promise<Uint8Array> {
  return isRasterName(out) ? await rasterised(svg) : new TextEncoder().encode(svg);
}

async function rasterised(svg: string): Promise<Uint8Array> {
  const image = await open(svg);
  return image.withDensity(DENSITY).png({ compressionLevel: 9 }).toBuffer();
}

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** [height, width, 4] */
  readonly pixels: Uint8Array;
}

/** A drawing as opaque pixels, red, green, blue and alpha. */
export async function pixelsOf(svg: string): Promise<Pixels> {
  const image = await open(svg);
  const { data, info } = await image.ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, pixels: data };
}

/** How many pixels a word inks; without a font every letter is the same box. */
async function inkOf(word: string): Promise<number> {
  const text = `<text x="4" y="24" font-size="20" font-family="sans-serif">${word}</text>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="120" height="32">${text}</svg>`;
  const { pixels } = await pixelsOf(svg);
  return pixels.reduce((sum, byte) => sum + 255 - byte, 0);
}

/** On white paper. */
async function open(svg: string): Promise<Sharp> {
  const sharp = await loaded();
  return sharp(new TextEncoder().encode(svg), { density: DENSITY }).flatten({ background: "#ffffff" });
}

/** One module for all pixels, loaded when the first are made. */
async function loaded() {
  try {
    return (await import("sharp")).default;
  } catch (error) {
    const [reason] = (error as Error).message.split("\n");
    throw new UsageError(`pixels are drawn by sharp, which cannot be loaded (${reason}); write .svg instead`, {
      cause: error,
    });
  }
}
