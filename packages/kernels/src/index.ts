export { ACTIVATIONS, SEGMENT_WORDS } from "./exports.ts";
export type { Binary, KernelExports, Random, Reduction, Unary, UnaryGrad } from "./exports.ts";
export { chooseBuild, kernelBytes, loadKernels } from "./load.ts";
export type { KernelBuild, Kernels, LoadOptions } from "./load.ts";
export { probe } from "./probe.ts";
export type { Probe } from "./probe.ts";
