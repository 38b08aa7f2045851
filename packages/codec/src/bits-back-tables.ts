import { checkScaledCdf, invalidTable, type ScaledCdf } from "./scaled-cdf.ts";

/** The grids that the networks' outputs are on, in steps per unit. */
export const GRID = {
  /** Of a posterior mean, in the prior's standard deviations. */
  mean: 128,
  /** Of the natural logarithm of a posterior variance. */
  logVariance: 8,
  /** Of a Bernoulli logit. */
  logit: 16,
  /** Of a logistic's location, in levels of a pixel. */
  location: 16,
  /** Of the decoder's own number for the scale, of which `logisticScales` says what it stands for. */
  scale: 8,
  /** Of the logarithm of a share. */
  share: 8,
} as const;

/** The most bits that a latent's bins are counted with. */
export const MAX_LATENT_BITS = 8;
/** Edges are told for bins of half that size: the odd ones are the middles of the bins, whatever their number. */
export const EDGE_BITS: number = MAX_LATENT_BITS + 1;
/** Steps of an edge in a standard deviation of the prior. */
export const EDGE_GRID = 4096;

/** p(pixel | what the network says of it). */
export type PixelTables =
  /** Pixels of 0 or 1; one number for each, a logit. */
  | {
      readonly kind: "bernoulli";
      /** Out of 2^16 the share of ones for each logit, from 1 to 2^16 - 1; what lies outside is cut to the ends. */
      readonly ones: Int32Array;
      readonly firstLogit: number;
    }
  /** Pixels of 0 to 255; locations, scales and, but for the first, shares of some logistics: 3 `logistics` - 1 numbers for each. */
  | {
      readonly kind: "logisticMixture";
      readonly logistics: number;
      /** Distances are in steps of `GRID.location`. */
      readonly cdf: ScaledCdf;
      /** Of a component by how far it is below the largest: 2^12 at 0, not rising; nothing beyond. */
      readonly shares: Int32Array;
    };

/** Every number that decides a bit beside the networks: integers, made once and stored with the model. */
export interface BitsBackTables {
  /** Cuts between 2^9 bins of N(0, 1) of equal mass, rising, [2^9 + 1]. The outer ones are far out. */
  readonly edges: Int32Array;
  /** What the network of the likelihood is fed for a latent at each of the edges, [2^9 + 1]. */
  readonly inputs: Int32Array;
  /** Distances are in steps of the edges; scales are half the logarithms of the posterior's variance. */
  readonly posterior: ScaledCdf;
  /** Of an item that is coded with no bits to take back, how many each latent gets, 0 to 8: [latents]. */
  readonly seedBits: Int32Array;
  readonly pixels: PixelTables;
}

/** Steps of the edges in one of `GRID.mean`. */
export const EDGES_PER_MEAN: number = EDGE_GRID / GRID.mean;

/** Numbers that a network of the likelihood gives for each pixel. */
export function numbersPerPixel(pixels: PixelTables): number {
  return pixels.kind === "bernoulli" ? 1 : 3 * pixels.logistics - 1;
}

const LAYOUT_VERSION = 1;
const KINDS = ["bernoulli", "logisticMixture"] as const;

/** Tables as one int32 array, to be stored with the model: the layout's version, then each part, arrays behind their length. */
export function packBitsBackTables({
  edges,
  inputs,
  posterior,
  seedBits,
  pixels,
}: BitsBackTables): Int32Array<ArrayBuffer> {
  const array = (values: Int32Array): number[] => [values.length, ...values];
  const cdf = ({ half, inverse, shift, firstScale }: ScaledCdf): number[] => [
    ...[shift, firstScale],
    ...array(half),
    ...array(inverse),
  ];
  const ofPixels =
    pixels.kind === "bernoulli"
      ? [pixels.firstLogit, ...array(pixels.ones)]
      : [pixels.logistics, ...cdf(pixels.cdf), ...array(pixels.shares)];
  const latents = [...array(edges), ...array(inputs), ...cdf(posterior), ...array(seedBits)];
  return Int32Array.from([LAYOUT_VERSION, ...latents, KINDS.indexOf(pixels.kind), ...ofPixels]);
}

