export { dci } from "./dci.ts";
export type { Dci, DciOptions } from "./dci.ts";
export type { FactorIndices } from "./factors.ts";
export { importanceScores } from "./importance-scores.ts";
export type { ImportanceScores } from "./importance-scores.ts";
export { mutualInformationGap } from "./mutual-information-gap.ts";
export type { MutualInformationGap, MutualInformationGapOptions } from "./mutual-information-gap.ts";
