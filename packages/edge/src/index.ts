export { readBundle, verifyBundle } from "./bundle.ts";
export type { BundleUnits, EncoderBundle } from "./bundle.ts";
export type { BundleLimits } from "./bundle-limits.ts";
export type { Encoder, EncoderSession } from "./encoder.ts";
export { javascriptEncoder } from "./javascript-encoder.ts";
export { loadEncoder } from "./load-encoder.ts";
export type { LoadEncoderOptions } from "./load-encoder.ts";
export { javascriptExecutor } from "./executor.ts";
export type { Executor, PlanItem } from "./executor.ts";
export { loadExecutor } from "./load-executor.ts";
export type { LoadExecutorOptions } from "./open-kernels.ts";

export type {
  Channel,
  ConvolutionCall,
  ElementwiseCall,
  FloatCall,
  FloatConvolutionCall,
  FloatFunctionName,
  FloatOutput,
  FloatPlan,
  FloatPoolCall,
  IntegerPlan,
  LookupCall,
  MaxPoolCall,
  Plan,
  PlanCall,
  PlanInput,
  PlanOutput,
  PlanWindow,
  Rounding,
} from "./plan.ts";
export type { Samples } from "./samples.ts";
