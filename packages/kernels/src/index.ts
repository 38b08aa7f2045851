export { ACTIVATIONS, GATES, SEGMENT_WORDS, WINDOW_FIELDS } from "./exports.ts";
export type {
  Binary,
  Convolution,
  ConvolutionScratch,
  KernelExports,
  Random,
  Reduction,
  Unary,
  UnaryGrad,
  WindowField,
  WindowJoin,
  WindowMap,
} from "./exports.ts";
export { chooseBuild } from "./instantiate.ts";
export type { KernelBuild, Kernels, LoadOptions } from "./instantiate.ts";
export { kernelBytes, loadKernels } from "./load.ts";
export { probe } from "./probe.ts";
export type { Probe } from "./probe.ts";
