import {
  canonicalJson,
  contentHash,
  type JsonObject,
  readSafetensors,
  type StoredTensor,
  writeSafetensors,
} from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import type { EpochRecord } from "./events.ts";

/** Changes when the layout of checkpoints changes. Others are refused. */
export const CHECKPOINT_VERSION = 3;

/** A training run between two epochs. */
export interface Checkpoint {
  /**
   * What the run is: kind, config, data, schedules, seed, initial where it did not draw all its values, batchSize,
   * learningRate, optimiser, maxGradientNorm, earlyStopping, engine, trainingGraph.
   */
  readonly run: JsonObject;
  /** Epochs done. */
  readonly epoch: number;
  /** Steps done. */
  readonly step: number;
  /** One record per epoch done. */
  readonly history: readonly EpochRecord[];
  /** Parameters and the optimiser's `opt.*`, float32. */
  readonly tensors: Readonly<Record<string, StoredTensor>>;
  /** With early stopping: the parameters of the best epoch, where that is not the last. */
  readonly best?: Readonly<Record<string, StoredTensor>>;
}

/** In the file the best epoch's parameters have this before their names. */
const BEST = "best.";

/** The bytes of a checkpoint: one `.safetensors`, whose metadata holds a hash of everything in it. */
export function writeCheckpoint({ run, epoch, step, history, tensors: current, best = {} }: Checkpoint): Uint8Array {
  const kept = Object.entries(best).map(([name, tensor]) => [BEST + name, tensor] as const);
  const tensors = { ...current, ...Object.fromEntries(kept) };
  const metadata = {
    format: "isthmus-checkpoint",
    version: String(CHECKPOINT_VERSION),
    run: canonicalJson(run),
    progress: canonicalJson({ epoch, step, history: history as unknown as JsonObject[] }),
  };
  return writeSafetensors({ metadata: { ...metadata, sha256: checkpointHash(metadata, tensors) }, tensors });
}

/**
 * Reads and checks a checkpoint.
 *
 * @throws IsthmusError `CHECKPOINT_FORMAT`, `CHECKPOINT_VERSION`, `CHECKPOINT_HASH`, `CHECKPOINT_INVALID`, and
 * `SAFETENSORS_INVALID` for what is no such file at all
 */
export function readCheckpoint(bytes: Uint8Array): Checkpoint {
  const { metadata, tensors } = readSafetensors(bytes);
  const { sha256, ...rest } = metadata;
  if (rest["format"] !== "isthmus-checkpoint") {
    const message = `a safetensors file, but not an isthmus checkpoint (format: ${rest["format"] ?? "none"})`;
    throw new IsthmusError("CHECKPOINT_FORMAT", message, { format: rest["format"] });
  }
  if (rest["version"] !== String(CHECKPOINT_VERSION)) {
    const message = `checkpoint of version ${rest["version"]}; this isthmus goes on from version ${CHECKPOINT_VERSION} only`;
    throw new IsthmusError("CHECKPOINT_VERSION", message, { version: rest["version"] });
  }
  if (sha256 !== checkpointHash(rest, tensors)) {
    throw new IsthmusError("CHECKPOINT_HASH", "checkpoint: the contents do not match their hash; the file is damaged");
  }
  const run = parse("run", rest["run"]);
  const { epoch, step, history } = parse("progress", rest["progress"]);
  if (!isCount(epoch) || !isCount(step) || !Array.isArray(history) || history.length !== epoch)
    throw invalid("progress");
  return { run, epoch, step, history: history as unknown as EpochRecord[], ...separated(tensors) };
}

function separated(stored: Checkpoint["tensors"]): Pick<Checkpoint, "tensors" | "best"> {
  const entries = Object.entries(stored);
  const best = entries.filter(([name]) => name.startsWith(BEST));
  const tensors = Object.fromEntries(entries.filter(([name]) => !name.startsWith(BEST)));
  if (best.length === 0) return { tensors };
  return { tensors, best: Object.fromEntries(best.map(([name, tensor]) => [name.slice(BEST.length), tensor])) };
}

function checkpointHash(metadata: Readonly<Record<string, string>>, tensors: Checkpoint["tensors"]): string {
  const names = Object.keys(tensors).sort();
  const header = canonicalJson({ metadata, tensors: names.map((name) => [name, tensors[name]!.shape]) });
  return contentHash(header, ...names.map((name) => tensors[name]!.data));
}

function parse(key: string, text: string | undefined): JsonObject {
  try {
    const value = JSON.parse(text ?? "") as unknown;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  } catch {
    // The same error serves text that is not JSON and JSON that is not an object.
  }
  throw invalid(key);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function invalid(key: string): IsthmusError {
  return new IsthmusError("CHECKPOINT_INVALID", `checkpoint: metadata "${key}" is not what a checkpoint holds`, {
    key,
  });
}
