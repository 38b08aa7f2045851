import type { Dataset } from "@isthmus/data";
import type { Engine, EngineState, JsonObject, OptimiserDescription, StoredTensor } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import type { Trainable } from "@isthmus/models";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import { requireDataset, requirePositiveInteger, requireSeed } from "./checks.ts";
import { type BestEpoch, BestKeeper, type EarlyStopping } from "./early-stopping.ts";
import { EpochRunner, type EpochRunnerOptions } from "./epoch-runner.ts";
import { Evaluator } from "./evaluate.ts";
import type { EpochEvent, EpochRecord, StepEvent } from "./events.ts";
import { type InitialTensors, requireInitial } from "./initial-tensors.ts";
import type { LearningRateDescription } from "./learning-rate.ts";
import type { Metrics } from "./metrics.ts";
import { describedRun, type Run } from "./run.ts";
import { requireSameRun, runIdentity } from "./run-identity.ts";
import { readTensors, writeInitial, writeTensors } from "./training-state.ts";

export interface TrainingData {
  readonly train: Dataset;
  /** Measured, never trained on. */
  readonly test?: Dataset;
}

export interface FitOptions {
  readonly engine: Engine;
  /** Epochs in all, those of a resumed checkpoint included. Default: 10. */
  readonly epochs?: number;
  /** Default: 128. The last batch of an epoch holds what is left. */
  readonly batchSize?: number;
  /** Default: Adam with the options of its paper. */
  readonly optimiser?: OptimiserDescription;
  /** One for all steps, or a schedule. Default: 1e-3. */
  readonly learningRate?: LearningRateDescription;
  /** Scales the gradients of a step down when the norm of all of them together is larger. Default: never. */
  readonly maxGradientNorm?: number;
  /** Of initial values, order and noise: a non-negative safe integer. Default: 1. */
  readonly seed?: number;
  /**
   * Parameters to begin from, by name: all of a model's, or some, such as another model's encoder. The others are drawn
   * from the seed. Default: none.
   */
  readonly initial?: InitialTensors;
  /** Stops between steps, throwing its reason. */
  readonly signal?: AbortSignal;
  /** Called after every step. */
  readonly onProgress?: (event: StepEvent) => void;
  /** Called after every epoch and awaited, once the epoch's checkpoint is stored. */
  readonly onEpoch?: (event: EpochEvent) => void | Promise<void>;
  /** Stores a checkpoint; called after every epoch and awaited. */
  readonly checkpoint?: (bytes: Uint8Array) => Promise<void>;
  /** The bytes of a checkpoint to go on from. */
  readonly resume?: Uint8Array;
  /** Lets another engine, or another build, resume: the curve will differ in the last bits. Default: false. */
  readonly allowEngineChange?: boolean;
  /** Otherwise `data.test` is measured once, at the end. Default: true. */
  readonly evaluateEachEpoch?: boolean;
  /** Ends training when a test metric stops falling, and keeps the parameters of its best epoch. Default: never. */
  readonly earlyStopping?: EarlyStopping;
}

export interface FitResult {
  /** The trained tensors, without the optimiser's: the last, or with early stopping those of the best epoch. */
  readonly parameters: Readonly<Record<string, StoredTensor>>;
  readonly history: readonly EpochRecord[];
  /** Epochs and steps done, those of a resumed checkpoint included. */
  readonly epochs: number;
  readonly steps: number;
  /** The sum over the history: training and evaluation, wall clock. */
  readonly seconds: number;
  /** Metrics of `parameters` on `data.test`, as `evaluate` gives them with the same seed. */
  readonly test?: Metrics;
  /** The epoch that `parameters` are of, with early stopping. */
  readonly best?: BestEpoch;
}

/**
 * Trains a model.
 *
 * The result is a function of definition, data, seed, initial tensors, batch size, optimiser, learning rate, largest
 * gradient norm, epochs, engine and its build: the same again gives the same bits, and so does stopping after any epoch
 * and resuming from its checkpoint.
 *
 * Takes the engine for itself: a run of anything else on it meanwhile, but for those that `onEpoch` and `checkpoint`
 * await, replaces results before they are read (`ENGINE_STALE_HANDLE`).
 *
 * @throws RangeError for options or data that do not fit, TypeError for `initial` tensors that are not float32
 * @throws IsthmusError `TRAIN_NON_FINITE` when the loss, the norm that clipping takes, a parameter or a test metric is not
 * finite: nothing is stored of that epoch; `CHECKPOINT_MISMATCH` when `resume` belongs to another run, and the codes of `readCheckpoint`
 * @throws the signal's reason
 */
