import { elementCount, initialise, type StoredTensor } from "@isthmus/graph";
import { dataMoments, ndArray, type NdArray, principalComponents } from "@isthmus/math";
import type { ModelDefinition } from "./definition.ts";
import { FIRST_SCALE } from "./factorised-prior.ts";
import type { LearnedCodecConfig } from "./learned-codec.ts";
import { FIRST_WIDTH, spatialLayers } from "./transforms.ts";
import { type ImageSize, imageSizes } from "./trunk.ts";

/**
 * Tensors that a `learnedCodec` of convolutions begins with as a linear transform coder, for `initial` of `fit`. Drawn at
 * random it has to find a transform before it can find a better one.
 *
 * Layer by layer from the data on, a convolution takes the principal components (Karhunen and Loeve) of the blocks of
 * `stride` x `stride` pixels that its input consists of, and the decoder's layer undoes it. All layers together are the
 * principal components of blocks of `stride`^layers pixels, orthonormal; of a larger kernel the margin starts at 0. GDN keeps
 * its own start, at which it does little. Bins get the width that is best at high rates, where each costs a squared error of
 * step^2 / 12 and a bit more halves it: step^2 = 6 / (lambda ln 2). The prior has the codes' variances. Channels beyond the
 * components stay as drawn, and nothing reads them yet.
 *
 * @param items [items, features], numbers as the network sees them; some thousand are plenty
 * @param seed of what stays as drawn: that of `fit`. Default: 1
 * @throws RangeError for a network without GDN or whose code is no image, a kernel narrower than its stride, sizes that are
 *   not multiples of the stride at each layer, more channels of the code than a block has numbers, or not one whole item
 */
export function transformStart(
  { config, parameters }: Pick<ModelDefinition<LearnedCodecConfig>, "config" | "parameters">,
  items: Float32Array,
  seed = 1,
): Record<string, StoredTensor> {
  const { kernel, stride, names, sizes } = checkedLayers(config, items);
  const drawn = initialise(parameters, seed);
  const tensors: Record<string, StoredTensor> = {};
  const put = (name: string, data: Float32Array): void => {
    tensors[name] = { shape: parameters[name]!.shape, data };
  };
  const step = Math.sqrt(6 / (config.lambda * Math.LN2));
  let images: Images = { size: sizes[0]!, values: Float64Array.from(items) };
  names.forEach(([encoder, decoder], layer) => {
    const known = images.size[2];
    const [height, width, inner] = sizes[layer + 1]!;
    const blocks = blocksOf(images, stride);
    const basis = basisOf(blocks, known, inner);
    const isCode = layer === names.length - 1;
    const scale = isCode ? FIRST_WIDTH * step : 1;
    const kernels = [drawn[`${encoder}.kernel`]!, drawn[`${decoder}.kernel`]!] as const;
    setKernels(kernels, basis, { kernel, stride, channels: [sizes[layer]![2], inner], known, scale });
    put(`${encoder}.kernel`, kernels[0]);
    put(`${decoder}.kernel`, kernels[1]);
    const shift = basis.shift.map((value) => -value / scale);
    put(`${encoder}.bias`, begun(drawn[`${encoder}.bias`]!, shift));
    put(`${decoder}.bias`, begun(drawn[`${decoder}.bias`]!, basis.mean));
    if (isCode) put("prior.logScales", priorScales(basis.variances, step));
    else images = { size: [height, width, basis.count], values: projected(blocks, basis) };
  });
  put("prior.locations", new Float32Array(config.latent * SPREADS.length));
  return tensors;
}

interface Layers {
  readonly kernel: number;
  readonly stride: number;
  /** Of the layer and the one that undoes it. */
  readonly names: readonly (readonly [encoder: string, decoder: string])[];
  /** Of the data and behind each layer. */
  readonly sizes: readonly ImageSize[];
}

function checkedLayers(config: LearnedCodecConfig, items: Float32Array): Layers {
  const trunk = spatialLayers(config);
  if (!trunk || !config.gdn) {
    throw new RangeError(`"definition" expected convolutions with GDN and without dense layers`);
  }
  const { kernel, stride } = trunk;
  if (kernel < stride) throw new RangeError(`"trunk.kernel" expected at least the stride ${stride}, got ${kernel}`);
  const { inputShape } = config;
  const sizes = imageSizes(trunk, inputShape);
  const block = stride ** (sizes.length - 1);
  if (inputShape[0]! % block !== 0 || inputShape[1]! % block !== 0) {
    throw new RangeError(`"inputShape" expected multiples of ${block} pixels, got [${inputShape.join(", ")}]`);
  }
  const features = elementCount(inputShape);
  if (items.length === 0 || items.length % features !== 0) {
    throw new RangeError(`"items" expected a multiple of ${features} numbers, got ${items.length}`);
  }
  const last = sizes.length - 2;
  const numbers = trunk.channels.reduce((channels, most) => Math.min(stride ** 2 * channels, most), inputShape[2]!);
  if (config.latent > numbers) {
    throw new RangeError(`"latent" expected at most ${numbers}, the components of a block, got ${config.latent}`);
  }
  const names = Array.from({ length: last + 1 }, (_, layer) => {
    const encoder = layer === last ? "encoder.z" : `encoder.conv${layer}`;
    return [encoder, layer === 0 ? "decoder.output" : `decoder.conv${last - layer}`] as const;
  });
  return { kernel, stride, names, sizes };
}

