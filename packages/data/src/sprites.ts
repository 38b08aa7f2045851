import type { Dataset, FactorTable } from "./dataset.ts";
import { permutation, type ShuffleOptions } from "./shuffle.ts";
import { SPRITE_SHAPES, type SpriteShape } from "./sprite-shapes.ts";

/** In the order of the factor table. */
export const SPRITE_FACTORS = ["shape", "size", "rotation", "x", "y"] as const;
export type SpriteFactor = (typeof SPRITE_FACTORS)[number];

export interface SpritesOptions {
  /** Side of the image, pixels. Default: 32. */
  readonly side?: 32 | 64;
  /**
   * How many values each factor takes; 1 holds it still (a square, of middle size, upright, in the middle). Default: 3
   * shapes, 4 sizes, 5 rotations, 12 places across and 12 down.
   */
  readonly counts?: Partial<Readonly<Record<SpriteFactor, number>>>;
  /** Only so many combinations, drawn at random without putting back. Default: each once, the last factor fastest. */
  readonly items?: number;
  /** Of that draw: 64 bits. Default: 0. */
  readonly seed?: ShuffleOptions["seed"];
}

/** A data set whose factors are known. */
export interface Sprites extends Dataset {
  readonly factors: FactorTable;
}

const DEFAULT_COUNTS: Readonly<Record<SpriteFactor, number>> = { shape: 3, size: 4, rotation: 5, x: 12, y: 12 };
/** What `permutation` and one array can hold without trouble; far above what trains in reasonable time. */
const MOST_COMBINATIONS = 2 ** 24;
const MOST_BYTES = 2 ** 31;
/** The largest sprite's radius as a share of the side; the smallest has half of it. */
const LARGEST = 0.22;
/** Points per pixel, across and down, at which a shape is looked at: the share of them inside is the ink. */
const SAMPLES = 6;

/**
 * White shapes on black, u8, [side, side, 1], one for each combination of the factors' values, or some of them.
 *
 * | factor | values |
 * |---|---|
 * | `shape` | square, ellipse, heart; also the label |
 * | `size` | radius of the circle around it, 0.11 to 0.22 of the side, evenly |
 * | `rotation` | angle, evenly from 0 to below a quarter turn, so that no two combinations look the same |
 * | `x`, `y` | place of its centre, evenly, from where the largest touches one edge to where it touches the other |
 *
 * `factors.indices` says which value of which factor drew each item, `factors.values` what the index stands for (pixels,
 * radians). Edges are smooth: a pixel's ink is the share of 36 points in it that the shape covers. The bytes are the same
 * on every engine. (The idea: dSprites; Matthey, Higgins, Hassabis, Lerchner, 2017.)
 *
 * @throws RangeError for counts, items or a side out of range.
 */
export function sprites(options: SpritesOptions = {}): Sprites {
  const { side = 32, seed = 0 } = options;
  if (side !== 32 && side !== 64) throw new RangeError(`side: expected 32 or 64, got ${String(side)}`);
  const counts = SPRITE_FACTORS.map((factor) => checkedCount(factor, options.counts?.[factor]));
  const chosen = chosenCombinations(counts, options, seed);
  if (chosen.length * side * side > MOST_BYTES)
    throw new RangeError(`items: ${chosen.length} images of ${side} x ${side} are more than 2 GiB; take fewer`);
  const factors = factorTable(side, counts, chosen);
  const values = new Uint8Array(chosen.length * side * side);
  for (let item = 0; item < chosen.length; item++) {
    drawItem(factors, item, side, values.subarray(item * side * side, (item + 1) * side * side));
  }
  const words = SPRITE_FACTORS.map((factor, at) => `${factor} ${counts[at]}`).join(", ");
  return {
    name: "sprites",
    items: chosen.length,
    shape: [side, side, 1],
    values,
    scale: 1 / 255,
    labels: Uint8Array.from({ length: chosen.length }, (_, item) => factors.indices[item * counts.length]!),
    classes: SPRITE_SHAPES.length,
    classNames: SPRITE_SHAPES.map(({ name }) => name),
    factors,
    provenance: { source: `sprites drawn by code (${side} x ${side}; ${words})` },
  };
}

