export { fitFactorAnalysis, fitProbabilisticPca } from "./fit.ts";
export type { FactorAnalysisOptions, LinearGaussianFit } from "./fit.ts";
export { linearGaussianLogLikelihood, linearGaussianPosterior } from "./linear-gaussian.ts";
export type { LinearGaussian } from "./linear-gaussian.ts";
export { dataMoments } from "./moments.ts";
export type { DataMoments } from "./moments.ts";
export { principalComponents } from "./principal-components.ts";
export type { PrincipalComponents } from "./principal-components.ts";
