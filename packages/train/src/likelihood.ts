import type { Dataset } from "@isthmus/data";
import type { Executable, Program, StoredTensor } from "@isthmus/graph";
import { LogWeightAccumulator, meanLogLikelihood } from "@isthmus/math";
import type { ModelDefinition } from "@isthmus/models";
import { BatchFeed, type Feed, writeStep } from "./batch-feed.ts";
import { requireDataset, requireLabels, requirePositiveInteger, requireSeed } from "./checks.ts";
import { EVALUATION_BATCH_SIZE, type EvaluateOptions, FIRST_EVALUATION_STEP, withParameters } from "./evaluate.ts";
import { HostTurn } from "./host-turn.ts";
import { finalScalars } from "./schedules.ts";

export interface LikelihoodOptions extends EvaluateOptions {
  /** Importance samples of each item, K: a positive integer. */
  readonly samples: number;
  /** Called after each run of the engine with the share of the work that is done, in (0, 1]. */
  readonly onProgress?: (share: number) => void;
}

/** An importance-sampled log-likelihood. */
export interface LikelihoodEstimate {
  /** Mean over items of log ((1 / K) sum_k w_k), nats. Its expectation is at most the mean log p(x), and rises to it with K. */
  readonly logLikelihood: number;
  /**
   * Standard error of `logLikelihood` from drawing K samples, nats, by the delta method: how far another evaluation of the
   * same items would lie. Infinite for K = 1. It does not see the bias, nor weights that no draw has met.
   */
  readonly standardError: number;
  /** Standard error of `logLikelihood` from the items: how far other items would lie. NaN for one item. */
  readonly dataError: number;
  /** Mean over items of (sum w)^2 / sum w^2, in [1, K]: far below K the estimate hangs on few draws. */
  readonly effectiveSampleSize: number;
  readonly samples: number;
  readonly items: number;
  readonly perItem: ItemLikelihoods;
}

/** The same for each item, [items]. */
export interface ItemLikelihoods {
  readonly logLikelihood: Float64Array;
  readonly standardError: Float64Array;
  readonly effectiveSampleSize: Float64Array;
}

/**
 * Estimates log p(x) of each item with K draws from its posterior (Burda, Grosse, Salakhutdinov 2016, equation 8):
 *
 *     log p(x) >= E log ((1 / K) sum_k w_k),   w_k = p(x, z_k) / q(z_k | x)
 *
 * in one pass over the draws and in float64. What dynamic binarisation makes of an item is what `evaluate` with the same
 * seed and batch size sees, in every draw; the first draw's z is that of `evaluate` too, and K draws begin more than K.
 * Takes the engine for itself.
 *
 * @param parameters the tensors of `definition.parameters`, float32; others are ignored
 * @throws RangeError a model without `importance`; else as `evaluate`
 */
export async function evaluateLikelihood(
  definition: ModelDefinition,
  parameters: Readonly<Record<string, StoredTensor>>,
  dataset: Dataset,
  options: LikelihoodOptions,
): Promise<LikelihoodEstimate> {
  const { engine, samples } = options;
  const { importance } = definition;
  if (!importance) {
    throw new RangeError(`"definition" expected a model with a likelihood p(x), got kind ${definition.kind}`);
  }
  requireDataset(definition, dataset);
  requireLabels(importance, dataset);
  requirePositiveInteger("samples", samples);
  const perItem = await withParameters(definition, parameters, engine, async (state) => {
    const draws = new ImportanceDraws(importance, definition, dataset, options);
    const executable = await engine.compile(importance, state);
    return draws.run(executable).finally(() => executable.dispose());
  });
  const { mean, samplingError, dataError } = meanLogLikelihood(perItem);
  const sizes = perItem.effectiveSampleSize;
  const effectiveSampleSize = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
  const errors = { standardError: samplingError, dataError };
  return { logLikelihood: mean, ...errors, effectiveSampleSize, samples, items: dataset.items, perItem };
}

/** All draws of all items, batch by batch. */
class ImportanceDraws {
  private readonly options: LikelihoodOptions;
  private readonly items: number;
  private readonly dataStep = new Int32Array(2);
  private readonly feed: BatchFeed;
  private readonly turn = new HostTurn();

  constructor(program: Program, definition: ModelDefinition, dataset: Dataset, options: LikelihoodOptions) {
    const { seed = 1, batchSize = EVALUATION_BATCH_SIZE } = options;
    requireSeed(seed);
    requirePositiveInteger("batchSize", batchSize);
    this.options = options;
    this.items = dataset.items;
    const beside = { ...finalScalars(definition), dataStep: this.dataStep };
    this.feed = new BatchFeed(program, dataset, { batchSize, seed, beside });
  }

  async run(executable: Executable): Promise<ItemLikelihoods> {
    const all = (): Float64Array => new Float64Array(this.items);
    const perItem = { logLikelihood: all(), standardError: all(), effectiveSampleSize: all() };
    const order = Int32Array.from(perItem.logLikelihood, (_, item) => item);
    for (let index = 0, first = 0; index < this.feed.batches; index++) {
      const step = FIRST_EVALUATION_STEP + index;
      writeStep(this.dataStep, step);
      const batch = this.feed.batch(index, order, step);
      const estimate = (await this.weights(executable, batch, index)).estimate();
      perItem.logLikelihood.set(estimate.logLikelihood, first);
      perItem.standardError.set(estimate.standardError, first);
      perItem.effectiveSampleSize.set(estimate.effectiveSampleSize, first);
      first += batch.size;
    }
    return perItem;
  }

  private async weights(executable: Executable, { size, inputs }: Feed, index: number): Promise<LogWeightAccumulator> {
    const { samples, signal, onProgress } = this.options;
    const weights = new LogWeightAccumulator(size);
    for (let draw = 0; draw < samples; draw++) {
      signal?.throwIfAborted();
      this.feed.redraw(FIRST_EVALUATION_STEP + index + draw * this.feed.batches);
      const { outputs } = await executable.run(inputs);
      weights.add(await outputs["logWeight"]!.read());
      onProgress?.((index * samples + draw + 1) / (this.feed.batches * samples));
      if (this.turn.due) await this.turn.give();
    }
    return weights;
  }
}
