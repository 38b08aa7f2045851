export { readBundle, verifyBundle } from "./bundle.ts";
export type { BundleLimits, BundleUnits, EncoderBundle } from "./bundle.ts";
export * from "./bundle-format.ts";
export { checkFloatPlan } from "./check-float-plan.ts";
export { checkPlan } from "./check-plan.ts";
export { javascriptEncoder, loadEncoder } from "./encoder.ts";
export type { Encoder, EncoderSession, LoadEncoderOptions } from "./encoder.ts";
export { javascriptExecutor, quantiseInput } from "./executor.ts";
export type { Executor, PlanItem } from "./executor.ts";
export { callWords, loadExecutor } from "./load-executor.ts";
export type { LoadExecutorOptions } from "./load-executor.ts";
export {
  CHANNEL_BYTES,
  FLOAT_PLAN_VERSION,
  floatRow,
  isFloatPlan,
  MAX_BIAS,
  MAX_SHIFT,
  MAX_TAPS,
  MIN_SHIFT,
  PLAN_VERSION,
  rowBytes,
} from "./plan.ts";
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
export { requantise } from "./requantise.ts";
export type { Samples } from "./samples.ts";
