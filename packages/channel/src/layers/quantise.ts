import type { GraphBuilder, Node } from "@isthmus/graph";

export interface Levels {
  readonly least: number;
  readonly most: number;
  /** Values, equally spaced from `least` to `most`; at least 2. */
  readonly levels: number;
}

/**
 * Each number as the nearest of the levels, what is outside as the outermost; half way between two, as the lower one. The derivative is that
 * of clipping to [least, most] (straight through: Bengio, Leonard, Courville 2013).
 */
export function quantised(build: GraphBuilder, x: Node, { least, most, levels }: Levels): Node {
  const clipped = build.minimum(build.maximum(x, build.scalar(least)), build.scalar(most));
  const width = (most - least) / (levels - 1);
  const place = build.mul(build.sub(clipped, build.scalar(least)), build.scalar(1 / width));
  const value = build.add(build.mul(nearestWhole(build, place, levels), build.scalar(width)), build.scalar(least));
  return build.straightThrough(value, clipped);
}

/** Of numbers in [0, levels - 1], bit by bit from the highest, as a converter finds it: a graph does not round. */
function nearestWhole(build: GraphBuilder, place: Node, levels: number): Node {
  let found = build.mul(place, build.scalar(0));
  for (let bit = 2 ** Math.ceil(Math.log2(levels) - 1); bit >= 1; bit /= 2) {
    const above = build.greater(build.sub(place, found), build.scalar(bit - 0.5));
    found = build.add(found, build.mul(above, build.scalar(bit)));
  }
  return found;
}