/** Several of one size, [images, height, width, channels]. */
interface Images {
  readonly size: ImageSize;
  readonly values: Float64Array;
}

/** Their blocks, [blocks, block * block * channels]. */
function blocksOf({ size: [, width, channels], values }: Images, block: number): NdArray {
  const columns = width / block;
  const run = block * channels;
  const blocks = ndArray([values.length / (block * run), block * run], new Float64Array(values.length));
  for (let b = 0; b < blocks.shape[0]!; b++) {
    // Images lie one below the other, so that rows of blocks are counted through.
    const [row, column] = [Math.floor(b / columns), b % columns];
    for (let y = 0; y < block; y++) {
      const from = ((row * block + y) * columns + column) * run;
      blocks.data.set(values.subarray(from, from + run), (b * block + y) * run);
    }
  }
  return blocks;
}

/** An orthonormal basis of blocks, and the mean that they are seen from. */
interface Basis {
  readonly count: number;
  /** Columns, [numbers of a block, count]. */
  readonly components: Float64Array;
  readonly variances: Float64Array;
  /** Of each channel, wherever in a block it is. */
  readonly mean: Float64Array;
  /** The mean's coordinates, [count]. */
  readonly shift: Float64Array;
}

function basisOf(blocks: NdArray, channels: number, most: number): Basis {
  const numbers = blocks.shape[1]!;
  const count = Math.min(most, numbers);
  const moments = dataMoments(blocks);
  const { components, variances } = principalComponents(moments, count);
  const mean = new Float64Array(channels);
  moments.mean.data.forEach((value, i) => (mean[i % channels]! += (value * channels) / numbers));
  const shift = new Float64Array(count);
  components.data.forEach((v, at) => (shift[at % count]! += v * mean[Math.floor(at / count) % channels]!));
  return { count, components: components.data, variances, mean, shift };
}

/** Coordinates of blocks, [blocks, count]. */
function projected({ shape, data }: NdArray, { components, count, shift }: Basis): Float64Array {
  const [blocks, numbers] = shape as readonly [number, number];
  const coordinates = new Float64Array(blocks * count);
  for (let block = 0; block < blocks; block++) {
    const into = coordinates.subarray(block * count, (block + 1) * count);
    for (let i = 0; i < numbers; i++) {
      const x = data[block * numbers + i]!;
      for (let k = 0; k < count; k++) into[k]! += x * components[i * count + k]!;
    }
    shift.forEach((value, k) => (into[k]! -= value));
  }
  return coordinates;
}

interface KernelPlace {
  readonly kernel: number;
  readonly stride: number;
  /** Channels that the convolution reads, and that it makes. */
  readonly channels: readonly [outer: number, inner: number];
  /** Channels that the basis is of; others are drawn. */
  readonly known: number;
  /** The convolution divides by it, its inverse multiplies. */
  readonly scale: number;
}

/**
 * Writes a basis into [kernel, kernel, outer, inner] of a convolution and of its inverse, in the middle, where the pads of
 * both put a block.
 */
function setKernels(
  [analysis, synthesis]: readonly [Float32Array, Float32Array],
  { components, count }: Basis,
  { kernel, stride, channels: [outer, inner], known, scale }: KernelPlace,
): void {
  const before = Math.floor((kernel - stride) / 2);
  for (let at = 0; at < kernel * kernel; at++) {
    const [y, x] = [Math.floor(at / kernel) - before, (at % kernel) - before];
    const isInside = y >= 0 && y < stride && x >= 0 && x < stride;
    for (let c = 0; c < outer; c++) {
      for (let k = 0; k < inner; k++) {
        const i = (at * outer + c) * inner + k;
        const isKnown = isInside && c < known && k < count;
        const v = isKnown ? components[((y * stride + x) * known + c) * count + k]! : 0;
        if (k < count) analysis[i] = v / scale;
        if (c < known) synthesis[i] = v * scale;
      }
    }
  }
}

/** What is known, then what was drawn. */
function begun(drawn: Float32Array, known: Float64Array): Float32Array {
  drawn.set(known);
  return drawn;
}

/**
 * Of components of the prior, in standard deviations of a code: as likely as each other they have a variance of
 * pi^2 / 9 (0.1^2 + 0.35^2 + 0.9^2) = 1.03, and tails as long as those of a Laplacian.
 */
const SPREADS = [0.1, 0.35, 0.9];
/** Of bins. */
const LEAST_SCALE = 0.05;

function priorScales(variances: Float64Array, step: number): Float32Array {
  return Float32Array.from({ length: variances.length * SPREADS.length }, (_, i) => {
    const deviation = Math.sqrt(Math.max(0, variances[Math.floor(i / SPREADS.length)]!)) / step;
    return Math.log(Math.max(LEAST_SCALE, SPREADS[i % SPREADS.length]! * deviation) / FIRST_SCALE);
  });
}
