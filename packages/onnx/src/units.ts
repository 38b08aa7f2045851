import { type GraphBuilder, type Node } from "@isthmus/graph";

/**
 * What a user's numbers x are to a network: (x - offset) / scale, and 0 where scale is 0. One number for all features of an
 * item, or one for each. `featureUnits` of `@isthmus/data` reads it from a model's description of its data.
 */
export interface Units {
  readonly offsets: readonly number[];
  readonly scales: readonly number[];
  /** What stands, in the user's numbers, for a missing one (NaN). Default: NaN stays. */
  readonly fills?: readonly number[];
}

/** The network's numbers of the user's, [batch, features]. */
export function standardised(build: GraphBuilder, x: Node, units: Units): Node {
  const { offsets, scales, fills } = checked(units, x);
  const there = fills ? build.select(build.equal(x, x), x, vector(build, fills)) : x;
  const divisors = scales.map((scale) => (scale === 0 ? 1 : scale));
  const centred = build.sub(there, vector(build, offsets));
  const features = build.div(centred, vector(build, divisors));
  if (!scales.includes(0)) return features;
  return build.mul(
    features,
    vector(
      build,
      scales.map((scale) => (scale === 0 ? 0 : 1)),
    ),
  );
}

/** The user's numbers of the network's, [batch, features]. */
export function unstandardised(build: GraphBuilder, y: Node, units: Units): Node {
  const { offsets, scales } = checked(units, y);
  return build.add(build.mul(y, vector(build, scales)), vector(build, offsets));
}

function checked(units: Units, x: Node): Units {
  for (const [key, values] of Object.entries(units) as [string, readonly number[]][]) {
    const fits = values.length === 1 || values.length === x.shape[1];
    if (!fits || !values.every(Number.isFinite)) {
      throw new RangeError(`"units.${key}" expected 1 or ${x.shape[1]} finite numbers, got ${values.length} numbers`);
    }
  }
  return units;
}

/** A scalar where all are one number. */
function vector(build: GraphBuilder, values: readonly number[]): Node {
  const [first] = values as readonly [number];
  return values.every((value) => value === first) ? build.scalar(first) : build.constant([values.length], values);
}
