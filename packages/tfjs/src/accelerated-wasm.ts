export { FusedAdam } from "./accelerated/fused-adam.ts";
export type { FusedAdamOptions } from "./accelerated/fused-adam.ts";
export { installAcceleratedWasm } from "./accelerated/install.ts";
export type { AcceleratedWasm, AcceleratedWasmOptions } from "./accelerated/install.ts";
export type { BinarySource } from "./accelerated/tfjs-module.ts";
