/** What can be said by name: codes and constellations, with what is known of them exactly. */
import {
  bpskBitError,
  type Codebook,
  dbpskBitError,
  dimensions,
  type EbNo,
  esNoFromEbNo,
  exactSymbolError,
  extendedHammingCode,
  extendedHammingCodebook,
  type Fading,
  hammingCode,
  hammingCodebook,
  hardDecisionBlockError,
  hexagonalCodebook,
  type LinearCode,
  pskCodebook,
  pskSymbolError,
  qamCodebook,
  qamSymbolError,
  rate,
  repetitionCodebook,
  uncodedBlockError,
  uncodedCodebook,
  unionBound,
} from "@isthmus/channel";
import { UsageError } from "../errors.ts";

/** What a curve says of the error rate. */
export type Standing = "exact" | "upper bound" | "lower bound" | "mean of random codes" | "approximation";

export interface KnownRate {
  readonly standing: Standing;
  readonly of: (ebNo: EbNo) => number;
}

/** A transmitter and a receiver that are not learned. */
export interface NamedSystem {
  readonly name: string;
  /** None where blocks depend on each other. */
  readonly codebook?: Codebook;
  /** Default: maximum likelihood. */
  readonly hardDecision?: LinearCode;
  /** What formulas say of its block error rate; nothing where there are none. */
  readonly known: (fading: Fading) => KnownRate | undefined;
}

/** Lines for `--help`. */
export const SYSTEM_NAMES = [
  "Systems by name: uncoded-K (K bits, one a use), repetition-N, hamming, extended-hamming (maximum likelihood),",
  "hamming-hard, extended-hamming-hard (hard decision), bpsk, dbpsk, qpsk, psk-M, qam-M, hexagonal-M.",
] as const;

type Maker = (size: number) => NamedSystem;

const plain: Readonly<Record<string, () => NamedSystem>> = {
  hamming: () => ofCodebook("Hamming (7,4), maximum likelihood", hammingCodebook()),
  "extended-hamming": () => ofCodebook("extended Hamming (8,4), maximum likelihood", extendedHammingCodebook()),
  "hamming-hard": () => hard("Hamming (7,4), hard decision", hammingCode(), hammingCodebook()),
  "extended-hamming-hard": () =>
    hard("extended Hamming (8,4), hard decision", extendedHammingCode(), extendedHammingCodebook()),
  bpsk: () => ({ ...uncoded(1), name: "BPSK" }),
  dbpsk: () => ({ name: "DBPSK", known: (fading) => exactly((ebNo) => dbpskBitError(ebNo, fading)) }),
  qpsk: () => ({ ...psk(4), name: "QPSK" }),
};

const sized: Readonly<Record<string, Maker>> = { uncoded, repetition, psk, qam, hexagonal };

/**
 * The system of a name; none if it is no such name.
 *
 * @param bits of `uncoded` without a number
 * @throws UsageError for a size that the system does not come in
 */
export function namedSystem(text: string, bits?: number): NamedSystem | undefined {
  if (Object.hasOwn(plain, text)) return plain[text]!();
  if (text === "uncoded" && bits !== undefined && Number.isInteger(bits)) return uncoded(bits);
  const [, kind, size] = /^([a-z]+)-(\d+)$/.exec(text) ?? [];
  if (kind === undefined || !Object.hasOwn(sized, kind)) return undefined;
  try {
    return sized[kind]!(Number(size));
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`${text}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** A codebook received by maximum likelihood: exact in the plane, elsewhere its union bound. */
export function ofCodebook(name: string, codebook: Codebook): NamedSystem {
  const known = (fading: Fading): KnownRate | undefined => {
    if (fading !== "awgn") return undefined;
    if (dimensions(codebook) === 2) return exactly((ebNo) => exactSymbolError(codebook, ebNo));
    return { standing: "upper bound", of: (ebNo) => Math.min(1, unionBound(codebook, ebNo)) };
  };
  return { name, codebook, known };
}

function hard(name: string, code: LinearCode, codebook: Codebook): NamedSystem {
  const wrong = (ebNo: EbNo, fading: Fading): number => bpskBitError((ebNo * rate(codebook)) as EbNo, fading);
  return {
    ...{ name, codebook, hardDecision: code },
    known: (fading) => exactly((ebNo) => hardDecisionBlockError(code, wrong(ebNo, fading))),
  };
}

function uncoded(k: number): NamedSystem {
  return {
    ...{ name: `uncoded (${k},${k})`, codebook: uncodedCodebook(k) },
    known: (fading) => exactly((ebNo) => uncodedBlockError(k, bpskBitError(ebNo, fading))),
  };
}

function repetition(n: number): NamedSystem {
  const codebook = repetitionCodebook(n);
  const known = (fading: Fading) => (fading === "awgn" ? exactly((ebNo) => bpskBitError(ebNo)) : undefined);
  return { name: codebook.name, codebook, known };
}

function psk(m: number): NamedSystem {
  const codebook = pskCodebook(m);
  const known = (fading: Fading) => exactly((ebNo) => pskSymbolError(m, esNoFromEbNo(ebNo, codebook), fading));
  return { name: codebook.name, codebook, known };
}

function qam(m: number): NamedSystem {
  const codebook = qamCodebook(m);
  const known = (fading: Fading) => exactly((ebNo) => qamSymbolError(m, esNoFromEbNo(ebNo, codebook), fading));
  return { name: codebook.name, codebook, known };
}

function hexagonal(m: number): NamedSystem {
  const codebook = hexagonalCodebook(m);
  return ofCodebook(codebook.name, codebook);
}

function exactly(of: (ebNo: EbNo) => number): KnownRate {
  return { standing: "exact", of };
}