/**
 * The tables that `packBitsBackTables` packed, checked.
 *
 * @throws IsthmusError `TABLE_INVALID` naming the part that is wrong
 */
export function unpackBitsBackTables(packed: Int32Array): BitsBackTables {
  let at = 0;
  const number = (): number => {
    if (at >= packed.length) throw invalidTable("packed", `more than ${packed.length} numbers`);
    return packed[at++]!;
  };
  const array = (): Int32Array => {
    const length = number();
    if (length < 0 || length > packed.length - at)
      throw invalidTable("packed", `an array of ${length} at ${at} to fit`);
    return packed.slice(at, (at += length));
  };
  const cdf = (): ScaledCdf => {
    const [shift, firstScale] = [number(), number()];
    return { shift, firstScale, half: array(), inverse: array() };
  };
  const ofPixels = (kind: (typeof KINDS)[number] | undefined): PixelTables => {
    if (kind === "bernoulli") return { kind, firstLogit: number(), ones: array() };
    if (kind === "logisticMixture") return { kind, logistics: number(), cdf: cdf(), shares: array() };
    throw invalidTable("packed", "pixels of a kind that is known");
  };
  if (number() !== LAYOUT_VERSION) throw invalidTable("packed", `layout ${LAYOUT_VERSION}`);
  const latents = { edges: array(), inputs: array(), posterior: cdf(), seedBits: array() };
  const tables = { ...latents, pixels: ofPixels(KINDS[number()]) };
  if (at !== packed.length) throw invalidTable("packed", `${at} numbers`);
  checkBitsBackTables(tables);
  return tables;
}

/** @throws IsthmusError `TABLE_INVALID` naming the part that is wrong */
export function checkBitsBackTables({ edges, inputs, posterior, seedBits, pixels }: BitsBackTables): void {
  const isRising = edges.every((edge, i) => i === 0 || edge > edges[i - 1]!);
  if (edges.length !== EDGE_COUNT || !isRising || Math.abs(edges[0]!) > FAR || Math.abs(edges.at(-1)!) > FAR) {
    throw invalidTable("edges", `${EDGE_COUNT} rising numbers within +-${FAR}`);
  }
  if (inputs.length !== EDGE_COUNT) throw invalidTable("inputs", `${EDGE_COUNT} numbers`);
  checkScaledCdf("posterior", posterior);
  if (seedBits.length < 1 || seedBits.some((bits) => bits < 0 || bits > MAX_LATENT_BITS)) {
    throw invalidTable("seedBits", `numbers from 0 to ${MAX_LATENT_BITS}, one for each latent`);
  }
  if (pixels.kind === "bernoulli") checkOnes(pixels.ones, pixels.firstLogit);
  else checkMixture(pixels);
}

const EDGE_COUNT = 2 ** EDGE_BITS + 1;
/** Distances between edges and means, and between pixels and locations, stay within +-2^22, where `cdfAt` is exact. */
export const FAR: number = 2 ** 20;

function checkOnes(ones: Int32Array, firstLogit: number): void {
  if (ones.length < 1 || ones.some((share) => share < 1 || share > 0xffff)) {
    throw invalidTable("pixels.ones", "numbers from 1 to 2^16 - 1");
  }
  if (firstLogit !== (firstLogit | 0)) throw invalidTable("pixels.firstLogit", "an int32");
}

const MAX_LOGISTICS = 16;
export const WHOLE_SHARE = 4096;

function checkMixture({ logistics, cdf, shares }: Extract<PixelTables, { kind: "logisticMixture" }>): void {
  if (!(logistics >= 1 && logistics <= MAX_LOGISTICS)) throw invalidTable("pixels.logistics", `1 to ${MAX_LOGISTICS}`);
  checkScaledCdf("pixels.cdf", cdf);
  const falls = shares.every((share, i) => share >= 0 && (i === 0 || share <= shares[i - 1]!));
  if (shares[0] !== WHOLE_SHARE || !falls) throw invalidTable("pixels.shares", `numbers that fall from ${WHOLE_SHARE}`);
}
