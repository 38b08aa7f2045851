import { type Dataset, permutation } from "@isthmus/data";
import type { Engine, EngineState, Executable, LearningRates, Program, StepScalars } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import { BatchFeed, type Feed } from "./batch-feed.ts";
import type { StepEvent } from "./events.ts";
import { firstNonFinite, type NonFiniteValue } from "./first-non-finite.ts";
import { HostTurn } from "./host-turn.ts";
import { MeanAccumulator, type Metrics } from "./metrics.ts";

export interface EpochRunnerOptions {
  readonly engine: Engine;
  readonly epochs: number;
  readonly batchSize: number;
  /** Those of step 1 on, for this runner alone; so are the scalars. */
  readonly rates: LearningRates;
  readonly scalars: StepScalars;
  readonly seed: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: StepEvent) => void;
  readonly checkpoint?: unknown;
}

/** Runs a step's inputs again to find where it left the finite numbers. */
type Diagnose = (inputs: Feed["inputs"]) => Promise<NonFiniteValue | undefined>;

/**
 * Runs a training program over the data, an epoch at a time. Whatever is random is a function of the seed and a
 * counter: the order of an epoch (stream `shuffle`, epochs from 0), the noise of a step (steps from 1, as in Adam).
 */
export class EpochRunner {
  readonly stepsPerEpoch: number;
  private readonly executable: Executable;
  private readonly dataset: Dataset;
  private readonly options: EpochRunnerOptions;
  private readonly diagnose: Diagnose;
  private readonly feed: BatchFeed;
  private readonly names: readonly string[];
  private readonly lossIndex: number;
  private readonly values: Float64Array;
  private readonly means: MeanAccumulator;
  private readonly turn = new HostTurn();
  private step = 0;

  static async create(
    program: Program,
    dataset: Dataset,
    state: EngineState,
    options: EpochRunnerOptions,
  ): Promise<EpochRunner> {
    const executable = await options.engine.compile(program, state);
    const diagnose: Diagnose = (inputs) => firstNonFinite(options.engine, program, state, inputs);
    return new EpochRunner(program, executable, diagnose, dataset, options);
  }

  private constructor(
    program: Program,
    executable: Executable,
    diagnose: Diagnose,
    dataset: Dataset,
    options: EpochRunnerOptions,
  ) {
    this.executable = executable;
    this.diagnose = diagnose;
    this.dataset = dataset;
    this.options = options;
    this.feed = new BatchFeed(program, dataset, {
      batchSize: options.batchSize,
      seed: options.seed,
      beside: options.scalars.inputs,
    });
    this.stepsPerEpoch = this.feed.batches;
    this.names = Object.keys(program.outputs);
    this.lossIndex = this.names.indexOf("loss");
    this.values = new Float64Array(this.names.length);
    this.means = new MeanAccumulator(this.names);
  }

  /** Goes on as if `epochs` had been run. */
  skip(epochs: number): void {
    while (this.step < epochs * this.stepsPerEpoch) this.advance();
  }

  /**
   * Runs epoch `epoch` = 1, 2, ..., which must follow the one before.
   *
   * @returns the means over items of the program's outputs
   * @throws IsthmusError `TRAIN_NON_FINITE`; the signal's reason when it aborts
   */
  async run(epoch: number): Promise<Metrics> {
    const { seed, signal, onProgress } = this.options;
    const order = permutation(this.dataset.items, { seed, stream: "shuffle", epoch: epoch - 1 });
    const started = performance.now();
    this.means.reset();
    for (let index = 0, items = 0; index < this.stepsPerEpoch; index++) {
      signal?.throwIfAborted();
      const feed = this.next(index, order);
      await this.runStep(feed, epoch);
      items += feed.size;
      onProgress?.(this.progress(epoch, items, (performance.now() - started) / 1000));
      if (this.turn.due) await this.turn.give();
    }
    return this.means.means();
  }

  dispose(): void {
    this.executable.dispose();
  }

  private next(index: number, order: Int32Array): Feed {
    this.advance();
    return this.feed.batch(index, order, this.step);
  }

  private advance(): void {
    const { rates, scalars } = this.options;
    this.step++;
    scalars.advance(rates.next());
  }

  private async runStep({ size, inputs }: Feed, epoch: number): Promise<void> {
    const { committed, outputs } = await this.executable.run(inputs);
    for (let k = 0; k < this.names.length; k++) this.values[k] = (await outputs[this.names[k]!]!.read())[0]!;
    if (!committed) throw this.nonFinite(epoch, await this.diagnose(inputs));
    for (let k = 0; k < this.names.length; k++) this.means.add(k, this.values[k]! * size);
    this.means.count(size);
  }

  private nonFinite(epoch: number, first: NonFiniteValue | undefined): IsthmusError {
    const outputs = Object.fromEntries(this.names.map((name, k) => [name, this.values[k]!]));
    const parts = [
      Object.entries(outputs)
        .map(([name, value]) => `${name} ${value}`)
        .join(", "),
      ...(first ? [`first ${first.value} in ${first.op}${first.name ? ` "${first.name}"` : ""}`] : []),
      "the step was not made",
      ...(this.options.checkpoint && epoch > 1 ? [`the last good checkpoint is that of epoch ${epoch - 1}`] : []),
    ];
    const message = `training stopped at epoch ${epoch}, step ${this.step}: ${parts.join("; ")}`;
    return new IsthmusError("TRAIN_NON_FINITE", message, { epoch, step: this.step, outputs, ...(first && { first }) });
  }

  private progress(epoch: number, items: number, seconds: number): StepEvent {
    const { epochs } = this.options;
    const itemsPerSecond = items / seconds;
    const itemsLeft = (epochs - epoch + 1) * this.dataset.items - items;
    return {
      epoch,
      epochs,
      step: this.step,
      steps: epochs * this.stepsPerEpoch,
      loss: this.values[this.lossIndex]!,
      itemsPerSecond,
      etaSeconds: itemsLeft / itemsPerSecond,
    };
  }
}