export async function fit(definition: Trainable, data: TrainingData, options: FitOptions): Promise<FitResult> {
  const settings = checkedSettings(options);
  requireDataset(definition, data.train);
  requireInitial(definition.parameters, settings.initial ?? {});
  options.signal?.throwIfAborted();
  const run = describedRun(definition, data.train, settings);
  const keeper = keeperOf(definition, data, settings);
  const opened: { dispose(): void }[] = [];
  const open = <T extends { dispose(): void }>(item: T): T => opened[opened.push(item) - 1] as T;
  try {
    const state = open(options.engine.createState({ ...definition.parameters, ...run.step.state }));
    const readParameters = () => readTensors(state, Object.keys(definition.parameters));
    let known: JsonObject | undefined;
    const identity = () => (known ??= runIdentity(definition, data.train, run, keeper));
    const { history, best } = await begin(state, identity, settings);
    if (history.length > 0) await keeper?.resume(history, best, readParameters);
    const runner = open(await EpochRunner.create(run.step, data.train, state, runnerOptions(run, settings)));
    const evaluator = data.test && open(await testEvaluator(definition, data.test, state, settings));
    runner.skip(history.length);
    let test: Metrics | undefined;
    while (history.length < settings.epochs && !keeper?.isOver(history)) {
      const record = await runEpoch(history.length + 1, runner, settings.evaluateEachEpoch ? evaluator : undefined);
      history.push(record);
      test = record.test;
      await keeper?.keep(history, readParameters);
      await settings.checkpoint?.(await checkpointOf(state, identity(), history, runner, keeper));
      await settings.onEpoch?.({ ...record, epochs: settings.epochs });
    }
    const done = totals(history, runner);
    const found = keeper?.result(history);
    if (found) return { ...done, ...found };
    test ??= evaluator && finite(await evaluator.run(), history.length);
    return { ...done, parameters: await readParameters(), ...(test && { test }) };
  } finally {
    for (const item of opened.reverse()) item.dispose();
  }
}

type FitSettings = FitOptions & Required<Pick<FitOptions, keyof typeof defaults>>;

const defaults = {
  epochs: 10,
  batchSize: 128,
  optimiser: { kind: "adam" } as OptimiserDescription,
  learningRate: 1e-3 as LearningRateDescription,
  seed: 1,
  allowEngineChange: false,
  evaluateEachEpoch: true,
};

function checkedSettings(options: FitOptions): FitSettings {
  const settings = { ...defaults, ...options };
  requirePositiveInteger("epochs", settings.epochs);
  requirePositiveInteger("batchSize", settings.batchSize);
  requireSeed(settings.seed);
  return settings;
}

function runnerOptions({ scalars, learningRate: { rates } }: Run, settings: FitSettings): EpochRunnerOptions {
  return { ...settings, rates, scalars: scalars() };
}

/** Fills the state with first values or a checkpoint's, and returns what is known so far. */
async function begin(
  state: EngineState,
  identity: () => JsonObject,
  settings: FitSettings,
): Promise<{ readonly history: EpochRecord[]; readonly best?: Checkpoint["tensors"] }> {
  if (!settings.resume) {
    await writeInitial(state, settings.seed, settings.initial);
    return { history: [] };
  }
  const { run, tensors, history, best } = readCheckpoint(settings.resume);
  requireSameRun(run, identity(), settings.allowEngineChange);
  await writeTensors(state, tensors);
  return { history: [...history], ...(best && { best }) };
}

function keeperOf(
  { evaluation }: Trainable,
  { test }: TrainingData,
  { earlyStopping, evaluateEachEpoch }: FitSettings,
): BestKeeper | undefined {
  if (!earlyStopping) return undefined;
  return new BestKeeper(earlyStopping, evaluateEachEpoch ? test : undefined, Object.keys(evaluation.outputs));
}

function testEvaluator(
  definition: Trainable,
  test: Dataset,
  state: EngineState,
  { engine, seed, signal }: FitSettings,
): Promise<Evaluator> {
  return Evaluator.create(definition, test, state, { engine, seed, ...(signal && { signal }) });
}

async function runEpoch(epoch: number, runner: EpochRunner, evaluator: Evaluator | undefined): Promise<EpochRecord> {
  const started = performance.now();
  const train = await runner.run(epoch);
  const test = evaluator && finite(await evaluator.run(), epoch);
  return { epoch, train, ...(test && { test }), seconds: (performance.now() - started) / 1000 };
}

function finite(metrics: Metrics, epoch: number): Metrics {
  const [name, value] = Object.entries(metrics).find(([, mean]) => !Number.isFinite(mean)) ?? [];
  if (name === undefined) return metrics;
  const message = `training stopped at epoch ${epoch}: test ${name} is ${value}`;
  throw new IsthmusError("TRAIN_NON_FINITE", message, { epoch, outputs: metrics });
}

async function checkpointOf(
  state: EngineState,
  run: JsonObject,
  history: readonly EpochRecord[],
  { stepsPerEpoch }: EpochRunner,
  keeper: BestKeeper | undefined,
): Promise<Uint8Array> {
  const epoch = history.length;
  const tensors = await readTensors(state, Object.keys(state.spec));
  const best = keeper?.earlier(history);
  return writeCheckpoint({ run, epoch, step: epoch * stepsPerEpoch, history, tensors, ...(best && { best }) });
}

function totals(history: readonly EpochRecord[], { stepsPerEpoch }: EpochRunner): Omit<FitResult, "parameters"> {
  const seconds = history.reduce((total, record) => total + record.seconds, 0);
  return { history, epochs: history.length, steps: history.length * stepsPerEpoch, seconds };
}
