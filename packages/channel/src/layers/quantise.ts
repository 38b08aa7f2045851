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
  const width = (most - least) / (levels - 1);
  const thresholds = Array.from({ length: levels - 1 }, (_, i) => least + (i + 0.5) * width);
  const above = build.greater(build.expandDims(x, -1), build.constant([levels - 1], thresholds));
  const value = build.add(build.mul(build.sum(above, { axes: [-1] }), build.scalar(width)), build.scalar(least));
  const path = build.minimum(build.maximum(x, build.scalar(least)), build.scalar(most));
  return build.straightThrough(value, path);
}
