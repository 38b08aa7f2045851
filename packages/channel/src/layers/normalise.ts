/**
 * What a transmitter may send. Constraints are of the whole codebook [M, dimensions], all messages being equally likely, never of a batch: no
 * statistic is kept and nothing is scaled by what is learned.
 */
import type { GraphBuilder, Node } from "@isthmus/graph";
import { requireNumber, requireObject, requireWhole } from "../checks.ts";
import type { PowerConstraint } from "../power.ts";
import { squaredMagnitude, toComplex, toReal } from "./complex.ts";
import { quantised } from "./quantise.ts";

/** ||x||^2 = n of every message. */
export interface EnergyNormalisation {
  readonly kind: "energy";
}

/** Mean power 1, of all messages and uses together (`average`) or in each use (`perUse`). */
export interface PowerNormalisation {
  readonly kind: "average" | "perUse";
  /** The mean of each dimension over the messages is taken off first. Default: false. */
  readonly zeroMean?: boolean;
}

/** Real uses within [least, most], complex ones |x| <= most, by a hyperbolic tangent. */
export interface AmplitudeNormalisation {
  readonly kind: "amplitude";
  /** Default: -most. Of complex uses there is none. */
  readonly least?: number;
  /** Default: 1. */
  readonly most?: number;
  /** Each real dimension takes one of so many values, equally spaced from least to most; trained straight through. Default: any. */
  readonly levels?: number;
}

export type Normalisation = EnergyNormalisation | PowerNormalisation | AmplitudeNormalisation;
/** A kind alone is that with its defaults. */
export type GivenNormalisation = Normalisation | Normalisation["kind"];

interface Uses {
  readonly n: number;
  readonly complex: boolean;
}

/** A point of no energy keeps its place rather than dividing by zero. */
const TINY = 1e-12;

const fields: Readonly<Record<Normalisation["kind"], readonly string[]>> = {
  energy: [],
  average: ["zeroMean"],
  perUse: ["zeroMean"],
  amplitude: ["least", "most", "levels"],
};

/**
 * The normalisation with its defaults filled in.
 *
 * @throws TypeError, RangeError an unknown kind or field, or a value out of range.
 */
export function checkedNormalisation(given: GivenNormalisation, complex: boolean): Normalisation {
  const named = (typeof given === "string" ? { kind: given } : given) as Normalisation;
  requireObject("normalize", named);
  const known = Object.hasOwn(fields, named.kind) ? fields[named.kind] : undefined;
  if (!known) throw new RangeError(`"normalize" expected ${Object.keys(fields).join(", ")}, got ${String(named.kind)}`);
  const strange = Object.keys(named).find((name) => name !== "kind" && !known.includes(name));
  if (strange !== undefined) throw new RangeError(`"normalize" of kind ${named.kind} has no "${strange}"`);
  if (named.kind === "energy") return named;
  if (named.kind !== "amplitude") return { kind: named.kind, zeroMean: named.zeroMean === true };
  return checkedAmplitude(named, complex);
}

function checkedAmplitude({ most = 1, least, levels }: AmplitudeNormalisation, complex: boolean): Normalisation {
  requireNumber("normalize.most", most);
  const low = least ?? -most;
  requireNumber("normalize.least", low);
  if (!(Number.isFinite(low) && Number.isFinite(most) && low < most)) {
    throw new RangeError(`"normalize" expected least < most, got ${low} and ${most}`);
  }
  if (complex && low !== -most)
    throw new RangeError(`"normalize.least" means nothing to complex uses, whose |x| is bound`);
  if (levels !== undefined) requireWhole("normalize.levels", levels, 2, 2 ** 16);
  return { kind: "amplitude", least: low, most, ...(levels !== undefined && { levels }) };
}

/** x [M, dimensions] of any size -> the codebook, which keeps the constraint to rounding. */
export function normalise(build: GraphBuilder, x: Node, by: Normalisation, uses: Uses): Node {
  switch (by.kind) {
    case "energy":
      return toPower(
        build,
        x,
        build.div(build.sum(build.square(x), { axes: [1], keepDims: true }), build.scalar(uses.n)),
      );
    case "average": {
      const centred = by.zeroMean === true ? withoutMean(build, x) : x;
      return toPower(
        build,
        centred,
        build.div(build.sum(build.square(centred)), build.scalar(uses.n * (x.shape[0] as number))),
      );
    }
    case "perUse":
      return perUse(build, by.zeroMean === true ? withoutMean(build, x) : x, uses.complex);
    case "amplitude":
      return bounded(build, x, by, uses.complex);
  }
}

function toPower(build: GraphBuilder, x: Node, power: Node): Node {
  return build.div(x, build.sqrt(build.maximum(power, build.scalar(TINY))));
}

function withoutMean(build: GraphBuilder, x: Node): Node {
  return build.sub(x, build.mean(x, { axes: [0], keepDims: true }));
}

function perUse(build: GraphBuilder, x: Node, complex: boolean): Node {
  if (!complex) return toPower(build, x, build.mean(build.square(x), { axes: [0], keepDims: true }));
  const pairs = toComplex(build, x);
  const power = build.mean(squaredMagnitude(build, pairs), { axes: [0], keepDims: true });
  return toReal(build, toPower(build, pairs, build.expandDims(power, -1)));
}

function bounded(
  build: GraphBuilder,
  x: Node,
  { least, most, levels }: AmplitudeNormalisation,
  complex: boolean,
): Node {
  const [low, high] = [least!, most!];
  const kept = complex ? withinDisc(build, x, high) : withinRange(build, x, low, high);
  return levels === undefined ? kept : quantised(build, kept, { least: low, most: high, levels });
}

/** The middle of the range plus half of it times tanh(x). */
function withinRange(build: GraphBuilder, x: Node, least: number, most: number): Node {
  return build.add(build.mul(build.tanh(x), build.scalar((most - least) / 2)), build.scalar((most + least) / 2));
}

/** most tanh(|x|) x / |x|. */
function withinDisc(build: GraphBuilder, x: Node, most: number): Node {
  const pairs = toComplex(build, x);
  const r = build.sqrt(build.add(squaredMagnitude(build, pairs), build.scalar(TINY)));
  const factor = build.mul(build.div(build.tanh(r), r), build.scalar(most));
  return toReal(build, build.mul(pairs, build.expandDims(factor, -1)));
}

/** What an exported codebook has to keep. */
export function constraintOf(by: Normalisation, complex: boolean): PowerConstraint {
  if (by.kind !== "amplitude") return by.kind;
  const { least, most, levels } = by;
  // The levels are those of each real dimension: of complex uses the corners of the grid lie outside the circle.
  return complex && levels === undefined ? { amplitude: most! } : { least: least!, most: most! };
}

/** Greatest power of a use over the mean power of a codebook [M, dimensions], linear: a scalar. */
export function peakToAverage(build: GraphBuilder, codebook: Node, complex: boolean): Node {
  const power = complex ? squaredMagnitude(build, toComplex(build, codebook)) : build.square(codebook);
  return build.div(build.max(power), build.mean(power));
}
