export { CHECKPOINT_VERSION, readCheckpoint } from "./checkpoint.ts";
export type { Checkpoint } from "./checkpoint.ts";
export { dataConvention } from "./data-convention.ts";
export type { DescribedItems } from "./data-convention.ts";
export type { BestEpoch, EarlyStopping } from "./early-stopping.ts";
export { evaluate, evaluateItems } from "./evaluate.ts";
export type { EvaluateOptions } from "./evaluate.ts";
export type { EpochEvent, EpochRecord, StepEvent } from "./events.ts";
export { fineTuneQuantised } from "./fine-tune-quantised.ts";
export type { FineTuneQuantisedOptions } from "./fine-tune-quantised.ts";
export { fit } from "./fit.ts";
export type { FitOptions, FitResult, TrainingData } from "./fit.ts";
export { initialFingerprint } from "./initial-tensors.ts";
export type { InitialTensors } from "./initial-tensors.ts";
export { describedLearningRate } from "./learning-rate.ts";
export type {
  ConstantSchedule,
  CosineSchedule,
  DescribedLearningRate,
  LearningRateDescription,
  StepSchedule,
} from "./learning-rate.ts";
export { evaluateLikelihood } from "./likelihood.ts";
export type { ItemLikelihoods, LikelihoodEstimate, LikelihoodOptions } from "./likelihood.ts";
export type { ItemMetrics, Metrics } from "./metrics.ts";
export { scheduleValues } from "./schedules.ts";
export type { ScheduleValues } from "./schedules.ts";
export { toModel } from "./to-model.ts";
export type { ModelNotes } from "./to-model.ts";
