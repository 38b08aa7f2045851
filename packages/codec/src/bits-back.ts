/**
 * Bits-back coding with asymmetric numeral systems (Townsend, Bird and Barber 2019): lossless coding with a variational
 * autoencoder.
 *
 *     encoder                                   decoder
 *     take z off the stack under q(z | x)       take z off under p(z)
 *     put x on under p(x | z)                   take x off under p(x | z)
 *     put z on under p(z)                       put z back on under q(z | x)
 *
 * An item costs log q(z | x) - log p(x | z) - log p(z) bits in the mean, the negative ELBO: what choosing z took off the
 * stack comes back when the item is decoded. Where the stack has too few bits to choose with, as for the first item, z is
 * the posterior's mean, coarsely, and that item's bits are what the next ones choose with.
 */
import { type AnsStack, emptyStack, isEmpty, pop, push, slotOf, stackFromBytes, stackToBytes } from "./ans-stack.ts";
import {
  type BitsBackTables,
  checkBitsBackTables,
  EDGE_BITS,
  EDGES_PER_MEAN,
  FAR,
  MAX_LATENT_BITS,
  numbersPerPixel,
} from "./bits-back-tables.ts";
import { bitstreamError } from "./bitstream-error.ts";
import { checkInteger } from "./frame.ts";
import { type PixelCoder, pixelCoder } from "./pixel-coder.ts";
import { cdfAt, scaleIndexOf } from "./scaled-cdf.ts";

/** A network in integers: the same numbers on every machine. */
export interface IntegerNetwork {
  /** One item; the result may be the same array each time. */
  run(item: Int8Array | Uint8Array): Int32Array;
}

export interface BitsBackModel {
  /** Pixels of an item. */
  readonly pixels: number;
  /**
   * Pixels, a byte each, to the posterior: [2, latents], means in steps of 1 / `GRID.mean`, then logarithms of variances in
   * steps of 1 / `GRID.logVariance`.
   */
  readonly posterior: IntegerNetwork;
  /** `BitsBackTables.inputs` of each latent to what `BitsBackTables.pixels` needs: [numbers, pixels]. */
  readonly likelihood: IntegerNetwork;
  readonly tables: BitsBackTables;
}

/** Out of 2^8: whether an item was chosen for by bits of the stack. One that was not is 8 bits longer for it. */
const CHAINED = 0xff;
const FLAG_PRECISION = 8;
const POSTERIOR_PRECISION = 16;
const ONE = 2 ** POSTERIOR_PRECISION;

/**
 * Items to bytes, from which `decodeBitsBack` makes the same items again.
 *
 * @param items `[items, pixels]`, values below the likelihood's levels
 * @param latentBits 1 to 8: how finely latents are chosen. Few for short messages, many for long ones
 * @throws RangeError for items that are not whole, a value that the likelihood has no share for, or latentBits out of range
 */
export function encodeBitsBack(items: Uint8Array, model: BitsBackModel, latentBits: number): Uint8Array<ArrayBuffer> {
  checkItems(items, model);
  const coder = coderOf(model, latentBits);
  const stack = emptyStack();
  for (let at = 0; at < items.length; at += model.pixels) {
    pushItem(stack, items.subarray(at, at + model.pixels), coder);
  }
  return stackToBytes(stack);
}

/**
 * What `encodeBitsBack` made, back to items. Time is in proportion to the items.
 *
 * @param base added to offsets in errors: where the payload begins in the caller's bytes
 * @throws IsthmusError `BITSTREAM_STATE` when the payload does not begin with a state, `BITSTREAM_END` when it ends before
 *   the items do, or after, `BITSTREAM_SYMBOL` for latents that the encoder does not choose
 */
