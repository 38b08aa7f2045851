import { ndArrayOps } from "../nd-array-ops.ts";
import { elementCount } from "../nd-array.ts";
import type { NdArray } from "../nd-array.ts";
import type { NoiseKey } from "../noise.ts";
import { batchShapeOf, drawShapeOf, withBatch } from "./batch.ts";
import type { Distribution, Families, FamilyName } from "./distribution.ts";
import type { Mixture } from "./mixture.ts";
import { formulasOf, noiseOf, reparameterised } from "./operations.ts";
import { elementNoise, requireSampleShape } from "./random.ts";
import type { Random } from "./random.ts";
import { eventRankOf, parametersOf } from "./shapes.ts";

/**
 * Independent draws: [...shape, ...the shape of one draw]. They depend on the parameters, on `key` and on their place
 * alone; families that have a differentiable transform of noise are drawn by it. Their last bits may differ between
 * JavaScript engines, as exponentials and logarithms do.
 *
 * @throws TypeError, RangeError naming a bad argument.
 */
export function sample(p: Distribution<NdArray>, key: NoiseKey, shape: readonly number[] = []): NdArray {
  requireSampleShape(shape);
  if (p.family === "mixture") return sampleMixture(p, key, shape);
  if (p.family === "independent") return sample(p.base, key, shape);
  const { draw, drawEvent } = formulasOf(p);
  const rows = withBatch(p, batchShapeOf(p));
  if (draw) return drawElements(rows, shape, draw, elementNoise(key));
  if (drawEvent) return drawEvents(rows, shape, drawEvent, elementNoise(key));
  return reparameterised(ndArrayOps, p, standardNoise(p, shape, elementNoise(key)));
}

type NoiseOf = (index: number) => Random;

function standardNoise(p: Distribution<NdArray>, shape: readonly number[], noiseAt: NoiseOf): NdArray {
  const whole = [...shape, ...drawShapeOf(p)];
  const kind = noiseOf(p);
  return { shape: whole, data: new Float64Array(elementCount(whole)).map((_, i) => noiseAt(i)[kind]()) };
}

/** Element `i` of the result has the parameters of element `i` modulo their count. */
function drawElements(
  p: Distribution<NdArray>,
  shape: readonly number[],
  draw: (p: Families<number>[FamilyName], random: Random) => number,
  noiseAt: NoiseOf,
): NdArray {
  const batch = batchShapeOf(p);
  const count = elementCount(batch);
  const parameters = parametersOf(p);
  const elements = Array.from({ length: count }, (_, i) => {
    return { ...p, ...Object.fromEntries(parameters.map(([name, x]) => [name, x.data[i]!])) };
  }) as unknown as readonly Distribution<number>[];
  const whole = [...shape, ...batch];
  return {
    shape: whole,
    data: new Float64Array(elementCount(whole)).map((_, i) => draw(elements[i % count]!, noiseAt(i))),
  };
}

function drawEvents(
  p: Distribution<NdArray>,
  shape: readonly number[],
  drawEvent: (p: Families<Float64Array>[FamilyName], random: Random) => ArrayLike<number>,
  noiseAt: NoiseOf,
): NdArray {
  const count = elementCount(batchShapeOf(p));
  const parameters = parametersOf(p);
  const events = Array.from({ length: count }, (_, i) => {
    const rowOf = ({ data }: NdArray) => data.subarray((i * data.length) / count, ((i + 1) * data.length) / count);
    return { ...p, ...Object.fromEntries(parameters.map(([name, x]) => [name, rowOf(x)])) };
  }) as unknown as readonly Distribution<Float64Array>[];
  const whole = [...shape, ...drawShapeOf(p)];
  const size = whole.at(-1)!;
  const data = new Float64Array(elementCount(whole));
  for (let i = 0; i * size < data.length; i++) data.set(drawEvent(events[i % count]!, noiseAt(i)), i * size);
  return { shape: whole, data };
}

/** Draws every component, and keeps the one that a class drawn from the logits names. */
function sampleMixture(p: Mixture<NdArray>, key: NoiseKey, shape: readonly number[]): NdArray {
  const { logits, components } = withBatch(p, batchShapeOf(p));
  const each = sample(components, { ...key, stream: `${key.stream}/component` }, shape);
  let chosen = sample({ family: "categorical", logits }, { ...key, stream: `${key.stream}/class` }, shape);
  const rank = eventRankOf(components);
  for (let axis = 0; axis < rank; axis++) chosen = ndArrayOps.expandDims(chosen, -1);
  return ndArrayOps.sum(ndArrayOps.select(chosen, each, ndArrayOps.scalar(0)), { axes: [-1 - rank] });
}
