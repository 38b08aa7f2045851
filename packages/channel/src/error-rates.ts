/**
 * Error probabilities in closed form (Proakis 2001, chapter 5; Simon and Alouini 2005, chapter 8). `rayleigh` means flat Rayleigh
 * fading of mean power 1, known to the receiver, drawn anew for each symbol.
 */
import { requirePositive, requireProbability, requireWhole } from "./checks.ts";
import { qFunction } from "./q-function.ts";
import { integrate } from "./quadrature.ts";
import type { EbNo, EsNo } from "./units.ts";

/** What lies between the transmitter and the receiver. Default: `awgn`, noise alone. */
export type Fading = "awgn" | "rayleigh";

/** Bit error probability of BPSK, and of each bit of Gray-labelled QPSK: Q(sqrt(2 Eb/N0)), or (1 - sqrt(g / (1 + g))) / 2. */
export function bpskBitError(ebNo: EbNo, fading: Fading = "awgn"): number {
  requirePositive("ebNo", ebNo);
  return fading === "awgn" ? qFunction(Math.sqrt(2 * ebNo)) : halfLessRoot(ebNo);
}

/** Bit error probability of differential BPSK, differentially detected: exp(-Eb/N0) / 2, or 1 / (2 (1 + Eb/N0)). */
export function dbpskBitError(ebNo: EbNo, fading: Fading = "awgn"): number {
  requirePositive("ebNo", ebNo);
  return fading === "awgn" ? 1 / (2 * Math.exp(ebNo)) : 1 / (2 * (1 + ebNo));
}

/** Symbol error probability of QPSK: 2 q - q^2 with the bit error probability q of each of its two dimensions; no fading. */
export function qpskSymbolError(esNo: EsNo): number {
  requirePositive("esNo", esNo);
  const q = qFunction(Math.sqrt(esNo));
  return q * (2 - q);
}

/** Symbol error probability of M-PSK, M >= 2 (Craig 1991, equation 5; Simon and Alouini 2005, equation 8.112). */
export function pskSymbolError(m: number, esNo: EsNo, fading: Fading = "awgn"): number {
  requireWhole("m", m, 2);
  requirePositive("esNo", esNo);
  const g = Math.sin(Math.PI / m) ** 2;
  const end = Math.PI - Math.PI / m;
  const given = (phi: number): number => {
    const s = g / Math.sin(phi) ** 2;
    return fading === "awgn" ? Math.exp(esNo * -s) : 1 / (1 + esNo * s);
  };
  return integrate((phi) => (phi === 0 ? 0 : given(phi)), 0, end) / Math.PI;
}

/** Symbol error probability of square M-QAM, M = 4, 16, 64, ... (Simon and Alouini 2005, equations 8.10 and 8.106). */
export function qamSymbolError(m: number, esNo: EsNo, fading: Fading = "awgn"): number {
  const side = requireSquare(m);
  requirePositive("esNo", esNo);
  const inner = 1 - 1 / side;
  const g = (1.5 * esNo) / (m - 1);
  if (fading === "awgn") {
    const p = 2 * inner * qFunction(Math.sqrt(2 * g)); // of each of its two amplitudes
    return p * (2 - p);
  }
  return 4 * inner * halfLessRoot(g) - 4 * inner * inner * squaredQ(g);
}

/** (1 - sqrt(g / (1 + g))) / 2 without the difference. */
function halfLessRoot(g: number): number {
  return 0.5 / ((1 + g) * (1 + Math.sqrt(g / (1 + g))));
}

/** E[Q(sqrt(2 g))^2] over the fading, (1/pi) times the integral of 1 / (1 + g / sin^2) from 0 to pi / 4: its closed form cancels. */
function squaredQ(g: number): number {
  return integrate((phi) => 1 / (1 + g / Math.sin(phi) ** 2), 0, Math.PI / 4) / Math.PI;
}

function requireSquare(m: number): number {
  const side = Math.sqrt(m);
  if (!(Number.isInteger(side) && side >= 2)) {
    throw new RangeError(`"m" expected the square of a whole number from 2 on, got ${m}`);
  }
  return side;
}

/** Probability that one of k independent bits, each wrong with probability `bitError`, is wrong: 1 - (1 - p)^k. */
export function uncodedBlockError(k: number, bitError: number): number {
  requireWhole("k", k, 1);
  requireProbability("bitError", bitError);
  return -Math.expm1(k * Math.log1p(-bitError));
}