export function decodeBitsBack(
  payload: Uint8Array,
  model: BitsBackModel,
  { items, latentBits, base = 0 }: { readonly items: number; readonly latentBits: number; readonly base?: number },
): Uint8Array<ArrayBuffer> {
  const coder = coderOf(model, latentBits);
  checkInteger("items", items, 0, 2 ** 32);
  const stack = stackFromBytes(payload);
  if (!stack)
    throw bitstreamError("BITSTREAM_STATE", base, `${payload.length} bytes that do not begin with a coder state`);
  const decoded = new Uint8Array(items * model.pixels);
  for (let item = items - 1; item >= 0; item--) {
    const wrong = popItem(stack, decoded.subarray(item * model.pixels, (item + 1) * model.pixels), coder);
    if (!wrong) continue;
    const what =
      wrong === "BITSTREAM_END"
        ? `the payload ends within item ${item}`
        : `item ${item} has latents that no encoder chooses`;
    throw bitstreamError(wrong, base + payload.length, what, { item });
  }
  if (!isEmpty(stack)) {
    throw bitstreamError("BITSTREAM_END", base + payload.length, `${2 * stack.length} bytes left after the last item`);
  }
  return decoded;
}

/** What coding an item needs, made ready once. */
interface Coder extends Pick<BitsBackModel, "posterior" | "likelihood" | "tables"> {
  readonly pixels: PixelCoder;
  readonly latentBits: number;
  readonly latents: number;
  /** Of the item at hand: an edge of the finest bins for each latent. */
  readonly z: Int32Array;
  readonly input: Int8Array;
  /** Numbers that the networks must give. */
  readonly said: number;
}

function coderOf({ pixels: count, posterior, likelihood, tables }: BitsBackModel, latentBits: number): Coder {
  checkInteger("latentBits", latentBits, 1, MAX_LATENT_BITS);
  checkInteger("model.pixels", count, 1, 2 ** 24);
  checkBitsBackTables(tables);
  const latents = tables.seedBits.length;
  const [z, input] = [new Int32Array(latents), new Int8Array(latents)];
  const said = count * numbersPerPixel(tables.pixels);
  return { posterior, likelihood, tables, pixels: pixelCoder(tables.pixels), latentBits, latents, z, input, said };
}

/** @throws RangeError for items that are not whole, or a value that the likelihood has no share for */
export function checkItems(items: Uint8Array, { pixels, tables }: Pick<BitsBackModel, "pixels" | "tables">): void {
  const { levels } = pixelCoder(tables.pixels);
  if (items.length % pixels !== 0) throw new RangeError(`items: expected a multiple of ${pixels}, got ${items.length}`);
  const wrong = levels === 256 ? -1 : items.findIndex((value) => value >= levels);
  if (wrong >= 0) throw new RangeError(`items[${wrong}]: expected a value below ${levels}, got ${items[wrong]}`);
}

function pushItem(stack: AnsStack, item: Uint8Array, coder: Coder): void {
  const q = posteriorOf(item, coder);
  // A latent takes 16 bits at most, hence one word: with these, none is missing.
  const isChained = stack.length >= coder.latents;
  if (isChained) chooseByStack(stack, q, coder);
  else chooseByMean(q, coder);
  coder.pixels.push(stack, item, likelihoodOf(coder));
  for (let d = coder.latents - 1; d >= 0; d--) pushUniform(stack, d, isChained, coder);
  if (isChained) push(stack, 0, CHAINED, FLAG_PRECISION);
  else push(stack, CHAINED, 1, FLAG_PRECISION);
}

/** What is wrong with the stack, where it does not hold an item. */
function popItem(stack: AnsStack, item: Uint8Array, coder: Coder): "BITSTREAM_END" | "BITSTREAM_SYMBOL" | undefined {
  const isChained = slotOf(stack, FLAG_PRECISION) < CHAINED;
  const flag = isChained ? pop(stack, 0, CHAINED, FLAG_PRECISION) : pop(stack, CHAINED, 1, FLAG_PRECISION);
  if (!flag) return "BITSTREAM_END";
  for (let d = 0; d < coder.latents; d++) if (!popUniform(stack, d, isChained, coder)) return "BITSTREAM_END";
  if (!coder.pixels.pop(stack, item, likelihoodOf(coder))) return "BITSTREAM_END";
  return isChained && !putBack(stack, posteriorOf(item, coder), coder) ? "BITSTREAM_SYMBOL" : undefined;
}

function posteriorOf(item: Uint8Array, { posterior, latents }: Coder): Int32Array {
  return checkedRun("posterior", posterior, item, 2 * latents);
}

