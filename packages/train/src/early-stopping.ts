import type { Dataset } from "@isthmus/data";
import type { JsonObject, StoredTensor } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import { requirePositiveInteger } from "./checks.ts";
import { dataFingerprint } from "./data-fingerprint.ts";
import type { EpochRecord } from "./events.ts";
import type { FitResult } from "./fit.ts";

/** When to stop before the last epoch, and which epoch's parameters to keep. */
export interface EarlyStopping {
  /** Of the test data, such as `negElbo`; lower is better. */
  readonly metric: string;
  /** Epochs without a better one after which training stops: a positive integer. */
  readonly patience: number;
  /** How much lower than the best so far is better. Default: 0, any lower value. */
  readonly minDelta?: number;
}

/** The epoch whose parameters are kept. */
export interface BestEpoch {
  /** 1, 2, ... */
  readonly epoch: number;
  readonly metric: string;
  readonly value: number;
}

/** Tensors by name. */
type Tensors = Readonly<Record<string, StoredTensor>>;

/**
 * Keeps the parameters of the best epoch. Which epoch that is follows from the history alone, so a resumed run knows it as
 * the one that was stopped did.
 */
export class BestKeeper {
  private readonly options: Required<EarlyStopping>;
  private readonly test: Dataset;
  private kept: Tensors | undefined;

  /**
   * @param test what is measured after each epoch; undefined when nothing is
   * @param metrics the names of its figures
   * @throws RangeError options out of range, or no test data
   */
  constructor(
    { metric, patience, minDelta = 0 }: EarlyStopping,
    test: Dataset | undefined,
    metrics: readonly string[],
  ) {
    if (!test) throw new RangeError(`"earlyStopping" expected test data that is measured each epoch, got none`);
    if (!metrics.includes(metric)) {
      throw new RangeError(`"earlyStopping.metric" expected ${metrics.join(", ")}, got ${metric}`);
    }
    requirePositiveInteger("earlyStopping.patience", patience);
    if (!(minDelta >= 0 && minDelta < Infinity)) {
      throw new RangeError(`"earlyStopping.minDelta" expected a non-negative finite number, got ${minDelta}`);
    }
    this.options = { metric, patience, minDelta };
    this.test = test;
  }

  /** What decides which epoch is the best; patience only decides how long it goes on. */
  get description(): JsonObject {
    const { metric, minDelta } = this.options;
    return { metric, minDelta, data: dataFingerprint(this.test) };
  }

  /** The best epoch of a history; undefined before the first. */
  best(history: readonly EpochRecord[]): BestEpoch | undefined {
    const { metric, minDelta } = this.options;
    let best: BestEpoch | undefined;
    for (const { epoch, test } of history) {
      const value = test![metric]!;
      if (!best || value < best.value - minDelta) best = { epoch, metric, value };
    }
    return best;
  }

  /** Whether patience has run out. */
  isOver(history: readonly EpochRecord[]): boolean {
    const best = this.best(history);
    return best !== undefined && history.length - best.epoch >= this.options.patience;
  }

  /** Keeps the current parameters, if the last epoch is the best. */
  async keep(history: readonly EpochRecord[], read: () => Promise<Tensors>): Promise<void> {
    if (this.lastIsBest(history)) this.kept = await read();
  }

  /** The best parameters, where they are not those of the last epoch, which a checkpoint holds anyway. */
  earlier(history: readonly EpochRecord[]): Tensors | undefined {
    return this.lastIsBest(history) ? undefined : this.kept;
  }

  /**
   * Goes on from a checkpoint.
   *
   * @param stored what `earlier` gave
   * @throws IsthmusError `CHECKPOINT_INVALID` when they are missing
   */
  async resume(
    history: readonly EpochRecord[],
    stored: Tensors | undefined,
    read: () => Promise<Tensors>,
  ): Promise<void> {
    this.kept = stored;
    await this.keep(history, read);
    if (this.kept) return;
    throw new IsthmusError("CHECKPOINT_INVALID", "checkpoint: the parameters of the best epoch are missing");
  }

  /** The parameters of the best epoch with its figures. */
  result(history: readonly EpochRecord[]): Required<Pick<FitResult, "parameters" | "test" | "best">> {
    const best = this.best(history)!;
    return { parameters: this.kept!, test: history[best.epoch - 1]!.test!, best };
  }

  private lastIsBest(history: readonly EpochRecord[]): boolean {
    return this.best(history)?.epoch === history.length;
  }
}
