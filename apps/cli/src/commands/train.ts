import { UsageError } from "@isthmus/command-line/node";
import { fitCoding, inferLatents, learnedCoding } from "@isthmus/compress";
import { batches, type Dataset } from "@isthmus/data";
import { readFileBytes, writeFileAtomic } from "@isthmus/data/node";
import type { Workload } from "@isthmus/backend";
import { type Engine, type JsonObject, type ModelData, trainingStep, writeModelFile } from "@isthmus/graph";
import { type ModelDefinition, modelKinds } from "@isthmus/models";
import {
  dataConvention,
  type EpochEvent,
  fit,
  type FitOptions,
  type FitResult,
  type ModelNotes,
  readCheckpoint,
  toModel,
} from "@isthmus/train";
import { Argument, type Command } from "commander";
import { access } from "node:fs/promises";
import { type Console, duration, grouped, note, type Report } from "../console.ts";
import { requireLabels, withDataDefaults } from "../data-defaults.ts";
import { addTrainDataOptions, type TrainDataOptions } from "../data-options.ts";
import { openSplits } from "../datasets.ts";
import { type Begun, begunWith, changeText, type EngineChoice, engineText, goingOn, withEngine } from "../engines.ts";
import { Interrupted, namingFile } from "../errors.ts";
import { metricLines } from "../metrics.ts";
import { parameterCount } from "../model-files.ts";
import { addModelOptions, kindLines, modelOf, type ModelOptions } from "../model-options.ts";
import {
  buildOption,
  engineOption,
  numberBetween,
  outOption,
  seedOption,
  threadsOption,
  wholeNumber,
} from "../options.ts";
import { requireOrdinaryFile, requireWritable } from "../outputs.ts";
import { ProgressLine } from "../progress.ts";
import { openStart, type Start } from "../start-from.ts";
import {
  addTrainingOptions,
  requireWarmUpFits,
  type Training,
  trainingJson,
  trainingOf,
  type TrainingOptions,
  trainingText,
} from "../training-options.ts";
import { type Context, describeCommand, reporting } from "./command.ts";

interface TrainOptions extends TrainDataOptions, ModelOptions, TrainingOptions {
  readonly seed: number;
  readonly limit?: number;
  readonly stepScale: number;
  readonly startFrom?: string;
  readonly resume?: boolean;
  /** Default: `wasm`, or a checkpoint's. */
  readonly engine?: EngineChoice;
  readonly build: string;
  readonly threads: number | "auto";
  readonly out: string;
}

export function trainCommand(context: Context): Command {
  const described = describeCommand({
    name: "train",
    summary: "Train a model of the zoo, measure it on the test set and store it with its frequency tables.",
    notes: kindLines(),
    examples: [
      "isthmus train vae --data mnist --epochs 10 -o m.safetensors",
      "isthmus train conditional-vae --condition left --prior learned -o inpaint.safetensors",
      "isthmus train denoising-ae --noise gaussian --noise-level 0.5 -o clean.safetensors",
      "isthmus train beta-vae --reconstruction off --kl-weight 1 -o kl.safetensors",
      "isthmus train beta-vae --data sprites --kl-weight 8 --latent 10 -o sprites.safetensors",
      "isthmus train ae --data readings.csv --columns temp,humidity,state --categorical state --latent 2 -o table.safetensors",
      "isthmus train ae --channels 16,32 --hidden 64 --likelihood gaussian --variance shared -o conv.safetensors",
      "isthmus train vae --epochs 40 --optimiser adamw --schedule cosine --clip-norm 100 -o m.safetensors",
      "isthmus train learned-codec --gdn on --output sigmoid --lambda 20 -o codec.safetensors",
      "isthmus train learned-codec --data cifar10 --channels 32,48 --hidden none --qualities 5 -o codec.safetensors",
      "isthmus train learned-codec --streams 3 --mask 0.5 -o layered.safetensors",
      "isthmus train vae --engine tfjs:wasm -o m.safetensors",
      "isthmus train mixture-prior-vae --start-from m.safetensors -o clusters.safetensors",
      "isthmus train vae --likelihood logistic-mixture --logistics 2 --latent 40 --epochs 20 -o grey.safetensors",
    ],
  }).addArgument(new Argument("<kind>", "what to train").choices(modelKinds.map(({ kind }) => kind)));
  const command = addTrainDataOptions(described)
    .option("--epochs <n>", "passes over the training set", wholeNumber(1), 10)
    .option("--batch <n>", "items per step", wholeNumber(1), 128);
  return addModelOptions(addTrainingOptions(command))
    .addOption(seedOption())
    .option("--limit <n>", "train and test on the first n items only", wholeNumber(1))
    .option(
      "--step-scale <x>",
      "width of the quantiser's bins; larger is fewer bits and more error",
      numberBetween(1e-4, 1e4),
      1,
    )
    .option(
      "--start-from <model>",
      "begin with the tensors of this model file that have the same names; others are drawn",
    )
    .option("--resume", "go on from the last epoch of an interrupted or shorter run with the same --out")
    .addOption(engineOption())
    .addOption(buildOption())
    .addOption(threadsOption())
    .addOption(outOption("model file to write; the checkpoint is kept beside it"))
    .action(reporting(context, (kind: string, options: TrainOptions) => train(context, kind, options)));
}

