export * from "./bundle-format.ts";
export { checkFloatPlan } from "./check-float-plan.ts";
export { checkPlan } from "./check-plan.ts";
export { quantiseInput } from "./executor.ts";
export { callWords } from "./load-executor.ts";
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
export { requantise } from "./requantise.ts";
