export { CHECKPOINT_VERSION, readCheckpoint } from "./checkpoint.ts";
export type { Checkpoint } from "./checkpoint.ts";
export { dataConvention } from "./data-convention.ts";
export { evaluate } from "./evaluate.ts";
export type { EvaluateOptions } from "./evaluate.ts";
export type { EpochEvent, EpochRecord, StepEvent } from "./events.ts";
export { fit } from "./fit.ts";
export type { FitOptions, FitResult, TrainingData } from "./fit.ts";
export { describedLearningRate } from "./learning-rate.ts";
export type {
  ConstantSchedule,
  CosineSchedule,
  DescribedLearningRate,
  LearningRateDescription,
  Span,
  StepSchedule,
} from "./learning-rate.ts";
export type { Metrics } from "./metrics.ts";
export { toModel } from "./to-model.ts";
export type { ModelNotes } from "./to-model.ts";
