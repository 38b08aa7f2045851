/** What can be said by name: codes and constellations, with what is known of them exactly. */
import {
  bpskBitError,
  type Codebook,
  dbpskBitError,
  differentialCodebook,
  differentialHammingCode,
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
  overBlockFading,
  pskCodebook,
  pskSymbolError,
  qamCodebook,
  qamSymbolError,
  rate,
  repetitionCodebook,
  uncodedBits,
  uncodedBlockError,
  uncodedCodebook,
  unionBound,
} from "@isthmus/channel";
import { UsageError } from "@isthmus/command-line/node";

/** What a curve says of the error rate. */
export type Standing = "exact" | "upper bound" | "lower bound" | "mean of random codes" | "approximation";

export interface KnownRate {
  readonly standing: Standing;
  readonly of: (ebNo: EbNo) => number;
}

/** What formulas are of: noise alone, or Rayleigh fading that the receiver is told, of each use or of whole blocks. */
export type Surroundings = Fading | "rayleigh-block";

/** A transmitter and a receiver that are not learned. */
export interface NamedSystem {
  readonly name: string;
  /** None where blocks depend on each other. */
  readonly codebook?: Codebook;
  /** Default: maximum likelihood. */
  readonly hardDecision?: LinearCode;
  /** Received use against use. */
  readonly differential?: LinearCode;
  /** What formulas say of its block error rate; nothing where there are none. */
  readonly known: (around: Surroundings) => KnownRate | undefined;
}

/** Lines for `--help`. */
export const SYSTEM_NAMES = [
  "Systems by name: uncoded-K (K bits, one a use), repetition-N, hamming, extended-hamming (maximum likelihood),",
  "hamming-hard, extended-hamming-hard (hard decision), bpsk, dbpsk, qpsk, psk-M, qam-M, hexagonal-M; of complex uses and over",
  "fading taps dbpsk-K, dbpsk-hamming (differential detection), dbpsk-hamming-ml (the same signals by maximum likelihood).",
] as const;

type Maker = (size: number) => NamedSystem;

const plain: Readonly<Record<string, () => NamedSystem>> = {
  hamming: () => ofCodebook("Hamming (7,4), maximum likelihood", hammingCodebook()),
  "extended-hamming": () => ofCodebook("extended Hamming (8,4), maximum likelihood", extendedHammingCodebook()),
  "hamming-hard": () => hard("Hamming (7,4), hard decision", hammingCode(), hammingCodebook()),
  "extended-hamming-hard": () =>
    hard("extended Hamming (8,4), hard decision", extendedHammingCode(), extendedHammingCodebook()),
  bpsk: () => ({ ...uncoded(1), name: "BPSK" }),
  dbpsk: () => ({ name: "DBPSK", known: exactly(dbpskBitError) }),
  "dbpsk-hamming": () => differential(differentialHammingCode()),
  "dbpsk-hamming-ml": () =>
    ofCodebook("differential Hamming (7,4), maximum likelihood", differentialCodebook(differentialHammingCode())),
  qpsk: () => ({ ...psk(4), name: "QPSK" }),
};

const sized: Readonly<Record<string, Maker>> = {
  ...{ uncoded, repetition, psk, qam, hexagonal },
  dbpsk: (k) => differential(uncodedBits(k)),
};

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

/** A codebook received by maximum likelihood: exact in the plane and of two points, elsewhere its union bound. */
export function ofCodebook(name: string, codebook: Codebook): NamedSystem {
  const inPlane = exactly((ebNo) => exactSymbolError(codebook, ebNo));
  const pairs = formula(codebook.size === 2 ? "exact" : "upper bound", (ebNo, fading) =>
    Math.min(1, unionBound(codebook, ebNo, fading)),
  );
  const isPlane = dimensions(codebook) === 2;
  const known = (around: Surroundings): KnownRate => {
    // One complex use is a block; two real ones fade apart.
    if (isPlane && codebook.complex) return inPlane(around === "rayleigh" ? "rayleigh-block" : around);
    return isPlane && around !== "rayleigh" ? inPlane(around) : pairs(around);
  };
  return { name, codebook, known };
}

function hard(name: string, code: LinearCode, codebook: Codebook): NamedSystem {
  const wrong = (ebNo: EbNo, fading: Fading): number => bpskBitError((ebNo * rate(codebook)) as EbNo, fading);
  return {
    ...{ name, codebook, hardDecision: code },
    known: exactly((ebNo, fading) => hardDecisionBlockError(code, wrong(ebNo, fading))),
  };
}

/** Bits whose errors depend on each other: there is no formula. */
function differential(code: LinearCode): NamedSystem {
  const name = `differential ${code.name}, differential detection`;
  return { name, codebook: differentialCodebook(code), differential: code, known: () => undefined };
}

function uncoded(k: number): NamedSystem {
  return {
    ...{ name: `uncoded (${k},${k})`, codebook: uncodedCodebook(k) },
    known: exactly((ebNo, fading) => uncodedBlockError(k, bpskBitError(ebNo, fading))),
  };
}

function repetition(n: number): NamedSystem {
  const codebook = repetitionCodebook(n);
  return ofCodebook(codebook.name, codebook);
}

function psk(m: number): NamedSystem {
  const codebook = pskCodebook(m);
  const known = exactly((ebNo, fading) => pskSymbolError(m, esNoFromEbNo(ebNo, codebook), fading));
  return { name: codebook.name, codebook, known };
}

function qam(m: number): NamedSystem {
  const codebook = qamCodebook(m);
  const known = exactly((ebNo, fading) => qamSymbolError(m, esNoFromEbNo(ebNo, codebook), fading));
  return { name: codebook.name, codebook, known };
}

function hexagonal(m: number): NamedSystem {
  const codebook = hexagonalCodebook(m);
  return ofCodebook(codebook.name, codebook);
}

type Formula = (ebNo: EbNo, fading: Fading) => number;

const exactly = (of: Formula): ((around: Surroundings) => KnownRate) => formula("exact", of);

/** Of whole blocks that fade, the mean of what noise alone does. */
function formula(standing: Standing, of: Formula): (around: Surroundings) => KnownRate {
  return (around) => ({
    standing,
    of: (ebNo) =>
      around === "rayleigh-block" ? overBlockFading((faded) => of(faded, "awgn"), ebNo) : of(ebNo, around),
  });
}
