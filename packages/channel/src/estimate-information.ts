import { meanEstimate, randomNormal, uint32Sequence, type MeanEstimate } from "@isthmus/math";
import { requireWhole } from "./checks.ts";
import type { Codebook } from "./codebook.ts";
import { likelihoodRatios, lostOfBits, lostOfMessage } from "./information.ts";
import { dimensions, noiseDeviation, type EbNo } from "./units.ts";

export interface InformationEstimateOptions {
  /** How many to send. Default: 100,000. */
  readonly blocks?: number;
  /** Default: 1. */
  readonly seed?: number;
}

/** Bits per block, with standard errors. */
export interface InformationEstimate {
  /** I(S; Y). */
  readonly message: MeanEstimate;
  /** The sum over bits of I(B_i; Y), where M is a power of two. */
  readonly bits?: MeanEstimate;
}

/**
 * What `mutualInformation` and `bitwiseMutualInformation` say, of points in any number of dimensions, by sending blocks instead of a quadrature. No receiver of
 * these points can have a lower cross-entropy, in expectation, than k less that.
 *
 * @throws TypeError, RangeError for fewer than two blocks.
 */
export function estimateInformation(
  book: Codebook,
  ebNo: EbNo,
  { blocks = 100_000, seed = 1 }: InformationEstimateOptions = {},
): InformationEstimate {
  requireWhole("blocks", blocks, 2);
  const sigma = noiseDeviation(ebNo, book);
  const words = uint32Sequence({ seed, stream: "information/message" });
  const noise = new Float32Array(dimensions(book));
  const ratios = new Float64Array(book.size);
  const isBinary = Number.isInteger(book.k);
  const [message, bits] = [new Float64Array(blocks), new Float64Array(isBinary ? blocks : 0)];
  for (let block = 0; block < blocks; block++) {
    const sent = Math.floor((words() / 2 ** 32) * book.size);
    randomNormal(noise, { seed, stream: "information/noise", step: block });
    likelihoodRatios(book, sent, noise, sigma, ratios);
    message[block] = book.k - lostOfMessage(ratios);
    if (isBinary) bits[block] = book.k - lostOfBits(book, ratios, sent);
  }
  return { message: meanEstimate(message), ...(isBinary && { bits: meanEstimate(bits) }) };
}
