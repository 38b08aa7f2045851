export { readBundle, verifyBundle } from "./bundle.ts";
export type { BundleLimits, BundleUnits, EncoderBundle } from "./bundle.ts";
export * from "./bundle-format.ts";
export { checkPlan } from "./check-plan.ts";
export { javascriptEncoder, loadEncoder } from "./encoder.ts";
export type { Encoder, EncoderSession, LoadEncoderOptions } from "./encoder.ts";
export { javascriptExecutor } from "./executor.ts";
export type { Executor, PlanItem } from "./executor.ts";
export { callWords, loadExecutor } from "./load-executor.ts";
export type { LoadExecutorOptions } from "./load-executor.ts";
export { CHANNEL_BYTES, MAX_BIAS, MAX_SHIFT, MAX_TAPS, MIN_SHIFT, PLAN_VERSION, rowBytes } from "./plan.ts";
export type {
  Channel,
  ConvolutionCall,
  IntegerPlan,
  LookupCall,
  MaxPoolCall,
  PlanCall,
  PlanInput,
  PlanOutput,
  PlanWindow,
  Rounding,
} from "./plan.ts";
export { requantise } from "./requantise.ts";
export type { Samples } from "./samples.ts";
