export type { ArrayOps, MatmulOptions, ReduceOptions } from "./array-ops.ts";
export { IsthmusError } from "./errors.ts";
