import type { Point } from "./drawn-series.ts";

/** Pixels. */
interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Of a place that is tried, from the middle of the point: a direction, and how many steps out. */
type Try = readonly [right: number, down: number];

/** The nearest first, and above before below before the sides. */
const TRIES: readonly Try[] = [1, 2, 3].flatMap((far): Try[] => [
  [0, -far],
  [0, far],
  [far, 0],
  [-far, 0],
  [far, -far],
  [-far, -far],
  [far, far],
  [-far, far],
]);

/**
 * The middles of labels beside their points, all in pixels: each where it covers least of the points and of the labels before it, the nearest
 * place of those, and above its point where nothing is in the way.
 */
export function labelPlaces(
  points: readonly Point[],
  labels: readonly string[],
  { radius, fontSize }: { readonly radius: number; readonly fontSize: number },
): Point[] {
  const taken: Box[] = points.map((point) => around(point, 2 * radius, 2 * radius));
  return points.map((point, index) => {
    const [width, height] = [WIDTH_OF_LETTER * fontSize * labels[index]!.length, fontSize];
    const boxes = TRIES.map((way) => around(moved(point, way, radius, width, height), width, height));
    const covers = boxes.map((box) => taken.reduce((sum, other) => sum + common(box, other), 0));
    const best = boxes[covers.indexOf(Math.min(...covers))]!;
    taken.push(best);
    return [best.left + width / 2, best.top + height / 2];
  });
}

/** Of the digits of a sans-serif font, in its size. */
const WIDTH_OF_LETTER = 0.6;

/** Beside the point without touching it; further steps out are of the label's own height. */
function moved([x, y]: Point, [right, down]: Try, radius: number, width: number, height: number): Point {
  const out = (side: number, half: number): number =>
    side === 0 ? 0 : Math.sign(side) * (radius + 2 + half + (Math.abs(side) - 1) * height);
  return [x + out(right, width / 2), y + out(down, height / 2)];
}

function around([x, y]: Point, width: number, height: number): Box {
  return { left: x - width / 2, top: y - height / 2, width, height };
}

/** The area that two boxes share. */
function common(a: Box, b: Box): number {
  const wide = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left);
  const high = Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top);
  return Math.max(0, wide) * Math.max(0, high);
}
