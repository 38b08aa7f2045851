import type { PictureShape } from "../shape.ts";
import { interleaved, type Rgba } from "./planes.ts";
import { type Box, type Plane, resample } from "./resample.ts";

/** Of its 28 pixels a digit of MNIST has 20, and its centre of mass is in the middle. */
const SHARE = 20 / 28;
const LEAST_INK = 16;

/**
 * A drawing, ink white on black, as the digits are that models are trained on (LeCun et al. 1998): fitted into the middle five sevenths of the item,
 * then moved so that its centre of mass is the item's. Nothing where there is no ink.
 */
export function digitItem(drawing: Rgba, shape: PictureShape): Uint8Array | undefined {
  const ink = inkOf(drawing);
  const found = inkBox(ink);
  if (!found) return undefined;
  const size = Math.max(found.width / shape.width, found.height / shape.height) / SHARE;
  const [width, height] = [shape.width * size, shape.height * size];
  const { x, y } = centreOfMass(ink);
  const box = { left: x - width / 2, top: y - height / 2, width, height };
  const plane = resample(ink, box, shape.width, shape.height);
  return interleaved(Array.from({ length: shape.channels }, () => plane));
}

function inkOf({ width, height, data }: Rgba): Plane {
  const values = Float32Array.from(
    { length: width * height },
    (_, pixel) => (data[4 * pixel]! * data[4 * pixel + 3]!) / 255,
  );
  return { width, height, values };
}

function inkBox({ width, values }: Plane): Box | undefined {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  values.forEach((value, i) => {
    if (value < LEAST_INK) return;
    const [x, y] = [i % width, Math.floor(i / width)];
    [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
  });
  return right < left ? undefined : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** In pixels, the middle of pixel 0 being 0.5. */
function centreOfMass({ width, values }: Plane): { x: number; y: number } {
  let [mass, x, y] = [0, 0, 0];
  values.forEach((value, i) => {
    mass += value;
    x += value * ((i % width) + 0.5);
    y += value * (Math.floor(i / width) + 0.5);
  });
  return { x: x / mass, y: y / mass };
}