function likelihoodOf({ likelihood, tables, z, input, said }: Coder): Int32Array {
  for (let d = 0; d < z.length; d++) input[d] = tables.inputs[z[d]!]!;
  return checkedRun("likelihood", likelihood, input, said);
}

function checkedRun(name: string, network: IntegerNetwork, item: Int8Array | Uint8Array, expected: number): Int32Array {
  const said = network.run(item);
  if (said.length === expected) return said;
  throw new RangeError(`model.${name}: expected ${expected} numbers, got ${said.length}`);
}

/** How many bits latent d has: bin i of its 2^bits has the middle at edge (2 i + 1) 2^(8 - bits) of 2^9. */
function bitsOf(d: number, isChained: boolean, { latentBits, tables }: Coder): number {
  return isChained ? latentBits : tables.seedBits[d]!;
}

function middleOf(bin: number, bits: number): number {
  return (2 * bin + 1) * 2 ** (MAX_LATENT_BITS - bits);
}

function pushUniform(stack: AnsStack, d: number, isChained: boolean, coder: Coder): void {
  const bits = bitsOf(d, isChained, coder);
  push(stack, coder.z[d]! >>> (EDGE_BITS - bits), 1, bits);
}

function popUniform(stack: AnsStack, d: number, isChained: boolean, coder: Coder): boolean {
  const bits = bitsOf(d, isChained, coder);
  const bin = slotOf(stack, bits);
  coder.z[d] = middleOf(bin, bits);
  return pop(stack, bin, 1, bits);
}

/** The bin of the mean. */
function chooseByMean(q: Int32Array, { tables, z }: Coder): void {
  for (let d = 0; d < z.length; d++) {
    const bits = tables.seedBits[d]!;
    const mean = meanOf(q, d);
    const bin = lastBin(2 ** bits, (i) => tables.edges[i << (EDGE_BITS - bits)]! <= mean);
    z[d] = middleOf(bin, bits);
  }
}

function chooseByStack(stack: AnsStack, q: Int32Array, coder: Coder): void {
  const { z, latentBits } = coder;
  for (let d = 0; d < z.length; d++) {
    const starts = binStarts(q, d, coder);
    const slot = slotOf(stack, POSTERIOR_PRECISION);
    const bin = lastBin(2 ** latentBits, (i) => starts(i) <= slot);
    pop(stack, starts(bin), starts(bin + 1) - starts(bin), POSTERIOR_PRECISION);
    z[d] = middleOf(bin, latentBits);
  }
}

/** Undoes `chooseByStack`: the last latent first. Returns false for latents that it does not choose. */
function putBack(stack: AnsStack, q: Int32Array, coder: Coder): boolean {
  const { z, latentBits } = coder;
  for (let d = z.length - 1; d >= 0; d--) {
    const starts = binStarts(q, d, coder);
    const bin = z[d]! >>> (EDGE_BITS - latentBits);
    const frequency = starts(bin + 1) - starts(bin);
    if (frequency === 0) return false;
    push(stack, starts(bin), frequency, POSTERIOR_PRECISION);
  }
  return true;
}

/** The mean of latent d in steps of the edges, cut to where all distances are exact. */
function meanOf(q: Int32Array, d: number): number {
  return Math.min(Math.max(q[d]! * EDGES_PER_MEAN, -FAR), FAR);
}

/**
 * Where bin i of latent d begins under its posterior, out of 2^16: 0 for the first, 2^16 behind the last, and not falling. A bin
 * without a share is never chosen.
 */
function binStarts(q: Int32Array, d: number, { tables, latentBits, latents }: Coder): (bin: number) => number {
  const { posterior, edges } = tables;
  const mean = meanOf(q, d);
  const scale = scaleIndexOf(posterior, q[latents + d]!);
  return (bin) => {
    if (bin === 0) return 0;
    if (bin === 2 ** latentBits) return ONE;
    return cdfAt(posterior, edges[bin << (EDGE_BITS - latentBits)]! - mean, scale);
  };
}

/** The last of `count` bins for which `begins` holds; it does for the first, and for none after one for which it does not. */
function lastBin(count: number, begins: (bin: number) => boolean): number {
  let [low, high] = [0, count];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (begins(middle)) low = middle;
    else high = middle;
  }
  return low;
}
