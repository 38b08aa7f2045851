export { codebook, normalised, pointEnergies } from "./codebook.ts";
export {
  antipodal,
  extendedHammingCodebook,
  hammingCodebook,
  repetitionCodebook,
  uncodedCodebook,
} from "./codebook.ts";
export type { Codebook, CodebookOptions } from "./codebook.ts";
export { apskCodebook, hexagonalCodebook, pskCodebook, qamCodebook } from "./constellations.ts";
export type { Ring } from "./constellations.ts";
export { distanceSpectrum, unionBound } from "./distances.ts";
export type { DistanceSpectrum } from "./distances.ts";
export {
  bpskBitError,
  dbpskBitError,
  pskSymbolError,
  qamSymbolError,
  qpskSymbolError,
  uncodedBlockError,
} from "./error-rates.ts";
export type { Fading } from "./error-rates.ts";
export { bitwiseMutualInformation, mutualInformation } from "./information.ts";
export type { InformationOptions } from "./information.ts";
export {
  capacity,
  metaConverse,
  normalApproximation,
  randomSphericalCode,
  shannonLimit,
  spherePackingAngle,
  spherePackingBound,
} from "./limits.ts";
export type { EnergyOf } from "./limits.ts";
export {
  extendedHammingCode,
  hammingCode,
  hardDecisionBitError,
  hardDecisionBlockError,
  linearCode,
  repetitionCode,
  uncodedBits,
} from "./linear-code.ts";
export type { LinearCode } from "./linear-code.ts";
export { measurePower, requirePower } from "./power.ts";
export type { Power, PowerConstraint } from "./power.ts";
export { logQFunction, qFunction, qFunctionInverse } from "./q-function.ts";
export { overRayleighFading } from "./quadrature.ts";
export { exactSymbolError } from "./symbol-error.ts";
export {
  dimensions,
  ebNoFromDb,
  ebNoFromEsNo,
  ebNoFromSnr,
  esNoFromDb,
  esNoFromEbNo,
  noiseDeviation,
  rate,
  snrFromDb,
  snrFromEbNo,
  toDb,
} from "./units.ts";
export type { EbNo, EsNo, Link, Snr } from "./units.ts";
