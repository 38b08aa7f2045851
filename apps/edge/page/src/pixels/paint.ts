import { type PictureShape, sizeOf } from "../shape.ts";

/** Draws an item, [height, width, channels] of 0 to 255, onto a canvas of its size. */
export function paint(canvas: HTMLCanvasElement, shape: PictureShape, item: ArrayLike<number>): void {
  canvas.width = shape.width;
  canvas.height = shape.height;
  draw(context2d(canvas), shape, item);
}

/** Items one below the other, [items, height, width, channels]. */
export function sheetOf(shape: PictureShape, items: ArrayLike<number>): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  const count = items.length / sizeOf(shape);
  canvas.width = shape.width;
  canvas.height = shape.height * count;
  draw(context2d(canvas), { ...shape, height: canvas.height }, items);
  return canvas;
}

function draw(
  context: CanvasRenderingContext2D,
  { width, height, channels }: PictureShape,
  item: ArrayLike<number>,
): void {
  const pixels = context.createImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let c = 0; c < 3; c++) pixels.data[4 * pixel + c] = item[pixel * channels + (channels === 3 ? c : 0)]!;
    pixels.data[4 * pixel + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
}

export function context2d(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  return canvas.getContext("2d", { willReadFrequently: true })!;
}
