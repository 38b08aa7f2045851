import { normalCdf, normalQuantile } from "@isthmus/math/plain";
import {
  type BitsBackTables,
  checkBitsBackTables,
  EDGE_BITS,
  EDGE_GRID,
  GRID,
  type PixelTables,
  WHOLE_SHARE,
} from "./bits-back-tables.ts";
import { type ScaledCdf, scaledCdf } from "./scaled-cdf.ts";

export interface BitsBackTablesOptions {
  /** For each latent: see `BitsBackTables`. */
  readonly seedBits: ArrayLike<number>;
  /** What a 1 of the likelihood network's input stands for: that network takes int8. */
  readonly inputScale: number;
  /** The int8 that stands for 0. Default: 0. */
  readonly inputZero?: number;
  readonly pixels:
    | { readonly kind: "bernoulli" }
    | {
        readonly kind: "logisticMixture";
        readonly logistics: number;
        /** A logistic's scale in levels, of the decoder's own number w for it, which rises with w. */
        readonly scaleOf: (w: number) => number;
      };
}

/**
 * The integers of a coder, made of floats: once, when a model is made ready. They are stored with the model; made again on
 * another machine they might differ in a last digit.
 *
 * @throws IsthmusError `TABLE_INVALID` for options that do not give tables, naming the part
 */
export function makeBitsBackTables(options: BitsBackTablesOptions): BitsBackTables {
  const { seedBits, inputScale, inputZero = 0, pixels } = options;
  const count = 2 ** EDGE_BITS;
  const cuts = Array.from({ length: count + 1 }, (_, i) =>
    normalQuantile(Math.min(Math.max(i / count, OUTER), 1 - OUTER)),
  );
  const tables = {
    edges: Int32Array.from(cuts, (z) => Math.round(z * EDGE_GRID)),
    inputs: Int32Array.from(cuts, (z) => Math.min(Math.max(Math.round(z / inputScale) + inputZero, -128), 127)),
    posterior: posteriorCdf(),
    seedBits: Int32Array.from(seedBits),
    pixels: pixels.kind === "bernoulli" ? bernoulliTables() : mixtureTables(pixels.logistics, pixels.scaleOf),
  };
  checkBitsBackTables(tables);
  return tables;
}

/** Where the outer edges are cut: no middle of a bin lies there, and all mass beyond is the outer bins'. */
const OUTER = 1e-9;

/** Scales by half a step of log variance, from exp(-6) to exp(1) of the prior's. */
function posteriorCdf(): ScaledCdf {
  const [first, last] = [-12 * GRID.logVariance, 2 * GRID.logVariance];
  const scales = Array.from({ length: last - first + 1 }, (_, i) => Math.exp((first + i) / GRID.logVariance / 2));
  return scaledCdf({
    cdf: normalCdf,
    end: 6,
    stepsPerUnit: 64,
    distancePerUnit: EDGE_GRID,
    firstScale: first,
    scales,
  });
}

function bernoulliTables(): PixelTables {
  const last = 12 * GRID.logit;
  const ones = Int32Array.from({ length: 2 * last + 1 }, (_, i) => {
    const share = Math.round(0x10000 * sigmoid((i - last) / GRID.logit));
    return Math.min(Math.max(share, 1), 0xffff);
  });
  return { kind: "bernoulli", firstLogit: -last, ones };
}

function mixtureTables(logistics: number, scaleOf: (w: number) => number): PixelTables {
  const last = 16 * GRID.scale;
  const scales = Array.from({ length: 2 * last + 1 }, (_, i) => scaleOf((i - last) / GRID.scale));
  const cdf = scaledCdf({
    cdf: sigmoid,
    end: 12,
    stepsPerUnit: 64,
    distancePerUnit: GRID.location,
    firstScale: -last,
    scales,
  });
  const depth = Math.ceil(Math.log(2 * WHOLE_SHARE) * GRID.share);
  const shares = Int32Array.from({ length: depth }, (_, d) => Math.round(WHOLE_SHARE * Math.exp(-d / GRID.share)));
  return { kind: "logisticMixture", logistics, cdf, shares };
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
