export { simulateInParallel } from "./node/simulate-in-parallel.ts";
export type { SystemRecipe, ParallelSettings } from "./node/simulate-in-parallel.ts";
export { makeStandardSystem, standardSystem } from "./node/standard-system.ts";
export type { StandardSystem } from "./node/standard-system.ts";