function checkedCount(factor: SpriteFactor, count: number = DEFAULT_COUNTS[factor]): number {
  const most = factor === "shape" ? SPRITE_SHAPES.length : 1000;
  if (Number.isInteger(count) && count >= 1 && count <= most) return count;
  throw new RangeError(`counts.${factor}: expected a whole number from 1 to ${most}, got ${count}`);
}

/** Positions in the grid of all combinations. */
function chosenCombinations(counts: readonly number[], options: SpritesOptions, seed: ShuffleOptions["seed"]) {
  const all = counts.reduce((product, count) => product * count, 1);
  if (all > MOST_COMBINATIONS)
    throw new RangeError(`counts: expected at most ${MOST_COMBINATIONS} combinations, got ${all}`);
  const { items = all } = options;
  if (!Number.isInteger(items) || items < 0 || items > all) {
    throw new RangeError(`items: expected a whole number from 0 to ${all}, the combinations there are, got ${items}`);
  }
  if (options.items === undefined) return Int32Array.from({ length: all }, (_, at) => at);
  return permutation(all, { seed, stream: "data.sprites" }).subarray(0, items);
}

function factorTable(side: number, counts: readonly number[], chosen: Int32Array): FactorTable {
  const width = counts.length;
  const indices = new Int32Array(chosen.length * width);
  chosen.forEach((position, item) => {
    for (let factor = width - 1, rest = position; factor >= 0; factor--) {
      indices[item * width + factor] = rest % counts[factor]!;
      rest = Math.floor(rest / counts[factor]!);
    }
  });
  return { names: SPRITE_FACTORS, counts, values: factorValues(side, counts), indices };
}

function factorValues(side: number, [shapes, sizes, rotations, across, down]: readonly number[]): number[][] {
  const radius = LARGEST * side;
  return [
    Array.from({ length: shapes! }, (_, shape) => shape),
    evenly(sizes!, radius / 2, radius),
    Array.from({ length: rotations! }, (_, k) => (Math.PI * k) / (2 * rotations!)),
    evenly(across!, radius, side - radius),
    evenly(down!, radius, side - radius),
  ];
}

/** `count` numbers from `low` to `high`; a single one is in the middle. */
function evenly(count: number, low: number, high: number): number[] {
  if (count === 1) return [(low + high) / 2];
  return Array.from({ length: count }, (_, k) => low + ((high - low) * k) / (count - 1));
}

function drawItem({ values, indices }: FactorTable, item: number, side: number, image: Uint8Array): void {
  const value = (factor: number) => values[factor]![indices[item * values.length + factor]!]!;
  const [radius, angle, x, y] = [value(1), value(2), value(3), value(4)];
  drawShape(SPRITE_SHAPES[value(0)]!, { radius, angle, x, y }, side, image);
}

/** Where a shape lies, in pixels and radians, y downwards; pixel (row, column) is the unit square from (column, row). */
interface Placement {
  readonly radius: number;
  readonly angle: number;
  readonly x: number;
  readonly y: number;
}

function drawShape(shape: SpriteShape, { radius, angle, x, y }: Placement, side: number, image: Uint8Array): void {
  const [cosine, sine] = [quarterCosine(angle) / radius, quarterCosine(Math.PI / 2 - angle) / radius];
  const first = (centre: number) => Math.max(0, Math.floor(centre - radius));
  const last = (centre: number) => Math.min(side, Math.ceil(centre + radius));
  for (let row = first(y); row < last(y); row++) {
    for (let column = first(x); column < last(x); column++) {
      let inside = 0;
      for (let k = 0; k < SAMPLES * SAMPLES; k++) {
        const dx = column + ((k % SAMPLES) + 0.5) / SAMPLES - x;
        const dy = row + (Math.floor(k / SAMPLES) + 0.5) / SAMPLES - y;
        if (shape.contains(cosine * dx + sine * dy, cosine * dy - sine * dx)) inside++;
      }
      image[row * side + column] = Math.floor((255 * inside) / (SAMPLES * SAMPLES) + 0.5);
    }
  }
}

/** cos a for a in [0, pi / 2], its Taylor series to a^20 / 20!, because engines differ in the last bits of `Math.cos`. */
function quarterCosine(a: number): number {
  let sum = 1;
  for (let n = 20; n >= 2; n -= 2) sum = 1 - (sum * a * a) / (n * (n - 1));
  return sum;
}