async function train({ console, stoppable }: Context, kind: string, options: TrainOptions): Promise<Report> {
  const training = trainingOf(options);
  await requireOrdinaryFile(options.out);
  await requireWritable(options.out);
  await requireWritable(checkpointPath(options.out));
  const checkpoint = await openCheckpoint(console, options);
  const signal = stoppable();
  const data = await openSplits(console, options, signal);
  requireWarmUpFits(options, data.train.items);
  const definition = modelOf(kind, withDataDefaults(kind, options, data.train), data.train.shape);
  requireLabels(definition, data.train);
  requireOwnSteps(definition, options);
  const start = options.startFrom === undefined ? undefined : await openStart(options.startFrom, definition);
  const run = async (engine: Engine) => {
    const job = { definition, data, engine, training, ...(start && { start }) };
    const result = await runFit({ console, signal }, job, options, checkpoint);
    const model = await assemble(job, result, options);
    await writeFileAtomic(options.out, writeModelFile(model));
    return report(job, result, options);
  };
  return withEngine(goingOn(options, checkpoint), run, { console, workload: stepOf(definition, training, options) });
}

/** What `--engine auto` measures. */
function stepOf({ kind, phases }: ModelDefinition, training: Training, { batch }: TrainOptions): Workload {
  const { loss, parameters } = phases[0]!;
  return { name: `training ${kind}`, program: trainingStep(loss, parameters, training), batch };
}

function requireOwnSteps({ kind, quantisation }: ModelDefinition, { stepScale }: TrainOptions): void {
  if (!quantisation || stepScale === 1) return;
  throw new UsageError(`--step-scale: ${kind} learns its bins; --lambda weighs bits against error`);
}

/** `m.safetensors` -> `m.checkpoint.safetensors`. */
function checkpointPath(out: string): string {
  return `${out.replace(/\.safetensors$/, "")}.checkpoint.safetensors`;
}

/** What a run goes on from. */
interface OpenedCheckpoint extends Begun {
  readonly bytes: Uint8Array;
  /** Epochs done. */
  readonly epoch: number;
}

async function openCheckpoint(
  console: Console,
  { out, resume, epochs }: TrainOptions,
): Promise<OpenedCheckpoint | undefined> {
  const path = checkpointPath(out);
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (resume && !exists) throw new UsageError(`--resume: there is no checkpoint ${path}; start without --resume`);
  if (resume) {
    const bytes = await readFileBytes(path);
    const { run, epoch } = namingFile(path, () => readCheckpoint(bytes));
    if (epoch >= epochs) note(console, `${path} has ${epoch} epochs already; nothing is left to train`);
    return { bytes, epoch, ...begunWith(run) };
  }
  if (exists) note(console, `starting anew; ${path} is replaced after the first epoch (--resume would go on from it)`);
  return undefined;
}

type Data = { readonly train: Dataset; readonly test: Dataset };

/** What is trained, with what, how and on what. */
interface Job {
  readonly definition: ModelDefinition;
  readonly data: Data;
  readonly engine: Engine;
  readonly training: Training;
  readonly start?: Start;
}

async function runFit(
  { console, signal }: { readonly console: Console; readonly signal: AbortSignal },
  { definition, data, engine, training, start }: Job,
  options: TrainOptions,
  checkpoint: OpenedCheckpoint | undefined,
): Promise<FitResult> {
  const progress = new ProgressLine(console);
  let done = checkpoint?.epoch ?? 0;
  const convention = dataConvention(definition.config, data.train.description);
  note(console, trainingText(training));
  if (start) note(console, start.text);
  const changed = changeText(checkpoint, engine);
  if (changed !== undefined) note(console, changed);
  note(console, `${definition.kind} on ${data.train.name}, engine ${engineText(engine)}; ${convention}`);
  try {
    return await fit(definition, data, {
      engine,
      epochs: options.epochs,
      batchSize: options.batch,
      ...training,
      ...earlyStopping(definition, options),
      seed: options.seed,
      ...(start && { initial: start.tensors }),
      signal,
      onProgress: (event) => progress.update(event),
      onEpoch: (event) => {
        done = event.epoch;
        progress.clear();
        note(console, epochText(event));
      },
      checkpoint: (bytes) => writeFileAtomic(checkpointPath(options.out), bytes),
      ...(checkpoint ? { resume: checkpoint.bytes, allowEngineChange: changed !== undefined } : {}),
    });
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    const next = done > 0 ? `--resume goes on from epoch ${done}` : "no epoch was finished, so nothing was stored";
    throw new Interrupted(`stopped; ${next}`, { cause: error });
  } finally {
    progress.clear();
  }
}

