import type { Dataset } from "@isthmus/data";
import { canonicalJson, contentHash, type Json, type JsonObject, serialiseProgram } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import { configToJson, type Trainable } from "@isthmus/models";
import { dataFingerprint, labelFingerprint } from "./data-fingerprint.ts";
import type { BestKeeper } from "./early-stopping.ts";
import { initialFingerprint } from "./initial-tensors.ts";
import type { Run } from "./run.ts";
import { describedSchedules } from "./schedules.ts";

/** Everything that decides the curve of a training run and which epoch is its best, bit for bit; how long it goes on does not. */
export function runIdentity(definition: Trainable, train: Dataset, run: Run, keeper?: BestKeeper): JsonObject {
  const { engine, seed, batchSize, maxGradientNorm = null, initial } = run.settings;
  return {
    kind: definition.kind,
    config: configToJson(definition.config),
    data: {
      name: train.name,
      items: train.items,
      fingerprint: dataFingerprint(train),
      labels: Object.hasOwn(run.step.inputs, "label") ? labelFingerprint(train) : null,
    },
    schedules: describedSchedules(definition),
    seed,
    // Left out where there is none: a run that draws all its values is what it was before there was a choice.
    ...(initial && { initial: initialFingerprint(initial) }),
    batchSize,
    learningRate: run.learningRate.description,
    optimiser: run.optimiser.description,
    maxGradientNorm,
    earlyStopping: keeper?.description ?? null,
    engine: { name: engine.name, build: engine.build },
    trainingGraph: contentHash(serialiseProgram(run.step)),
  };
}

/**
 * Compares the run a checkpoint belongs to with the one that is to go on.
 *
 * @throws IsthmusError `CHECKPOINT_MISMATCH` naming the first field that differs
 */
export function requireSameRun(stored: JsonObject, current: JsonObject, allowEngineChange: boolean): void {
  const difference = firstDifference(stored, allowEngineChange ? { ...current, engine: stored["engine"]! } : current);
  if (!difference) return;
  const { field, expected, got } = difference;
  const hint = field.startsWith("engine.") ? "; another engine or build changes the last bits" : "";
  const message = `cannot resume: the checkpoint expected "${field}" ${expected}, got ${got}${hint}`;
  throw new IsthmusError("CHECKPOINT_MISMATCH", message, { ...difference });
}

interface Difference {
  /** `config.latent`, `seed`. */
  readonly field: string;
  readonly expected: string;
  readonly got: string;
}

function firstDifference(stored: JsonObject, current: JsonObject, path = ""): Difference | undefined {
  for (const key of Object.keys({ ...current, ...stored })) {
    const [expected, got] = [stored[key], current[key]];
    const inner = isObject(expected) && isObject(got) ? firstDifference(expected, got, `${path}${key}.`) : undefined;
    if (inner) return inner;
    if (text(expected) !== text(got)) return { field: path + key, expected: text(expected), got: text(got) };
  }
  return undefined;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: Json | undefined): string {
  return value === undefined ? "nothing" : canonicalJson(value);
}
