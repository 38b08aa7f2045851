/** What no code of k bits in n uses can do, and what codes can. Noise is Gaussian, of the same variance in each real dimension. */
import {
  betaI,
  betaIInv,
  logBeta,
  noncentralChiSquareCdf,
  noncentralChiSquareTail,
  noncentralTCdf,
} from "@isthmus/math/plain";
import { requirePositive } from "./checks.ts";
import { qFunction } from "./q-function.ts";
import { integrate } from "./quadrature.ts";
import { dimensions, lengthInDeviations, rate, snrFromEbNo, type EbNo, type Link, type Snr } from "./units.ts";

/** What is known of the energies of a code's points. */
export type EnergyOf = "equal" | "atMost";

/**
 * The least probability of a wrong block of any 2^k points of equal energy in n real dimensions (Shannon 1959, equation 1.3): that the
 * noise turns a point by more than the angle of a cone which holds 2^-k of all directions. For points of `atMost` that energy a
 * further dimension makes them equal, and the bound is weaker.
 *
 * It holds for no code of the given *average* energy whose greatest is larger.
 *
 * @throws RangeError for k < 1, or a single real dimension.
 */
export function spherePackingBound(link: Link, ebNo: EbNo, energy: EnergyOf = "equal"): number {
  const n = dimensions(link) + (energy === "equal" ? 0 : 1);
  if (n < 2) throw new RangeError(`"link" expected at least two real dimensions, got ${n}`);
  requirePositive("ebNo", ebNo);
  return beyondCone(n, coneCotangent(n, 2 ** -link.k), lengthInDeviations(ebNo, link));
}

/** The half-angle of that cone, radians, at most pi / 2. */
export function spherePackingAngle(link: Link): number {
  return Math.atan2(1, coneCotangent(dimensions(link), 2 ** -link.k));
}

/** cot theta of the cone that holds `share` <= 1/2 of the sphere: share = I_(sin^2 theta)((n - 1) / 2, 1 / 2) / 2. */
function coneCotangent(n: number, share: number): number {
  if (!(share <= 0.5)) throw new RangeError(`"k" expected at least one bit, got ${-Math.log2(share)}`);
  // where the cone is nearly a half-space, cos^2 of the angle has the digits, by I_x(a, b) = 1 - I_(1-x)(b, a)
  if (share > 0.25) {
    const square = betaIInv(0.5, (n - 1) / 2, 1 - 2 * share);
    return Math.sqrt(square / (1 - square));
  }
  const square = betaIInv((n - 1) / 2, 0.5, 2 * share);
  return Math.sqrt((1 - square) / square);
}

/** P(angle > theta) of a vector of that length and its noise: a noncentral t variable of n - 1 degrees of freedom. */
function beyondCone(n: number, cotangent: number, length: number): number {
  return noncentralTCdf(Math.sqrt(n - 1) * cotangent, n - 1, length);
}

/**
 * The meta-converse of Polyanskiy, Poor and Verdu (2010, theorem 41) with Gaussian output: another lower bound for points of equal energy,
 * looser than {@link spherePackingBound} but evaluated without geometry.
 */
export function metaConverse(link: Link, ebNo: EbNo): number {
  const n = dimensions(link);
  requirePositive("ebNo", ebNo);
  const p = snrFromEbNo(ebNo, link); // of each real dimension, too
  const share = 2 ** -link.k;
  const x = solve((at) => noncentralChiSquareCdf(at, n, n * (1 + 1 / p)) - share, n * (2 + 1 / p));
  return noncentralChiSquareTail(x * (1 + p), n, n / p);
}

/** The root of an increasing function that is negative at 0, from a first guess. */
function solve(f: (x: number) => number, guess: number): number {
  let [low, high] = [0, guess];
  while (f(high) < 0) [low, high] = [high, 2 * high];
  while (high - low > 2 ** -51 * high) {
    const middle = low === 0 && high > 1e-300 ? high / 2 : (low + high) / 2;
    if (middle <= low || middle >= high) break;
    if (f(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Below so many real dimensions the normal approximation is no guide: at (7,4) it is some 4 to 100 times above what Hamming's code does. */
const LEAST_USES = 50;

/**
 * About the least probability of a wrong block of the best long codes, Q((n C - k + log2(n) / 2) / sqrt(n V)) (Polyanskiy, Poor and Verdu 2010,
 * equation 296): an approximation, no bound, to be drawn as such.
 *
 * @throws RangeError below 50 real dimensions.
 */
export function normalApproximation(link: Link, ebNo: EbNo): number {
  const n = dimensions(link);
  if (n < LEAST_USES) {
    throw new RangeError(
      `"n" expected at least ${LEAST_USES} real dimensions, where the approximation begins to hold, got ${n}`,
    );
  }
  requirePositive("ebNo", ebNo);
  const p = snrFromEbNo(ebNo, link);
  const v = ((p * (p + 2)) / (2 * (p + 1) ** 2)) * Math.LOG2E ** 2;
  return qFunction((n * capacityPerDimension(p) - link.k + 0.5 * Math.log2(n)) / Math.sqrt(n * v));
}

/** C = log2(1 + SNR) / 2 bits per real use, log2(1 + SNR) per complex use. */
export function capacity(snr: Snr, link: Pick<Link, "complex">): number {
  requirePositive("snr", snr);
  return (link.complex === true ? 2 : 1) * capacityPerDimension(snr);
}

const capacityPerDimension = (p: number): number => 0.5 * Math.log1p(p) * Math.LOG2E;

/** The Eb/N0 above which codes of this rate can be as good as wished if they are long: (2^(2 R) - 1) / (2 R), R per real use. */
export function shannonLimit(link: Link): EbNo {
  const r = (link.complex === true ? 1 : 2) * rate(link);
  return (Math.expm1(r * Math.LN2) / r) as EbNo;
}

/**
 * The mean probability of a wrong block over codes of 2^k points drawn uniformly from the sphere, received by maximum likelihood: some code is at
 * least as good. 1 - E[(1 - share(theta))^(M - 1)] over the angle theta by which noise turns a point.
 */
export function randomSphericalCode(link: Link, ebNo: EbNo): number {
  const n = dimensions(link);
  if (n < 2) throw new RangeError(`"link" expected at least two real dimensions, got ${n}`);
  requirePositive("ebNo", ebNo);
  const others = 2 ** link.k - 1;
  const length = lengthInDeviations(ebNo, link);
  const logDensity = (theta: number): number => (n - 2) * Math.log(Math.sin(theta)) - logBeta(0.5, (n - 1) / 2);
  // by parts: the integral over theta of P(angle > theta) d/dtheta [1 - (1 - share)^(M - 1)]
  const slope = (theta: number): number =>
    others * Math.exp((others - 1) * Math.log1p(-coneShare(n, theta)) + logDensity(theta));
  const beyond = (theta: number): number => beyondCone(n, 1 / Math.tan(theta), length);
  return integrate((theta) => beyond(theta) * slope(theta), 0, Math.PI);
}

/** Which share of the sphere a cone of half-angle theta holds. */
function coneShare(n: number, theta: number): number {
  const half = betaI((n - 1) / 2, 0.5, Math.sin(theta) ** 2) / 2;
  return theta <= Math.PI / 2 ? half : 1 - half;
}
