import { type AnsStack, pop, push, slotOf } from "./ans-stack.ts";
import { FAR, GRID, type PixelTables } from "./bits-back-tables.ts";
import { cdfAt, type ScaledCdf, scaleIndexOf } from "./scaled-cdf.ts";

/**
 * Codes the pixels of an item under what the network of the likelihood says of them: `[numbers, pixels]`, number n of pixel i
 * at n pixels + i.
 */
export interface PixelCoder {
  /** Puts an item on the stack, pixel 0 on top. */
  push(stack: AnsStack, pixels: Uint8Array, said: Int32Array): void;
  /** Takes one off. Returns false when the stack has too few words. */
  pop(stack: AnsStack, pixels: Uint8Array, said: Int32Array): boolean;
  /** Values of a pixel. */
  readonly levels: number;
}

/** Whether a pixel is 0 or 1, or 0 or not. */
const PRECISION = 16;
const ONE = 2 ** PRECISION;
/** Of a value that is not 0: so many, that those that are all but impossible keep next to nothing from the others. */
const VALUE_PRECISION = 20;
const VALUES = 2 ** VALUE_PRECISION;

export function pixelCoder(tables: PixelTables): PixelCoder {
  return tables.kind === "bernoulli" ? bernoulliCoder(tables) : mixtureCoder(tables);
}

type Of<K extends PixelTables["kind"]> = Extract<PixelTables, { kind: K }>;

function bernoulliCoder({ ones, firstLogit }: Of<"bernoulli">): PixelCoder {
  const zeros = (logit: number): number => ONE - ones[Math.min(Math.max(logit - firstLogit, 0), ones.length - 1)]!;
  return {
    levels: 2,
    push: (stack, pixels, said) => {
      for (let i = pixels.length - 1; i >= 0; i--) pushBit(stack, pixels[i]!, zeros(said[i]!));
    },
    pop: (stack, pixels, said) => {
      for (let i = 0; i < pixels.length; i++) {
        const bit = popBit(stack, zeros(said[i]!));
        if (bit === undefined) return false;
        pixels[i] = bit;
      }
      return true;
    },
  };
}

/** Zeros have the first `zeros` of 2^16, 1 to 2^16 - 1. */
function pushBit(stack: AnsStack, bit: number, zeros: number): void {
  if (bit === 0) push(stack, 0, zeros, PRECISION);
  else push(stack, zeros, ONE - zeros, PRECISION);
}

function popBit(stack: AnsStack, zeros: number): 0 | 1 | undefined {
  if (slotOf(stack, PRECISION) < zeros) return pop(stack, 0, zeros, PRECISION) ? 0 : undefined;
  return pop(stack, zeros, ONE - zeros, PRECISION) ? 1 : undefined;
}

/**
 * A pixel is two symbols: whether it is 0, and what it is if not. Where the network is sure of a 0, as in the background of
 * a drawing, it costs log2(2^16 / (2^16 - 1)) bits, and no share has to be kept for 255 other values.
 */
function mixtureCoder({ logistics, cdf, shares }: Of<"logisticMixture">): PixelCoder {
  const mixture = new Mixture(logistics, cdf, shares);
  return {
    levels: 256,
    push: (stack, pixels, said) => {
      for (let i = pixels.length - 1; i >= 0; i--) {
        mixture.read(said, i, pixels.length);
        const value = pixels[i]!;
        if (value > 0) {
          const start = mixture.start(value);
          push(stack, start, mixture.start(value + 1) - start, VALUE_PRECISION);
        }
        pushBit(stack, value > 0 ? 1 : 0, mixture.zeros());
      }
    },
    pop: (stack, pixels, said) => {
      for (let i = 0; i < pixels.length; i++) {
        mixture.read(said, i, pixels.length);
        const bit = popBit(stack, mixture.zeros());
        const value = bit === 1 ? popValue(stack, mixture) : bit;
        if (value === undefined) return false;
        pixels[i] = value;
      }
      return true;
    },
  };
}

/** The value from 1 to 255 with start(value) <= slot < start(value + 1). */
function popValue(stack: AnsStack, mixture: Mixture): number | undefined {
  const slot = slotOf(stack, VALUE_PRECISION);
  let [low, high] = [1, LEVELS];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (mixture.start(middle) <= slot) low = middle;
    else high = middle;
  }
  const start = mixture.start(low);
  return pop(stack, start, mixture.start(low + 1) - start, VALUE_PRECISION) ? low : undefined;
}

const LEVELS = 256;
/** Locations are cut to this, far from all pixels: distances stay where `cdfAt` is exact. */
const FARTHEST = FAR / 2;

/** The mixture of one pixel after the other. */
class Mixture {
  private readonly locations: Int32Array;
  private readonly scales: Int32Array;
  private readonly weights: Int32Array;
  private whole = 0;
  /** The mass of 0, and of all that is not, times 2^16 `whole`. */
  private zero = 0;
  private rest = 0;
  private readonly cdf: ScaledCdf;
  private readonly shares: Int32Array;

  constructor(logistics: number, cdf: ScaledCdf, shares: Int32Array) {
    this.locations = new Int32Array(logistics);
    this.scales = new Int32Array(logistics);
    this.weights = new Int32Array(logistics);
    this.cdf = cdf;
    this.shares = shares;
  }

  /** Numbers of a pixel in their order: the locations, the scales, then the shares but the first's, which is 0. */
  read(said: Int32Array, pixel: number, pixels: number): void {
    const { locations, scales, weights, cdf, shares } = this;
    const n = locations.length;
    let most = 0;
    for (let k = 1; k < n; k++) most = Math.max(most, said[(2 * n + k - 1) * pixels + pixel]!);
    this.whole = 0;
    for (let k = 0; k < n; k++) {
      const location = said[k * pixels + pixel]!;
      locations[k] = Math.min(Math.max(location, -FARTHEST), FARTHEST);
      scales[k] = scaleIndexOf(cdf, said[(n + k) * pixels + pixel]!);
      const below = most - (k === 0 ? 0 : said[(2 * n + k - 1) * pixels + pixel]!);
      weights[k] = below < shares.length ? shares[below]! : 0;
      this.whole += weights[k]!;
    }
    this.zero = this.massBelow(1);
    this.rest = ONE * this.whole - this.zero;
  }

  /** sum_k weight_k F((value - 1/2 - location_k) / scale_k): at most 2^16 `whole`, itself at most 2^16. */
  private massBelow(value: number): number {
    const { locations, scales, weights, cdf } = this;
    const edge = GRID.location * value - GRID.location / 2;
    let mass = 0;
    for (let k = 0; k < weights.length; k++) mass += weights[k]! * cdfAt(cdf, edge - locations[k]!, scales[k]!);
    return mass;
  }

  /** The share of 0, 1 to 2^16 - 1 out of 2^16. */
  zeros(): number {
    return Math.min(Math.max(Math.floor(this.zero / this.whole), 1), ONE - 1);
  }

  /** Where `value`, 1 to 256, begins among those from 1 to 255, out of 2^20: rising by 1 at least. All products are below 2^53. */
  start(value: number): number {
    if (value === LEVELS) return VALUES;
    const spread = VALUES - (LEVELS - 1);
    const share = this.rest === 0 ? 0 : Math.floor(((this.massBelow(value) - this.zero) * spread) / this.rest);
    return share + value - 1;
  }
}
