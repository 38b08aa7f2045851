import { requireCount, requireFinite, requireFunction, requireShape } from "../bounds/require.ts";
import { columnMeans } from "../columns.ts";
import type { NdArray } from "../nd-array.ts";
import { nextBelow, type NoiseKey, uint32Sequence } from "../noise.ts";
import { interpolateLinear } from "../paths.ts";
import { meanOfKnown, type MeanEstimate } from "../mean-estimate.ts";

/** Rows to rows, [batch, n] -> [batch, m], at once or not: a decoder, a classifier. */
export type RowMap = (rows: NdArray) => NdArray | Promise<NdArray>;

export interface ContinuityOptions {
  /** Pairs of codes. Default: 500. */
  readonly segments?: number;
  /** Equal steps from one code to the other, at least 2. A jump between two steps is one step's. Default: 32. */
  readonly steps?: number;
  /** Of the choice of pairs. */
  readonly key: NoiseKey;
}

/** With x_t the decoding after t of T steps from code a to code b, of each segment. */
export interface SegmentMeasures {
  /** sum_t ||x_t - x_(t-1)|| / ||b - a||: data units per latent unit. */
  readonly speed: Float64Array;
  /** max_t ||x_t - x_(t-1)|| / mean_t ||x_t - x_(t-1)||, in [1, T]: 1 at an even pace, T for one jump. NaN where nothing moves. */
  readonly unevenness: Float64Array;
  /** sum_t ||x_t - x_(t-1)|| / ||x_T - x_0||, at least 1: 1 on a straight way, infinite on one that returns. NaN where nothing moves. */
  readonly detour: Float64Array;
}

export interface LatentContinuity {
  /** Means over the segments; of the last two over those that move, NaN when none does. */
  readonly speed: MeanEstimate;
  readonly unevenness: MeanEstimate;
  readonly detour: MeanEstimate;
  /** sqrt of the mean squared deviation of a code's elements from their means over the codes: latent units. */
  readonly scale: number;
  /** The speed in data units per `scale`, which no factor on all codes changes. */
  readonly scaledSpeed: MeanEstimate;
  readonly perSegment: SegmentMeasures;
}

/**
 * How far a decoding moves when a code does: along straight segments between codes drawn in pairs, each walked in equal steps.
 * A linear decoder x = W z + b has unevenness and detour 1, and the speed ||W (b - a)|| / ||b - a||; a decoder that says
 * always the same has speed 0. Lengths are those of polygons, from below: more steps see more.
 *
 * @param codes [items, dims], at least two; pairs whose codes coincide are left out.
 * @param decode codes [batch, dims] -> [batch, features], called for one segment at a time.
 * @throws TypeError, RangeError naming the argument: a wrong shape, numbers that are not finite, codes of which all drawn
 * pairs coincide, an option out of range.
 */
export async function latentContinuity(
  codes: NdArray,
  decode: RowMap,
  { segments = 500, steps = 32, key }: ContinuityOptions,
): Promise<LatentContinuity> {
  requireShape("codes", codes, [undefined, undefined]);
  requireFinite("codes", codes.data);
  requireFunction("decode", decode);
  requireCount("segments", segments);
  requireCount("steps", steps, 2);
  requireCount("codes.shape[0]", codes.shape[0]!, 2);
  const pairs = drawnPairs(codes, segments, key);
  if (pairs.length === 0) throw new RangeError(`"codes" expected codes that differ, got the same in all pairs`);
  const walks: Walk[] = [];
  for (const [a, b] of pairs) walks.push(walk(await decodedSegment(a, b, decode, steps), distance(a, b)));
  return summary(walks, scaleOf(codes));
}

type Pair = readonly [a: Float64Array, b: Float64Array];

/** Two different items each, whose codes are not the same. */
function drawnPairs(codes: NdArray, segments: number, key: NoiseKey): Pair[] {
  const [items, dims] = codes.shape as [number, number];
  const words = uint32Sequence(key);
  const code = (item: number): Float64Array => codes.data.subarray(item * dims, (item + 1) * dims);
  const pairs = Array.from({ length: segments }, (): Pair => {
    const first = nextBelow(items, words);
    const other = nextBelow(items - 1, words);
    return [code(first), code(other < first ? other : other + 1)];
  });
  return pairs.filter(([a, b]) => distance(a, b) > 0);
}

/** [steps + 1, features] */
async function decodedSegment(a: Float64Array, b: Float64Array, decode: RowMap, steps: number): Promise<NdArray> {
  const rows = new Float64Array((steps + 1) * a.length);
  for (let t = 0; t <= steps; t++) rows.set(interpolateLinear(a, b, t / steps), t * a.length);
  const decoded = await decode({ shape: [steps + 1, a.length], data: rows });
  requireShape("decode()", decoded, [steps + 1, undefined]);
  requireFinite("decode()", decoded.data);
  return decoded;
}

interface Walk {
  readonly speed: number;
  readonly unevenness: number;
  readonly detour: number;
}

function walk({ shape, data }: NdArray, length: number): Walk {
  const [points, features] = shape as [number, number];
  const x = (t: number): Float64Array => data.subarray(t * features, (t + 1) * features);
  let [way, largest] = [0, 0];
  for (let t = 1; t < points; t++) {
    const step = distance(x(t - 1), x(t));
    way += step;
    largest = Math.max(largest, step);
  }
  const steps = points - 1;
  return { speed: way / length, unevenness: (largest * steps) / way, detour: way / distance(x(0), x(steps)) };
}

function summary(walks: readonly Walk[], scale: number): LatentContinuity {
  const column = (name: keyof Walk): Float64Array => Float64Array.from(walks, (one) => one[name]);
  const perSegment = { speed: column("speed"), unevenness: column("unevenness"), detour: column("detour") };
  const speed = meanOfKnown(perSegment.speed);
  return {
    speed,
    unevenness: meanOfKnown(perSegment.unevenness),
    detour: meanOfKnown(perSegment.detour),
    scale,
    scaledSpeed: { value: speed.value * scale, standardError: speed.standardError * scale },
    perSegment,
  };
}

function scaleOf({ shape, data }: NdArray): number {
  const dims = shape[1]!;
  const mean = columnMeans(data, dims);
  let squares = 0;
  for (let i = 0; i < data.length; i++) squares += (data[i]! - mean[i % dims]!) ** 2;
  return Math.sqrt(squares / data.length);
}

function distance(a: Float64Array, b: Float64Array): number {
  let square = 0;
  for (let i = 0; i < a.length; i++) square += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(square);
}
