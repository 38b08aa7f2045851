import { uint32Sequence } from "@isthmus/math";
import type { Dataset } from "./dataset.ts";
import { DIGIT_STYLES, type Stroke } from "./digit-strokes.ts";

export interface SyntheticDigitsOptions {
  /** How many, >= 0. */
  readonly items: number;
  /** 64 bits: a non-negative safe integer, or the two 32-bit words [low, high]. Default: 0. */
  readonly seed?: number | readonly [low: number, high: number];
  /** Splits are drawn from independent random streams. Default: `"train"`. */
  readonly split?: "train" | "test";
}

/** Side of the image, pixels. */
const SIDE = 28;
/** Side of the box a digit is written in before jitter, pixels; MNIST's is the same. */
const BOX = 20;
/** Straight pieces per span between two points of a stroke. */
const PIECES = 4;

/**
 * Digits 0 to 9 written by code: 28 x 28 x 1, u8, ink 255 on 0, labelled, classes about equally frequent.
 *
 * A random style of a random digit is bent, slanted, turned, scaled and moved, and drawn with a round pen of random
 * width whose edge is one pixel soft. Item i is a pure function of (seed, split, i), so a longer set begins with the
 * shorter one, and its bytes are the same on every engine: only + - * / and square roots are used, which IEEE 754
 * rounds alike everywhere.
 *
 * @throws RangeError when `items` is not a whole number >= 0.
 */
export function syntheticDigits(options: SyntheticDigitsOptions): Dataset {
  const { items, seed = 0, split = "train" } = options;
  if (!Number.isInteger(items) || items < 0) throw new RangeError(`items: expected a whole number >= 0, got ${items}`);
  const values = new Uint8Array(items * SIDE * SIDE);
  const labels = new Uint8Array(items);
  const squaredDistances = new Float64Array(SIDE * SIDE);
  for (let item = 0; item < items; item++) {
    const random = uniformSequence(uint32Sequence({ seed, stream: `data.synthetic-digits.${split}`, step: item }));
    const digit = Math.floor(random(0, 10));
    labels[item] = digit;
    const image = values.subarray(item * SIDE * SIDE, (item + 1) * SIDE * SIDE);
    writeDigit(digit, random, squaredDistances, image);
  }
  const source = `synthetic digits drawn by code (seed ${String(seed)}, ${split} stream)`;
  const shape = [SIDE, SIDE, 1];
  return {
    name: "synthetic-digits",
    items,
    shape,
    values,
    scale: 1 / 255,
    labels,
    classes: 10,
    provenance: { source },
  };
}

/** A uniform number in [low, high). */
type Uniform = (low: number, high: number) => number;

function uniformSequence(draw: () => number): Uniform {
  return (low, high) => low + (high - low) * (draw() * 2 ** -32);
}

function writeDigit(digit: number, random: Uniform, squaredDistances: Float64Array, image: Uint8Array): void {
  const styles = FLATTENED[digit]!;
  const style = styles[Math.floor(random(0, styles.length))]!;
  const hand = randomHand(random);
  const radius = random(0.75, 1.7);
  squaredDistances.fill(Infinity);
  for (const line of style) {
    const points = hand(line);
    for (let i = 0; i + 3 < points.length; i += 2) {
      nearer(squaredDistances, points[i]!, points[i + 1]!, points[i + 2]!, points[i + 3]!, radius + 1);
    }
  }
  for (let i = 0; i < image.length; i++) {
    const ink = Math.min(1, Math.max(0, radius + 0.5 - Math.sqrt(squaredDistances[i]!)));
    image[i] = Math.floor(255 * ink + 0.5);
  }
}

/**
 * A way to write: unit-box points to pixel coordinates, pixel (row, column) having its centre at (column, row).
 * With u, v in [-1/2, 1/2]: bend, then slant and scale, then turn, then move.
 */
