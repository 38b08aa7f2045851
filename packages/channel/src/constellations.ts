/** Points of one complex use, of unit mean energy. */
import { requirePositive, requireWhole } from "./checks.ts";
import { codebook, type Codebook } from "./codebook.ts";

/** M points on a circle, labelled by the binary reflected Gray code where M is a power of two. */
export function pskCodebook(m: number): Codebook {
  requireWhole("m", m, 2, 4096);
  const points = ring(m, 1, 0);
  return codebook(points, {
    name: `${m}-PSK`,
    complex: true,
    normalize: "average",
    ...(isPowerOfTwo(m) && { labels: grayCodes(m) }),
  });
}

/** A square grid of M = 4, 16, 64, ... points, each of its coordinates labelled by a Gray code. */
export function qamCodebook(m: number): Codebook {
  const side = Math.sqrt(m);
  if (!(isPowerOfTwo(side) && side >= 2 && side <= 64)) {
    throw new RangeError(`"m" expected 4, 16, 64, 256, 1024 or 4096, got ${m}`);
  }
  const gray = grayCodes(side);
  const at = (i: number): number => 2 * i + 1 - side;
  const points = Array.from({ length: m }, (_, i) => [at(Math.floor(i / side)), at(i % side)]);
  const labels = points.map((_, i) => gray[Math.floor(i / side)]! * side + gray[i % side]!);
  return codebook(points, { name: `${m}-QAM`, complex: true, labels, normalize: "average" });
}

/** A ring of an APSK constellation. */
export interface Ring {
  readonly count: number;
  /** Relative to the other rings; 0 puts a single point at the origin. */
  readonly radius: number;
  /** Angle of its first point, in turns. Default: 0. */
  readonly turn?: number;
}

/** Points on rings about the origin, scaled together to unit mean energy: `[{ count: 4, radius: 1 }, { count: 12, radius: 2.6 }]`. */
export function apskCodebook(rings: readonly Ring[]): Codebook {
  const points = rings.flatMap(({ count, radius, turn = 0 }): readonly Point[] => {
    requireWhole("rings.count", count, 1, 4096);
    if (radius === 0 && count === 1) return [[0, 0]];
    requirePositive("rings.radius", radius);
    return ring(count, radius, turn);
  });
  const name = `${points.length}-APSK (${rings.map(({ count }) => count).join("+")})`;
  return codebook(points, { name, complex: true, normalize: "average" });
}

/**
 * The M points of a hexagonal lattice of least mean energy about their own mean, of the lattice's positions tried: centred on a
 * point, the middle of an edge, of a triangle, and a grid between.
 */
export function hexagonalCodebook(m: number): Codebook {
  requireWhole("m", m, 2, 1024);
  const reach = Math.ceil(Math.sqrt(m)) + 3;
  const steps = Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach);
  const lattice = steps.flatMap((a) => steps.map((b): Point => [a + b / 2, (b * Math.sqrt(3)) / 2]));
  let [best, least] = [lattice.slice(0, m), Infinity];
  for (const center of hexagonalCenters()) {
    const chosen = centred(nearest(lattice, center, m));
    const energy = chosen.reduce((sum, [x, y]) => sum + x * x + y * y, 0);
    if (energy < least - 1e-9) [best, least] = [chosen, energy];
  }
  return codebook(best, { name: `${m}-hexagonal`, complex: true, normalize: "average" });
}

type Point = readonly [x: number, y: number];

/** Positions in the lattice's cell, twelve steps to an edge: they hold its points, edges' and triangles' middles. */
function hexagonalCenters(): Point[] {
  const steps = Array.from({ length: 12 }, (_, i) => i / 12);
  return steps.flatMap((a) => steps.map((b): Point => [a + b / 2, (b * Math.sqrt(3)) / 2]));
}

function nearest(lattice: readonly Point[], [cx, cy]: Point, m: number): Point[] {
  const distance = ([x, y]: Point): number => (x - cx) ** 2 + (y - cy) ** 2;
  return lattice.toSorted((a, b) => distance(a) - distance(b)).slice(0, m);
}

function centred(points: readonly Point[]): Point[] {
  const [mx, my] = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis]!, 0) / points.length);
  return points.map(([x, y]): Point => [x - mx!, y - my!]);
}

function ring(count: number, radius: number, turn: number): Point[] {
  return Array.from({ length: count }, (_, i) => {
    const angle = 2 * Math.PI * (i / count + turn);
    return [radius * Math.cos(angle), radius * Math.sin(angle)] as const;
  });
}

/** The binary reflected Gray code: neighbours, also the last and the first, differ in one bit. */
function grayCodes(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i ^ (i >> 1));
}

const isPowerOfTwo = (m: number): boolean => Number.isInteger(Math.log2(m));
