import { broadcastTo } from "../nd-array.ts";
import type { NdArray } from "../nd-array.ts";
import { broadcastShape } from "./broadcast.ts";
import type { Distribution } from "./distribution.ts";
import { eventRankOf, parameterRank, parametersOf } from "./shapes.ts";

/** The shape of the distributions that a record holds: that of a draw without its event. */
export function batchShapeOf(p: Distribution<NdArray>): readonly number[] {
  if (p.family === "mixture") {
    return common([p.logits.shape.slice(0, -1), batchShapeOf(p.components).slice(0, -1)]);
  }
  if (p.family === "independent") {
    const inner = batchShapeOf(p.base);
    return inner.slice(0, inner.length - p.axes.length);
  }
  return common(parametersOf(p).map(([name, { shape }]) => shape.slice(0, shape.length - parameterRank(p, name))));
}

/** The shape of one draw. */
export function drawShapeOf(p: Distribution<NdArray>): readonly number[] {
  const events = parametersOf(p).map(([name, { shape }]) =>
    eventDims(shape, parameterRank(p, name)).slice(-eventRankOf(p)),
  );
  return [...batchShapeOf(p), ...(eventRankOf(p) === 0 ? [] : common(events))];
}

/** The same distribution with every parameter repeated to the batch shape, which theirs broadcast to. */
export function withBatch<D extends Distribution<NdArray>>(p: D, batch: readonly number[]): D {
  const repeated = parametersOf(p).map(([name, x]) => {
    return [name, broadcastTo(x, [...batch, ...eventDims(x.shape, parameterRank(p, name))])] as const;
  });
  return { ...p, ...Object.fromEntries(repeated), ...innerWithBatch(p, batch) };
}

function innerWithBatch(p: Distribution<NdArray>, batch: readonly number[]): object {
  if (p.family === "mixture") return { components: withBatch(p.components, [...batch, p.logits.shape.at(-1)!]) };
  if (p.family !== "independent") return {};
  const inner = batchShapeOf(p.base);
  return { base: withBatch(p.base, [...batch, ...inner.slice(inner.length - p.axes.length)]) };
}

/** The last `rank` sizes of a shape; 1 where it has none. */
function eventDims(shape: readonly number[], rank: number): readonly number[] {
  const missing = Math.max(rank - shape.length, 0);
  return [...new Array<number>(missing).fill(1), ...shape.slice(shape.length - rank + missing)];
}

function common(shapes: readonly (readonly number[])[]): readonly number[] {
  return shapes.reduce((a, b) => broadcastShape("parameters", a, b) as readonly number[], []);
}
