import type { Dataset } from "@isthmus/data";
import type { StoredTensor } from "@isthmus/graph";
import type { ModelDefinition } from "@isthmus/models";
import { BatchFeed, writeStep } from "./batch-feed.ts";
import { requireDataset, requireLabels, requirePositiveInteger, requireSeed } from "./checks.ts";
import { EVALUATION_BATCH_SIZE, type EvaluateOptions, FIRST_EVALUATION_STEP, withParameters } from "./evaluate.ts";
import { HostTurn } from "./host-turn.ts";
import { ImportanceWeights } from "./importance-weights.ts";
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
   * Standard error of `logLikelihood` from drawing K samples of these items, nats, by the delta method: of K = 1 it knows
   * nothing and is NaN. It does not see the bias, nor that other items could have been taken.
   */
  readonly standardError: number;
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
  const { engine, samples, seed = 1, batchSize = EVALUATION_BATCH_SIZE, signal, onProgress } = options;
  const { importance } = definition;
  if (!importance)
    throw new RangeError(`"definition" expected a model with a likelihood p(x), got kind ${definition.kind}`);
  requireDataset(definition, dataset);
  requireLabels(importance, dataset);
  requireSeed(seed);
  requirePositiveInteger("samples", samples);
  requirePositiveInteger("batchSize", batchSize);
  const dataStep = new Int32Array(2);
  const beside = { ...finalScalars(definition), dataStep };
  const feed = new BatchFeed(importance, dataset, { batchSize, seed, beside });
  const order = Int32Array.from({ length: dataset.items }, (_, item) => item);
  const weights = new ImportanceWeights(dataset.items);
  const turn = new HostTurn();
  return withParameters(definition, parameters, engine, async (state) => {
    const executable = await engine.compile(importance, state);
    for (let index = 0, first = 0; index < feed.batches; index++) {
      const step = FIRST_EVALUATION_STEP + index;
      writeStep(dataStep, step);
      const { size, inputs } = feed.batch(index, order, step);
      for (let draw = 0; draw < samples; draw++) {
        signal?.throwIfAborted();
        feed.redraw(step + draw * feed.batches);
        const { outputs } = await executable.run(inputs);
        weights.add(first, await outputs["logWeight"]!.read());
        onProgress?.((index * samples + draw + 1) / (feed.batches * samples));
        if (turn.due) await turn.give();
      }
      first += size;
    }
    executable.dispose();
    return { samples, items: dataset.items, ...weights.estimate() };
  });
}
