export type { KlOutcome } from "./closed-forms.ts";
export { klDiagonalGaussian } from "./diagonal-gaussian.ts";
export { kl, klPairs } from "./kl.ts";
export type { KlPair } from "./kl.ts";
