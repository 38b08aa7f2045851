import { encode } from "fast-png";
import { forEachInk, TEXT_HEIGHT, textWidth } from "./pixel-font.ts";

/** Values in [0, 1] of images `[height, width, channels]`, one after the other; one channel is grey, three are colour. */
export interface Images {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface PngGridOptions {
  /** Images to a row. Default: as many as make a square. */
  readonly columns?: number;
  /** White pixels between images. Default: 1. */
  readonly gap?: number;
  /** Left of each row. */
  readonly rowLabels?: readonly string[];
  /** Above each column. */
  readonly columnLabels?: readonly string[];
}

/** Small images are magnified by a whole factor, as long as the images together stay below this many pixels a side. */
const MAGNIFIED_SIDE = 1600;
const LARGEST_FACTOR = 4;

/** Between text and images, and around text. */
const PADDING = 4;
const WHITE = 255;
const INK = 31;

/**
 * A PNG of images side by side. Values outside [0, 1] are clipped. The same images give the same bytes.
 *
 * @throws RangeError for a shape that is no image's, no images, values that are no whole number of images, and options
 * out of range
 */
export function pngGrid({ shape, values }: Images, options: PngGridOptions = {}): Uint8Array {
  const [height, width, channels] = imageShape(shape);
  const count = values.length / (height * width * channels);
  if (count === 0) throw new RangeError(`"values" expected at least one image, got none`);
  if (!Number.isInteger(count)) throw new RangeError(`"values" expected whole images, got ${count}`);
  const layout = layOut(count, height, width, options);
  const canvas = { ...layout.size, channels, data: new Uint8Array(layout.size.width * layout.size.height * channels) };
  canvas.data.fill(WHITE);
  drawImages(canvas, layout, { shape, values });
  drawLabels(canvas, layout, options);
  return encode({ width: canvas.width, height: canvas.height, channels, depth: 8, data: canvas.data });
}

interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

/** Tiles of magnified images with a gap around each, and margins for labels, in pixels. */
interface Layout {
  readonly across: number;
  readonly down: number;
  readonly factor: number;
  /** Where the first image begins. */
  readonly origin: readonly [x: number, y: number];
  /** From image to image. */
  readonly pitch: readonly [x: number, y: number];
  readonly size: { readonly width: number; readonly height: number };
  readonly margin: { readonly left: number; readonly top: number };
  /** By how much the text is magnified. */
  readonly text: number;
}

function layOut(count: number, height: number, width: number, options: PngGridOptions): Layout {
  const { columns = Math.ceil(Math.sqrt(count)), gap = 1, rowLabels = [], columnLabels = [] } = options;
  requireWhole("columns", columns, 1);
  requireWhole("gap", gap, 0);
  const across = Math.min(columns, count);
  const down = Math.ceil(count / across);
  const side = Math.max(across * width, down * height);
  const factor = Math.max(1, Math.min(LARGEST_FACTOR, Math.floor(MAGNIFIED_SIDE / side)));
  const pitch = [width * factor + gap, height * factor + gap] as const;
  const text = textScale(pitch, rowLabels, columnLabels);
  const left = rowLabels.length > 0 ? text * Math.max(...rowLabels.map(textWidth)) + 2 * PADDING : 0;
  const top = columnLabels.length > 0 ? text * TEXT_HEIGHT + 2 * PADDING : 0;
  const size = { width: left + across * pitch[0] + gap, height: top + down * pitch[1] + gap };
  return { across, down, factor, pitch, text, margin: { left, top }, origin: [left + gap, top + gap], size };
}

/** Text is as large as the tiles allow, up to twice its pixels. */
function textScale(
  [pitchX, pitchY]: readonly [number, number],
  rowLabels: readonly string[],
  columnLabels: readonly string[],
): number {
  const fits = (scale: number) =>
    columnLabels.every((label) => textWidth(label) * scale + PADDING <= pitchX) &&
    (rowLabels.length === 0 || TEXT_HEIGHT * scale <= pitchY);
  return fits(2) ? 2 : 1;
}

function drawImages(canvas: Canvas, { across, factor, origin, pitch }: Layout, { shape, values }: Images): void {
  const [height, width, channels] = shape as readonly [number, number, number];
  const size = height * width;
  for (let pixel = 0; pixel < values.length / channels; pixel++) {
    const image = Math.floor(pixel / size);
    const [row, column] = [Math.floor((pixel % size) / width), pixel % width];
    const x = origin[0] + (image % across) * pitch[0] + column * factor;
    const y = origin[1] + Math.floor(image / across) * pitch[1] + row * factor;
    for (let channel = 0; channel < channels; channel++) {
      fill(canvas, x, y, factor, channel, toByte(values[pixel * channels + channel] as number));
    }
  }
}

/** One channel of a square. */
function fill({ width, channels, data }: Canvas, x: number, y: number, side: number, channel: number, byte: number) {
  for (let row = y; row < y + side; row++) {
    for (let column = x; column < x + side; column++) data[(row * width + column) * channels + channel] = byte;
  }
}

function drawLabels(canvas: Canvas, layout: Layout, { rowLabels = [], columnLabels = [] }: PngGridOptions): void {
  const { across, down, origin, pitch, text, margin } = layout;
  rowLabels.slice(0, down).forEach((label, row) => {
    const middle = origin[1] + row * pitch[1] + (pitch[1] - text * TEXT_HEIGHT) / 2;
    drawText(canvas, label, margin.left - PADDING - text * textWidth(label), Math.floor(middle), text);
  });
  columnLabels.slice(0, across).forEach((label, column) => {
    const shown = shortened(label, pitch[0], text);
    const middle = origin[0] + column * pitch[0] + (pitch[0] - text * textWidth(shown)) / 2;
    drawText(canvas, shown, Math.floor(middle), PADDING, text);
  });
}

/** As many characters as stand above one column. */
function shortened(label: string, pitch: number, scale: number): string {
  const characters = Array.from(label);
  while (characters.length > 1 && textWidth(characters.join("")) * scale > pitch) characters.pop();
  return characters.join("");
}

function drawText(canvas: Canvas, text: string, left: number, top: number, scale: number): void {
  forEachInk(text, (x, y) => {
    const [at, below] = [left + x * scale, top + y * scale];
    if (at < 0 || at + scale > canvas.width) return;
    for (let channel = 0; channel < canvas.channels; channel++) fill(canvas, at, below, scale, channel, INK);
  });
}

function toByte(value: number): number {
  return Math.round(Math.min(1, Math.max(0, value)) * WHITE);
}

function imageShape(shape: readonly number[]): readonly [number, number, number] {
  const [height, width, channels] = shape;
  if (shape.length !== 3 || !height || !width || (channels !== 1 && channels !== 3)) {
    throw new RangeError(`"shape" expected [height, width, 1 or 3], got [${shape.join(", ")}]`);
  }
  return [height, width, channels];
}

function requireWhole(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new RangeError(`"${name}" expected a whole number >= ${least}, got ${value}`);
}
