import { html } from "./dom.js";

/**
 * A picture from its numbers, drawn and not loaded, so that the page needs no leave to load pictures from anywhere.
 *
 * @param {readonly number[]} values 0 to 255, row after row, the channels of a pixel together
 * @param {{ height: number, width: number, channels: number }} size 1 channel for grey, 3 for red, green, blue
 * @param {string} label
 */
export function picture(values, { height, width, channels }, label) {
  const canvas = html("canvas", { width, height, role: "img", "aria-label": label });
  const pixels = new ImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let colour = 0; colour < 3; colour++) {
      pixels.data[4 * pixel + colour] = values[pixel * channels + Math.min(colour, channels - 1)] ?? 0;
    }
    pixels.data[4 * pixel + 3] = 255;
  }
  canvas.getContext("2d")?.putImageData(pixels, 0, 0);
  return canvas;
}
