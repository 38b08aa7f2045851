import type { Dataset } from "@isthmus/data";
import type { Engine, EngineState, Executable, StoredTensor } from "@isthmus/graph";
import type { Trainable } from "@isthmus/models";
import { BatchFeed } from "./batch-feed.ts";
import { requireDataset, requireLabels, requirePositiveInteger, requireSeed } from "./checks.ts";
import { HostTurn } from "./host-turn.ts";
import { type ItemMetrics, MeanAccumulator, type Metrics } from "./metrics.ts";
import { finalScalars } from "./schedules.ts";

/**
 * Evaluation draws its noise with the steps 2^52, 2^52 + 1, ..., one per batch; training counts from 1. So with one
 * seed the two never share a number, and every evaluation of a model sees the same noise.
 */
export const FIRST_EVALUATION_STEP: number = 2 ** 52;

/** Part of what an evaluation is: the noise depends on how items fall into batches. */
export const EVALUATION_BATCH_SIZE: number = 128;

export interface EvaluateOptions {
  readonly engine: Engine;
  /** Of the noise. Default: 1. */
  readonly seed?: number;
  /** Default: 128. Another size gives another draw of the noise. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
}

/**
 * The model's metrics on a data set: the mean over items of each per-example output of `definition.evaluation`. For a
 * VAE `negElbo` = `reconstruction` + `kl` in nats per example, with one drawn z per item, never z = mu. An
 * autoencoder's `reconstruction` is no ELBO.
 *
 * The sums are float64 and every item counts once, in the last, smaller batch too. Takes the engine for itself, as `fit`
 * does.
 *
 * @param parameters the tensors of `definition.parameters`, float32; others are ignored
 * @throws TypeError, RangeError for parameters, data or options that do not fit
 */
export async function evaluate(
  definition: Trainable,
  parameters: Readonly<Record<string, StoredTensor>>,
  dataset: Dataset,
  options: EvaluateOptions,
): Promise<Metrics> {
  return withParameters(definition, parameters, options.engine, async (state) => {
    const evaluator = await Evaluator.create(definition, dataset, state, options);
    return evaluator.run().finally(() => evaluator.dispose());
  });
}

/**
 * The same before the mean: each per-example output of `definition.evaluation`, [items] in the order of the data set.
 *
 * @throws as `evaluate`
 */
export async function evaluateItems(
  definition: Trainable,
  parameters: Readonly<Record<string, StoredTensor>>,
  dataset: Dataset,
  options: EvaluateOptions,
): Promise<ItemMetrics> {
  return withParameters(definition, parameters, options.engine, async (state) => {
    const evaluator = await Evaluator.create(definition, dataset, state, options);
    return evaluator.items().finally(() => evaluator.dispose());
  });
}

/** Runs `body` on a state that holds the parameters, and frees it. */
export async function withParameters<R>(
  { parameters: spec }: Trainable,
  parameters: Readonly<Record<string, StoredTensor>>,
  engine: Engine,
  body: (state: EngineState) => Promise<R>,
): Promise<R> {
  const state = engine.createState(spec);
  try {
    for (const name of Object.keys(spec)) await state.write(name, floats(name, parameters[name]));
    return await body(state);
  } finally {
    state.dispose();
  }
}

function floats(name: string, tensor: StoredTensor | undefined): Float32Array {
  if (tensor?.data instanceof Float32Array) return tensor.data;
  throw new TypeError(
    `"parameters" expected a float32 tensor "${name}", got ${tensor?.data.constructor.name ?? "none"}`,
  );
}

/** Evaluates one data set, as often as one likes, with the parameters that `state` holds at the time. */
export class Evaluator {
  private readonly executable: Executable;
  private readonly feed: BatchFeed;
  private readonly order: Int32Array;
  private readonly names: readonly string[];
  private readonly signal: AbortSignal | undefined;

  static async create(
    definition: Trainable,
    dataset: Dataset,
    state: EngineState,
    options: EvaluateOptions,
  ): Promise<Evaluator> {
    const { engine, seed = 1, batchSize = EVALUATION_BATCH_SIZE, signal } = options;
    requireDataset(definition, dataset);
    requireSeed(seed);
    requireLabels(definition.evaluation, dataset);
    requirePositiveInteger("batchSize", batchSize);
    const feed = new BatchFeed(definition.evaluation, dataset, {
      batchSize,
      seed,
      beside: finalScalars(definition),
    });
    const executable = await engine.compile(definition.evaluation, state);
    return new Evaluator(executable, feed, dataset.items, Object.keys(definition.evaluation.outputs), signal);
  }

  private constructor(
    executable: Executable,
    feed: BatchFeed,
    items: number,
    names: readonly string[],
    signal: AbortSignal | undefined,
  ) {
    this.executable = executable;
    this.feed = feed;
    this.order = Int32Array.from({ length: items }, (_, item) => item);
    this.names = names;
    this.signal = signal;
  }

  /** Means over items. */
  async run(): Promise<Metrics> {
    const means = new MeanAccumulator(this.names);
    await this.each((values, k) => means.add(k, sum(values)));
    means.count(this.order.length);
    return means.means();
  }

  /** Values item by item. */
  async items(): Promise<ItemMetrics> {
    const columns = this.names.map((name) => [name, new Float32Array(this.order.length)] as const);
    await this.each((values, k, first) => columns[k]![1].set(values, first));
    return Object.fromEntries(columns);
  }

  /** Hands over, batch by batch, the values of each output, by its index, and which item is the first of them. */
  private async each(take: (values: Float32Array, output: number, first: number) => void): Promise<void> {
    const turn = new HostTurn();
    for (let index = 0, first = 0; index < this.feed.batches; index++) {
      this.signal?.throwIfAborted();
      const { size, inputs } = this.feed.batch(index, this.order, FIRST_EVALUATION_STEP + index);
      const { outputs } = await this.executable.run(inputs);
      for (let k = 0; k < this.names.length; k++) take(await outputs[this.names[k]!]!.read(), k, first);
      first += size;
      if (turn.due) await turn.give();
    }
  }

  dispose(): void {
    this.executable.dispose();
  }
}

function sum(values: Float32Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}
