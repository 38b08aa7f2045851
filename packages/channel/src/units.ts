/**
 * Signal to noise, decided once.
 *
 * A link sends k bits in n uses. Real uses: ||x||^2 = n, noise of variance sigma^2 in each. Complex uses: E|x|^2 = 1, noise of
 * variance N0 in each, half of it in each of its two real components. N0 is one-sided, R = k / n bits per use.
 *
 *     real      sigma^2 = 1 / (2 R Eb/N0)        SNR = 1 / sigma^2 = 2 R Eb/N0
 *     complex   N0      = 1 / (R Eb/N0)          SNR = 1 / N0      = R Eb/N0
 *     Es/N0     energy of a complex use over N0; two real uses make one: (bits per complex use) Eb/N0
 *
 * Values are linear; decibels are in names. The three ratios are numbers that the compiler keeps apart.
 */
import { requireNumber, requireObject, requirePositive, requireWhole } from "./checks.ts";

declare const unit: unique symbol;

/** Energy per bit over noise density, linear. */
export type EbNo = number & { readonly [unit]: "Eb/N0" };
/** Energy per complex use over noise density, linear. */
export type EsNo = number & { readonly [unit]: "Es/N0" };
/** Power of the signal over that of the noise in each use, linear. */
export type Snr = number & { readonly [unit]: "SNR" };

/** How many bits travel in how many uses of the channel. */
export interface Link {
  /** Bits per block, log2 of the number of messages; need not be whole. */
  readonly k: number;
  /** Uses per block: complex ones if `complex`. */
  readonly n: number;
  /** Default: false. */
  readonly complex?: boolean;
}

/** @throws TypeError, RangeError when it is no finite number. */
export function ebNoFromDb(decibels: number): EbNo {
  return fromDb(decibels) as EbNo;
}

/** @throws TypeError, RangeError when it is no finite number. */
export function esNoFromDb(decibels: number): EsNo {
  return fromDb(decibels) as EsNo;
}

/** @throws TypeError, RangeError when it is no finite number. */
export function snrFromDb(decibels: number): Snr {
  return fromDb(decibels) as Snr;
}

/** 10 log10 of a ratio. */
export function toDb(ratio: EbNo | EsNo | Snr): number {
  return 10 * Math.log10(ratio);
}

export function esNoFromEbNo(ebNo: EbNo, link: Link): EsNo {
  return (ebNo * bitsPerComplexUse(link)) as EsNo;
}

export function ebNoFromEsNo(esNo: EsNo, link: Link): EbNo {
  return (esNo / bitsPerComplexUse(link)) as EbNo;
}

/** As a number it is Es/N0: signal and noise of two real uses are each twice those of one. */
export function snrFromEbNo(ebNo: EbNo, link: Link): Snr {
  return (ebNo * bitsPerComplexUse(link)) as Snr;
}

export function ebNoFromSnr(snr: Snr, link: Link): EbNo {
  return (snr / bitsPerComplexUse(link)) as EbNo;
}

/** Standard deviation of the noise in each real dimension: sigma, or sqrt(N0 / 2). */
export function noiseDeviation(ebNo: EbNo, link: Link): number {
  const snr = snrFromEbNo(ebNo, link);
  return Math.sqrt((link.complex === true ? 0.5 : 1) / snr);
}

/** R, bits per use. */
export function rate(link: Link): number {
  requireLink(link);
  return link.k / link.n;
}

/** Real dimensions of a block. */
export function dimensions(link: Link): number {
  requireLink(link);
  return link.complex === true ? 2 * link.n : link.n;
}

/**
 * The length of a block of unit power in standard deviations of the noise per real dimension, sqrt(2 k Eb/N0): the same
 * in every convention.
 */
export function lengthInDeviations(ebNo: EbNo, link: Link): number {
  requireLink(link);
  return Math.sqrt(2 * link.k * ebNo);
}

/** @throws TypeError, RangeError naming what is wrong. */
function requireLink(link: Link): void {
  requireObject("link", link);
  requirePositive("k", link.k);
  requireWhole("n", link.n, 1);
}

function bitsPerComplexUse(link: Link): number {
  return link.complex === true ? rate(link) : 2 * rate(link);
}

function fromDb(decibels: number): number {
  requireNumber("decibels", decibels);
  if (!Number.isFinite(decibels)) throw new RangeError(`"decibels" expected a finite number, got ${decibels}`);
  return 10 ** (decibels / 10);
}
