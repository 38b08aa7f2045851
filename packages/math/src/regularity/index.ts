export { latentCompleteness } from "./completeness.ts";
export type { CompletenessOptions, LatentCompleteness, Recognition } from "./completeness.ts";
export { latentContinuity } from "./continuity.ts";
export type { ContinuityOptions, LatentContinuity, RowMap, SegmentMeasures } from "./continuity.ts";
export { nearestDistances } from "./nearest.ts";
