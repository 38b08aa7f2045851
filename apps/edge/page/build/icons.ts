/** The page's icon, drawn by code: two lands and the narrow strip between them. */
import { encode } from "fast-png";

/** Of the height, how far the land reaches from the middle at a place across, -1 to 1: wide at the sides, narrow between. */
function halfWidth(x: number): number {
  return NECK + (COAST - NECK) * smooth((Math.abs(x) - 0.1) / 0.85);
}

const NECK = 0.09;
const COAST = 0.78;
const SAMPLES = 4;

const SEA_TOP = [18, 106, 122] as const;
const SEA_BOTTOM = [10, 62, 84] as const;
const LAND = [240, 224, 184] as const;

function smooth(t: number): number {
  const inside = Math.min(1, Math.max(0, t));
  return inside * inside * (3 - 2 * inside);
}

export interface IconOptions {
  /** Pixels on each side. */
  readonly size: number;
  /** A maskable icon fills the square: whoever shows it cuts it. */
  readonly isMaskable: boolean;
}

/** A PNG file. */
export function iconPng({ size, isMaskable }: IconOptions): Uint8Array {
  const data = new Uint8Array(4 * size * size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) data.set(pixel(x, y, size, isMaskable), 4 * (y * size + x));
  }
  return encode({ width: size, height: size, data, channels: 4 });
}

/** The mean of some samples in a pixel: red, green, blue, alpha. */
function pixel(x: number, y: number, size: number, isMaskable: boolean): number[] {
  const sum = [0, 0, 0, 0];
  for (let i = 0; i < SAMPLES * SAMPLES; i++) {
    const [u, v] = [(i % SAMPLES) + 0.5, Math.floor(i / SAMPLES) + 0.5].map((step) => step / SAMPLES) as [
      number,
      number,
    ];
    const [across, down] = [(2 * (x + u)) / size - 1, (2 * (y + v)) / size - 1];
    if (!isMaskable && !isInTile(across, down)) continue;
    colourAt(across, down).forEach((value, c) => (sum[c]! += value));
    sum[3]! += 255;
  }
  const covered = sum[3]! / 255;
  return [...sum.slice(0, 3).map((value) => (covered > 0 ? value / covered : 0)), sum[3]! / SAMPLES ** 2].map(
    Math.round,
  );
}

const TILE_CORNER = 0.42;

/** Within a square with round corners, all coordinates -1 to 1. */
function isInTile(x: number, y: number): boolean {
  const corner = 1 - TILE_CORNER;
  return Math.hypot(Math.max(0, Math.abs(x) - corner), Math.max(0, Math.abs(y) - corner)) <= TILE_CORNER;
}

function colourAt(x: number, y: number): readonly number[] {
  if (Math.abs(y) <= halfWidth(x)) return LAND;
  const depth = (y + 1) / 2;
  return SEA_TOP.map((value, c) => value + depth * (SEA_BOTTOM[c]! - value));
}

const STEPS = 48;

/** The same as an SVG file. */
export function iconSvg(): string {
  const across = Array.from({ length: STEPS + 1 }, (_, i) => (2 * i) / STEPS - 1);
  const coasts = [...across.map((x) => [x, -halfWidth(x)]), ...across.toReversed().map((x) => [x, halfWidth(x)])];
  const points = coasts.map((point) => point.map(place).join(",")).join(" ");
  const colour = (rgb: readonly number[]) => `rgb(${rgb.join(",")})`;
  const tile = `width="100" height="100" rx="${50 * TILE_CORNER}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">`,
    `<linearGradient id="sea" x2="0" y2="1"><stop stop-color="${colour(SEA_TOP)}"/><stop offset="1" stop-color="${colour(SEA_BOTTOM)}"/></linearGradient>`,
    `<clipPath id="tile"><rect ${tile}/></clipPath>`,
    `<g clip-path="url(#tile)"><rect width="100" height="100" fill="url(#sea)"/><polygon fill="${colour(LAND)}" points="${points}"/></g></svg>`,
  ].join("");
}

function place(value: number): string {
  return (50 * (value + 1)).toFixed(1);
}
