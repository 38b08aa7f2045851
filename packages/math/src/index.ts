export type { ArrayOps, MatmulOptions, ReduceOptions } from "./array-ops.ts";
export { IsthmusError } from "./errors.ts";
export { hash32 } from "./hash32.ts";
export { randomNormal, randomUint32, randomUniform, splitSeed, uint32Sequence } from "./noise.ts";
export type { NoiseKey } from "./noise.ts";
export { philox4x32 } from "./philox.ts";
