import { UsageError } from "@isthmus/command-line/node";
import type { Json, Model } from "@isthmus/graph";
import type { Metrics } from "@isthmus/train";

/** What an epoch came to, as the model file has it. */
export interface EpochFigures {
  readonly epoch: number;
  readonly train: Metrics;
  readonly test?: Metrics;
}

/** @throws UsageError for a model whose file has no training history */
export function historyOf(model: Model, path: string): readonly EpochFigures[] {
  if (!hasHistory(model)) throw new UsageError(`${path} holds no training history; train it again to have one`);
  return model.metrics["history"] as unknown as readonly EpochFigures[];
}

/** Whether the file tells how training went. */
export function hasHistory({ metrics: { history } }: Pick<Model, "metrics">): boolean {
  return Array.isArray(history) && history.length > 0 && history.every(isEpoch);
}

function isEpoch(value: Json): boolean {
  const record = value as { readonly epoch?: unknown; readonly train?: unknown } | null;
  return typeof record?.epoch === "number" && typeof record.train === "object";
}

/** A metric after each epoch that has it. */
export function courseOf(
  history: readonly EpochFigures[],
  part: "train" | "test",
  metric: string,
): (readonly [epoch: number, value: number])[] {
  return history.flatMap(({ epoch, [part]: metrics }) => {
    const value = metrics?.[metric];
    return value === undefined ? [] : [[epoch, value] as const];
  });
}

/** Rate, KL(q(z|x) || p(z)), and distortion, -log p(x|z), on the test data after each epoch; none without a KL. */
export function planeOf(history: readonly EpochFigures[]): (readonly [rate: number, distortion: number])[] {
  return history.flatMap(({ test }) => {
    const [rate, distortion] = [test?.["kl"], test?.["reconstruction"]];
    return rate === undefined || distortion === undefined ? [] : [[rate, distortion] as const];
  });
}
