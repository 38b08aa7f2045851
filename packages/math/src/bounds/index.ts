export { inferenceGaps, refittedPosterior } from "./amortisation.ts";
export type { ElboGradient, InferenceGaps, RefitOptions } from "./amortisation.ts";
export {
  annealedImportanceSampling,
  bidirectionalBound,
  reverseAnnealedImportanceSampling,
  sigmoidTemperatures,
  tunedStepSizes,
} from "./annealed-importance-sampling.ts";
export type { AnnealingOptions, AnnealingRun, BidirectionalBound } from "./annealed-importance-sampling.ts";
export { bitsPerDimension, logLikelihoodFromBitsPerDimension } from "./bits-per-dimension.ts";
export type { BitsPerDimensionOptions } from "./bits-per-dimension.ts";
export { elbo, sampledElbo } from "./elbo.ts";
export type { ElboTerms, SampledElboTerms } from "./elbo.ts";
export type { LogDensity, LogDensityValue } from "./hamiltonian.ts";
export { importanceSampledLogLikelihood, LogWeightAccumulator, meanLogLikelihood } from "./importance-sampling.ts";
export type { LogLikelihoodEstimate, MeanLogLikelihood } from "./importance-sampling.ts";
export { doublyReparameterisedSurrogate, importanceWeightedBound, normalisedWeights } from "./importance-weighted.ts";
export { activeUnits, aggregateInformation, klPerDimension, rateDistortion } from "./information.ts";
export type { ActiveUnits, AggregateInformation, RateDistortion } from "./information.ts";
export type { MeanEstimate } from "../mean-estimate.ts";
export { capacityObjective, freeBitsKl } from "./objectives.ts";
export type { CapacityTerms } from "./objectives.ts";
export { leaveOneOutBaseline, scoreFunctionSurrogate } from "./score-function.ts";
export type { ScoreFunctionTerms } from "./score-function.ts";
export { stickingTheLandingSurrogate, stopParameterGradients } from "./sticking-the-landing.ts";
export type { StickingTheLandingTerms } from "./sticking-the-landing.ts";
export { mixtureLogWeights, totalCorrelationDecomposition } from "./total-correlation.ts";
export type { MixtureWeightOptions, TotalCorrelationParts, TotalCorrelationTerms } from "./total-correlation.ts";
