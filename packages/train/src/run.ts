import type { Dataset } from "@isthmus/data";
import {
  type DescribedOptimiser,
  describedOptimiser,
  type Engine,
  type OptimiserDescription,
  type Program,
  type StepScalars,
  trainingStep,
} from "@isthmus/graph";
import type { Trainable } from "@isthmus/models";
import { batchesPerEpoch } from "./batch-feed.ts";
import { requireLabels, requirePositive } from "./checks.ts";
import type { InitialTensors } from "./initial-tensors.ts";
import { type DescribedLearningRate, describedLearningRate, type LearningRateDescription } from "./learning-rate.ts";
import { type ScheduleScalars, trainingScalars } from "./schedules.ts";

export interface RunSettings {
  readonly engine: Engine;
  readonly seed: number;
  readonly batchSize: number;
  readonly optimiser: OptimiserDescription;
  readonly learningRate: LearningRateDescription;
  readonly maxGradientNorm?: number;
  readonly initial?: InitialTensors;
}

/** A training run before its first step: what its settings stand for. */
export interface Run {
  readonly settings: RunSettings;
  /** One step of training. */
  readonly step: Program;
  readonly optimiser: DescribedOptimiser;
  readonly learningRate: DescribedLearningRate;
  /** The optimiser's and the schedules' inputs, before step 1. */
  readonly scalars: () => StepScalars;
}

/**
 * @throws RangeError settings out of range; a model with several phases, which `fit` does not alternate; no labels where it
 * takes them
 */
export function describedRun(definition: Trainable, train: Dataset, settings: RunSettings): Run {
  const { batchSize, maxGradientNorm } = settings;
  const [phase, ...others] = definition.phases;
  if (!phase || others.length > 0) {
    throw new RangeError(`fit: expected a model with one training phase, got ${definition.phases.length}`);
  }
  if (maxGradientNorm !== undefined) requirePositive("maxGradientNorm", maxGradientNorm);
  requireLabels(phase.loss, train);
  const optimiser = describedOptimiser(settings.optimiser);
  const stepsPerEpoch = batchesPerEpoch(train.items, batchSize);
  return {
    settings,
    step: trainingStep(phase.loss, phase.parameters, settings),
    optimiser,
    learningRate: describedLearningRate(settings.learningRate, stepsPerEpoch),
    scalars: () => together(optimiser.scalars(), trainingScalars(definition, stepsPerEpoch)),
  };
}

function together(optimiser: StepScalars, schedules: ScheduleScalars): StepScalars {
  return {
    inputs: { ...optimiser.inputs, ...schedules.inputs },
    advance: (learningRate) => {
      optimiser.advance(learningRate);
      schedules.advance();
    },
  };
}
