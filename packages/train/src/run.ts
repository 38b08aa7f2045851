import type { Dataset } from "@isthmus/data";
import {
  type DescribedOptimiser,
  describedOptimiser,
  type Engine,
  type OptimiserDescription,
  type Program,
  trainingStep,
} from "@isthmus/graph";
import type { ModelDefinition } from "@isthmus/models";
import { batchesPerEpoch } from "./batch-feed.ts";
import { requirePositive } from "./checks.ts";
import { type DescribedLearningRate, describedLearningRate, type LearningRateDescription } from "./learning-rate.ts";

export interface RunSettings {
  readonly engine: Engine;
  readonly seed: number;
  readonly batchSize: number;
  readonly optimiser: OptimiserDescription;
  readonly learningRate: LearningRateDescription;
  readonly maxGradientNorm?: number;
}

/** A training run before its first step: what its settings stand for. */
export interface Run {
  readonly settings: RunSettings;
  /** One step of training. */
  readonly step: Program;
  readonly optimiser: DescribedOptimiser;
  readonly learningRate: DescribedLearningRate;
}

/** @throws RangeError settings out of range; a model with several phases, which `fit` does not alternate */
export function describedRun(definition: ModelDefinition, train: Dataset, settings: RunSettings): Run {
  const { batchSize, maxGradientNorm } = settings;
  const [phase, ...others] = definition.phases;
  if (!phase || others.length > 0) {
    throw new RangeError(`fit: expected a model with one training phase, got ${definition.phases.length}`);
  }
  if (maxGradientNorm !== undefined) requirePositive("maxGradientNorm", maxGradientNorm);
  return {
    settings,
    step: trainingStep(phase.loss, phase.parameters, settings),
    optimiser: describedOptimiser(settings.optimiser),
    learningRate: describedLearningRate(settings.learningRate, batchesPerEpoch(train.items, batchSize)),
  };
}
