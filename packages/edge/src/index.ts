export { readBundle, verifyBundle } from "./bundle.ts";
export type { BundleLimits, BundleUnits, EncoderBundle } from "./bundle.ts";
export { javascriptEncoder, loadEncoder } from "./encoder.ts";
export type { Encoder, EncoderSession, LoadEncoderOptions } from "./encoder.ts";
export { javascriptExecutor } from "./executor.ts";
export type { Executor, PlanItem } from "./executor.ts";
export { loadExecutor } from "./load-executor.ts";
export type { LoadExecutorOptions } from "./load-executor.ts";

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