function randomHand(random: Uniform): (line: Stroke) => Float64Array {
  const bendX = random(-0.35, 0.35);
  const bendY = random(-0.3, 0.3);
  const taper = random(-0.35, 0.35);
  const slant = random(-0.12, 0.38);
  const width = BOX * random(0.72, 1.12);
  const height = BOX * random(0.88, 1.06);
  const [cosine, sine] = rotation(random(-0.11, 0.11));
  const centreX = (SIDE - 1) / 2 + random(-1.3, 1.3);
  const centreY = (SIDE - 1) / 2 + random(-1.3, 1.3);
  return (line) => {
    const points = new Float64Array(line.length);
    for (let i = 0; i < line.length; i += 2) {
      const u = line[i]! - 0.5;
      const v = line[i + 1]! - 0.5;
      const bentU = u + bendX * (v * v - 0.125) + taper * u * v;
      const bentV = v + bendY * (u * u - 0.05);
      const x = width * (bentU - slant * bentV);
      const y = height * bentV;
      points[i] = centreX + cosine * x - sine * y;
      points[i + 1] = centreY + sine * x + cosine * y;
    }
    return points;
  };
}

/** cos a and sin a from h = tan(a / 2), because engines differ in the last bits of `Math.sin`. */
function rotation(h: number): [cosine: number, sine: number] {
  const norm = 1 + h * h;
  return [(1 - h * h) / norm, (2 * h) / norm];
}

/** Lowers each pixel's squared distance to the segment a-b, where it is within `reach`. */
function nearer(squaredDistances: Float64Array, ax: number, ay: number, bx: number, by: number, reach: number): void {
  const dx = bx - ax;
  const dy = by - ay;
  const squaredLength = dx * dx + dy * dy;
  const right = Math.min(SIDE - 1, Math.floor(Math.max(ax, bx) + reach));
  const bottom = Math.min(SIDE - 1, Math.floor(Math.max(ay, by) + reach));
  const left = Math.max(0, Math.ceil(Math.min(ax, bx) - reach));
  for (let y = Math.max(0, Math.ceil(Math.min(ay, by) - reach)); y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const along = (x - ax) * dx + (y - ay) * dy;
      const t = along <= 0 ? 0 : along >= squaredLength ? 1 : along / squaredLength;
      const ex = x - ax - t * dx;
      const ey = y - ay - t * dy;
      const squaredDistance = ex * ex + ey * ey;
      const pixel = y * SIDE + x;
      if (squaredDistance < squaredDistances[pixel]!) squaredDistances[pixel] = squaredDistance;
    }
  }
}

const FLATTENED: readonly (readonly (readonly Stroke[])[])[] = DIGIT_STYLES.map((styles) =>
  styles.map((strokes) => strokes.map(flatten)),
);

/** Points along the Catmull-Rom curve through a stroke's points. */
function flatten(stroke: Stroke): Stroke {
  const count = stroke.length / 2;
  const closed = stroke[0] === stroke.at(-2) && stroke[1] === stroke.at(-1);
  const points: number[] = [];
  for (let span = 0; span + 1 < count; span++) {
    for (let piece = 0; piece < PIECES; piece++) {
      for (const axis of [0, 1]) points.push(alongSpan(stroke, span, piece / PIECES, axis, closed));
    }
  }
  points.push(stroke.at(-2)!, stroke.at(-1)!);
  return points;
}

/** One coordinate at t in [0, 1] of a span: the cubic with tangents (p[k + 1] - p[k - 1]) / 2 (Catmull and Rom, 1974). */
function alongSpan(stroke: Stroke, span: number, t: number, axis: number, closed: boolean): number {
  const last = stroke.length / 2 - 1;
  const point = (k: number): number => {
    const inside = closed ? (k + last) % last : Math.min(last, Math.max(0, k));
    return stroke[2 * inside + axis]!;
  };
  const [p0, p1, p2, p3] = [point(span - 1), point(span), point(span + 1), point(span + 2)];
  const a = 3 * (p1 - p2) + p3 - p0;
  const b = 2 * p0 - 5 * p1 + 4 * p2 - p3;
  const c = p2 - p0;
  return p1 + 0.5 * t * (c + t * (b + t * a));
}
