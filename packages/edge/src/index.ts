export { checkPlan } from "./check-plan.ts";
export { javascriptExecutor } from "./executor.ts";
export type { Executor, PlanItem } from "./executor.ts";
export { loadExecutor } from "./load-executor.ts";
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
