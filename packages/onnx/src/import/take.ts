import type { GraphBuilder, Node } from "@isthmus/graph";

/** More pieces than this are refused: each becomes a node of the graph. */
const PIECES = 256;

interface Run {
  readonly begin: number;
  end: number;
}

/** Neighbouring indices as runs that ascend one by one. */
function runsOf(indices: readonly number[]): Run[] {
  const runs: Run[] = [];
  for (const index of indices) {
    const last = runs.at(-1);
    if (last?.end === index) last.end++;
    else runs.push({ begin: index, end: index + 1 });
  }
  return runs;
}

/** The elements with these indices along an axis, in their order; undefined where that takes too many pieces. */
export function take(build: GraphBuilder, x: Node, axis: number, indices: readonly number[]): Node | undefined {
  const runs = runsOf(indices);
  if (runs.length === 0 || runs.length > PIECES) return undefined;
  const pieces = runs.map(({ begin, end }) => build.slice(x, { axis, begin, end }));
  return pieces.length === 1 ? pieces[0] : build.concat(pieces, axis);
}