/** By what the model's training brings down on unseen data: its negative ELBO, a codec's objective, or what it reconstructs with. */
function earlyStopping({ evaluation }: ModelDefinition, { patience }: TrainOptions): Pick<FitOptions, "earlyStopping"> {
  if (patience === undefined) return {};
  const metric = ["negElbo", "objective"].find((name) => Object.hasOwn(evaluation.outputs, name)) ?? "reconstruction";
  return { earlyStopping: { metric, patience } };
}

function epochText({ epoch, epochs, train, test, seconds }: EpochEvent): string {
  const value = ([name, mean]: [string, number]) => `${name} ${mean.toFixed(2)}`;
  const likelihoods = Object.entries(test ?? {}).filter(([name]) => name !== "squaredError");
  const loss = value(["loss", train["loss"] ?? Number.NaN]);
  return `epoch ${epoch}/${epochs}  train ${loss}  |  test ${likelihoods.map(value).join("  ")}  (${duration(seconds)})`;
}

/** The model file: frequency tables fitted on the training items, figures, and where all of it came from. */
async function assemble({ definition, data, engine, training, start }: Job, result: FitResult, options: TrainOptions) {
  const { description } = data.train;
  return toModel(definition, result, {
    ...(await codingOf(definition, data.train, engine, result, options)),
    ...(description && { data: description as unknown as ModelData }),
    provenance: provenance(data.train, engine, result, { ...options, training, ...(start && { start }) }),
    metrics: metricsOf(result),
  });
}

/**
 * None for a conditional model: streams hold codes, not what its decoder is told beside them. A model that has learned its
 * bins has no step to scale.
 */
async function codingOf(
  { encoder, decoder, quantisation }: ModelDefinition,
  train: Dataset,
  engine: Engine,
  { parameters }: FitResult,
  { stepScale }: TrainOptions,
): Promise<Pick<ModelNotes, "coding">> {
  if (Object.keys(decoder.inputs).some((name) => name !== "z")) return {};
  if (quantisation) return { coding: await learnedCoding(engine, quantisation, parameters) };
  const latents = await inferLatents(engine, { encoder, parameters }, batches(train, { batchSize: 256 }));
  return { coding: fitCoding(latents, { stepScale }) };
}

/** No folder of this machine, no time: the same run gives the same bytes. */
function provenance(
  { name, items, provenance: { note: remark, sha256 } }: Dataset,
  engine: Engine,
  { epochs }: FitResult,
  { batch, seed, stepScale, training, start }: TrainOptions & Pick<Job, "training" | "start">,
): JsonObject {
  return {
    data: {
      name,
      items,
      ...(remark === undefined ? {} : { note: remark }),
      ...(sha256 === undefined ? {} : { sha256 }),
    },
    engine: { name: engine.name, build: engine.build },
    training: { epochs, batch, seed, stepScale, ...trainingJson(training), ...(start && { startFrom: start.json }) },
  };
}

/** How long an epoch took is left out: the same run gives the same bytes. */
function metricsOf({ test, history }: FitResult): JsonObject {
  const epochs = history.map(({ epoch, train: losses, test: metrics }) => ({
    epoch,
    train: { ...losses },
    ...(metrics && { test: { ...metrics } }),
  }));
  return { ...(test && { test: { ...test } }), history: epochs };
}

function report({ definition, data, engine, training, start }: Job, result: FitResult, options: TrainOptions): Report {
  const convention = dataConvention(definition.config, data.train.description);
  const test = result.test ?? {};
  const params = parameterCount(result);
  const json = {
    model: definition.kind,
    data: data.train.name,
    engine: `${engine.name}:${engine.build}`,
    epochs: result.epochs,
    steps: result.steps,
    seconds: result.seconds,
    ...trainingJson(training),
    ...(start && { startFrom: start.json }),
    params,
    test: { ...test, items: data.test.items, convention },
    ...(result.best && { best: { ...result.best } }),
    out: options.out,
  };
  const kept = result.best
    ? [
        `kept the parameters of epoch ${result.best.epoch}, the lowest ${result.best.metric} on the test set, which so is no test any more`,
      ]
    : [];
  const lines = [
    `${definition.kind}, ${grouped(params)} parameters, ${result.epochs} epochs, ${grouped(result.steps)} steps in ${duration(result.seconds)}`,
    ...kept,
    `test set (${data.test.name}, ${grouped(data.test.items)} items)`,
    ...metricLines(test, convention),
    `-> ${options.out}`,
  ];
  return { json, lines };
}
