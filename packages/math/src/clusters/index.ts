export { fitGaussianMixture } from "./fit-gaussian-mixture.ts";
export type { GaussianMixtureFit, GaussianMixtureOptions } from "./fit-gaussian-mixture.ts";
export { gaussianMixtureResponsibilities } from "./gaussian-mixture.ts";
export type { GaussianMixture } from "./gaussian-mixture.ts";
export { kMeans } from "./k-means.ts";
export type { KMeans, KMeansOptions } from "./k-means.ts";
