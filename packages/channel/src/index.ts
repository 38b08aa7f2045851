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
export { overBlockFading, overRayleighFading } from "./quadrature.ts";
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
export { chain, channelKinds, ownChannel, throughChannel } from "./channel-layers/channel.ts";
export type {
  ChainChannel,
  Channel,
  ChannelDescription,
  GivenOwnChannel,
  OwnChannel,
} from "./channel-layers/channel.ts";
export { interference } from "./channel-layers/interference.ts";
export type { Interference } from "./channel-layers/interference.ts";
export type { ChannelLayer, ChannelOutput, ChannelScope } from "./channel-layers/scope.ts";
export {
  complexConvolve,
  complexDense,
  complexDivide,
  complexMultiply,
  complexOf,
  complexParts,
  complexPhase,
  squaredMagnitude,
  toComplex,
  toReal,
} from "./layers/complex.ts";
export type { ComplexDenseOptions, ComplexParts, ConvolveOptions } from "./layers/complex.ts";
export { checkedNormalisation, normalise, peakToAverage } from "./layers/normalise.ts";
export type {
  AmplitudeNormalisation,
  EnergyNormalisation,
  GivenNormalisation,
  Normalisation,
  PowerNormalisation,
} from "./layers/normalise.ts";
export { quantised } from "./layers/quantise.ts";
export type { Levels } from "./layers/quantise.ts";
export { CHANNEL_AUTOENCODER, channelAutoencoder } from "./learned/channel-autoencoder.ts";
export type { ChannelAutoencoder } from "./learned/channel-autoencoder.ts";
export type {
  ChannelAutoencoderConfig,
  DecibelRange,
  Equaliser,
  GivenChannelAutoencoder,
  NeuralReceiver,
} from "./learned/config.ts";
export { learnedCodebook } from "./learned/learned-codebook.ts";
export type { Parameters } from "./learned/learned-program.ts";
export { measureLink, measureLinks } from "./learned/measure-links.ts";
export type { LearnedLink, LinkMeasurement, MeasureOptions, PairedMeasurement } from "./learned/measure-links.ts";
export { messages } from "./learned/messages.ts";
export type { MessagesOptions } from "./learned/messages.ts";
export { bestTraining, linkPreset, linkPresetNames } from "./learned/presets.ts";
export type { LinkPreset, LinkPresetName, LinkTraining } from "./learned/presets.ts";
export { trainLink } from "./learned/train-link.ts";
export type { Restart, TrainedLink, TrainLinkOptions } from "./learned/train-link.ts";
export { trainBlackBox } from "./learned/train-black-box.ts";
export type {
  BlackBoxChannel,
  BlackBoxLink,
  BlackBoxPlace,
  GivenBlackBoxLink,
  TrainBlackBoxOptions,
} from "./learned/train-black-box.ts";
export { awgn, multiTap, rayleigh } from "./channels.ts";
export type { Batch, MultiTapOptions, Received, SimulatedChannel } from "./channels.ts";
export { differentialCodebook, differentialDetection, differentialHammingCode } from "./differential.ts";
export { nonCoherentMaximumLikelihood } from "./tapped-receivers.ts";
export type { FadingTaps } from "./taps.ts";
export type { ErrorCounts, System } from "./blocks.ts";
export { binomialCdf, clopperPearsonInterval, wilsonInterval, zeroErrorsLimit } from "./intervals.ts";
export type { Interval } from "./intervals.ts";
export type { Draw } from "./noise-source.ts";
export { hardDecision, maximumLikelihood } from "./receivers.ts";
export type { Receiver } from "./receivers.ts";
export { simulate } from "./simulate.ts";
export type { SimulatedPoint, SimulateOptions, Simulation, SimulationState } from "./simulate.ts";
export { compareSystems } from "./compare.ts";
export type { CompareOptions, Comparison } from "./compare.ts";
export { requireAboveSpherePacking } from "./guard.ts";
export type { GuardOptions } from "./guard.ts";
export { optimiseCodebook } from "./optimise-codebook.ts";
export type { OptimisedCodebook, OptimiseOptions } from "./optimise-codebook.ts";
export { neuralReceiver } from "./learned/neural-receiver.ts";
export type { NeuralReceiverOnEngine } from "./learned/neural-receiver.ts";
export { estimateInformation } from "./estimate-information.ts";
export type { InformationEstimate, InformationEstimateOptions } from "./estimate-information.ts";
export { requiredEbNoDb } from "./required-eb-no.ts";
export type { EbNoRange } from "./required-eb-no.ts";
export { linkOfModel } from "./learned/link-of-model.ts";
export { TWO_USERS, twoUsers } from "./learned/two-users.ts";
export type { GivenTwoUsers, TwoUsers, TwoUsersConfig } from "./learned/two-users.ts";
export { measureTwoUsers, timeSharingBlockError } from "./learned/measure-two-users.ts";
export type { TwoUsersMeasurement } from "./learned/measure-two-users.ts";
