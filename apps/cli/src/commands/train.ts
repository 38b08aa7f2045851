import { FRAME_LIMITS } from "@isthmus/codec";
import { fitCoding, inferLatents } from "@isthmus/compress";
import { batches, type Dataset } from "@isthmus/data";
import { readFileBytes, writeFileAtomic } from "@isthmus/data/node";
import { type Engine, type JsonObject, writeModelFile } from "@isthmus/graph";
import { type DenseConfig, defineModel, type ModelDefinition, modelKinds } from "@isthmus/models";
import { dataConvention, type EpochEvent, fit, type FitResult, readCheckpoint, toModel } from "@isthmus/train";
import type { WasmEngine } from "@isthmus/wasm";
import { Argument, type Command, Option } from "commander";
import { access } from "node:fs/promises";
import { type Console, duration, grouped, note, type Report } from "../console.ts";
import { openSplits } from "../datasets.ts";
import { engineText, withEngine } from "../engines.ts";
import { checkedByUser, Interrupted, namingFile, UsageError } from "../errors.ts";
import { metricLines } from "../metrics.ts";
import {
  buildOption,
  type DataOptions,
  dataDirOption,
  dataOption,
  layerSizes,
  numberBetween,
  outOption,
  seedOption,
  threadsOption,
  wholeNumber,
} from "../options.ts";
import { requireOrdinaryFile, requireWritable } from "../outputs.ts";
import { ProgressLine } from "../progress.ts";
import { type Context, describeCommand, reporting } from "./command.ts";

interface TrainOptions extends DataOptions {
  readonly epochs: number;
  readonly batch: number;
  readonly lr: number;
  readonly hidden: readonly number[];
  readonly latent: number;
  readonly likelihood: DenseConfig["likelihood"];
  readonly binarize: DenseConfig["binarize"];
  readonly seed: number;
  readonly limit?: number;
  readonly stepScale: number;
  readonly resume?: boolean;
  readonly build: string;
  readonly threads: number | "auto";
  readonly out: string;
}

export function trainCommand(context: Context): Command {
  return describeCommand({
    name: "train",
    summary: "Train an autoencoder or a VAE, measure it on the test set and store it with its frequency tables.",
    example: "isthmus train vae --data mnist --epochs 10 -o m.safetensors",
  })
    .addArgument(new Argument("<kind>", "what to train").choices(modelKinds))
    .addOption(dataOption())
    .addOption(dataDirOption())
    .option("--epochs <n>", "passes over the training set", wholeNumber(1), 10)
    .option("--batch <n>", "items per step", wholeNumber(1), 128)
    .option("--lr <x>", "learning rate of Adam", numberBetween(1e-12, 1e3), 1e-3)
    .option("--hidden <sizes>", "hidden units, such as 400 or 512,256; none for no hidden layer", layerSizes, [400])
    .option("--latent <n>", "latent dimensions", wholeNumber(1, FRAME_LIMITS.dims), 20)
    .addOption(seedOption())
    .addOption(
      new Option("--binarize <how>", "what the likelihood sees of pixels")
        .choices(["none", "dynamic", "threshold"])
        .default("none"),
    )
    .addOption(new Option("--likelihood <name>", "p(x|z)").choices(["bernoulli", "gaussian"]).default("bernoulli"))
    .option("--limit <n>", "train and test on the first n items only", wholeNumber(1))
    .option(
      "--step-scale <x>",
      "width of the quantiser's bins; larger is fewer bits and more error",
      numberBetween(1e-4, 1e4),
      1,
    )
    .option("--resume", "go on from the last epoch of an interrupted or shorter run with the same --out")
    .addOption(buildOption())
    .addOption(threadsOption())
    .addOption(outOption("model file to write; the checkpoint is kept beside it"))
    .action(reporting(context, (kind: string, options: TrainOptions) => train(context, kind, options)));
}

async function train({ console, stoppable }: Context, kind: string, options: TrainOptions): Promise<Report> {
  await requireOrdinaryFile(options.out);
  await requireWritable(options.out);
  await requireWritable(checkpointPath(options.out));
  const checkpoint = await openCheckpoint(console, options);
  const signal = stoppable();
  const data = await openSplits(console, options, signal);
  const definition = checkedByUser(() => defineModel(kind, configOf(options, data.train)));
  const build = (options.build === "auto" && checkpoint?.build) || options.build;
  return withEngine({ build, threads: options.threads }, async (engine) => {
    const result = await runFit({ console, signal }, definition, data, engine, options, checkpoint);
    const model = await assemble(engine, definition, data.train, result, options);
    await writeFileAtomic(options.out, writeModelFile(model));
    return report(definition, data, engine, result, options);
  });
}

function configOf({ hidden, latent, likelihood, binarize }: TrainOptions, { shape }: Dataset): Partial<DenseConfig> {
  return { inputShape: shape, hidden, latent, likelihood, binarize };
}

/** `m.safetensors` -> `m.checkpoint.safetensors`. */
function checkpointPath(out: string): string {
  return `${out.replace(/\.safetensors$/, "")}.checkpoint.safetensors`;
}

/** What a run goes on from. */
interface OpenedCheckpoint {
  readonly bytes: Uint8Array;
  /** Epochs done. */
  readonly epoch: number;
  /** The kernel build that began the run: only it goes on with the same bits. */
  readonly build: string | undefined;
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
    return { bytes, epoch, build: (run["engine"] as { readonly build?: string } | undefined)?.build };
  }
  if (exists) note(console, `starting anew; ${path} is replaced after the first epoch (--resume would go on from it)`);
  return undefined;
}

type Data = { readonly train: Dataset; readonly test: Dataset };

async function runFit(
  { console, signal }: { readonly console: Console; readonly signal: AbortSignal },
  definition: ModelDefinition,
  data: Data,
  engine: WasmEngine,
  options: TrainOptions,
  checkpoint: OpenedCheckpoint | undefined,
): Promise<FitResult> {
  const progress = new ProgressLine(console);
  let done = checkpoint?.epoch ?? 0;
  const convention = dataConvention(definition.config);
  note(console, `${definition.kind} on ${data.train.name}, engine ${engineText(engine)}; ${convention}`);
  try {
    return await fit(definition, data, {
      engine,
      epochs: options.epochs,
      batchSize: options.batch,
      learningRate: options.lr,
      seed: options.seed,
      signal,
      onProgress: (event) => progress.update(event),
      onEpoch: (event) => {
        done = event.epoch;
        progress.clear();
        note(console, epochText(event));
      },
      checkpoint: (bytes) => writeFileAtomic(checkpointPath(options.out), bytes),
      ...(checkpoint ? { resume: checkpoint.bytes } : {}),
    });
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    const next = done > 0 ? `--resume goes on from epoch ${done}` : "no epoch was finished, so nothing was stored";
    throw new Interrupted(`stopped; ${next}`, { cause: error });
  } finally {
    progress.clear();
  }
}

function epochText({ epoch, epochs, train, test, seconds }: EpochEvent): string {
  const value = ([name, mean]: [string, number]) => `${name} ${mean.toFixed(2)}`;
  const likelihoods = Object.entries(test ?? {}).filter(([name]) => name !== "squaredError");
  const loss = value(["loss", train["loss"] ?? Number.NaN]);
  return `epoch ${epoch}/${epochs}  train ${loss}  |  test ${likelihoods.map(value).join("  ")}  (${duration(seconds)})`;
}

/** The model file: frequency tables fitted on the training items, figures, and where all of it came from. */
async function assemble(
  engine: Engine,
  definition: ModelDefinition,
  trainSet: Dataset,
  result: FitResult,
  options: TrainOptions,
) {
  const network = { encoder: definition.encoder, parameters: result.parameters };
  const latents = await inferLatents(engine, network, batches(trainSet, { batchSize: 256 }));
  const coding = fitCoding(latents, { stepScale: options.stepScale });
  return toModel(definition, result, {
    coding,
    provenance: provenance(trainSet, engine, result, options),
    metrics: metricsOf(result),
  });
}

/** No folder of this machine, no time: the same run gives the same bytes. */
function provenance(
  { name, items, provenance: { note: remark, sha256 } }: Dataset,
  engine: Engine,
  { epochs }: FitResult,
  options: TrainOptions,
): JsonObject {
  const { batch, lr, seed, stepScale } = options;
  return {
    data: {
      name,
      items,
      ...(remark === undefined ? {} : { note: remark }),
      ...(sha256 === undefined ? {} : { sha256 }),
    },
    engine: { name: engine.name, build: engine.build },
    training: { epochs, batch, lr, seed, optimiser: "adam", stepScale },
  };
}

function metricsOf({ test }: FitResult): JsonObject {
  return test ? { test: { ...test } } : {};
}

function report(
  definition: ModelDefinition,
  data: Data,
  engine: Engine,
  result: FitResult,
  options: TrainOptions,
): Report {
  const convention = dataConvention(definition.config);
  const test = result.test ?? {};
  const params = Object.values(result.parameters).reduce((count, { data: values }) => count + values.length, 0);
  const json = {
    model: definition.kind,
    data: data.train.name,
    engine: `${engine.name}:${engine.build}`,
    epochs: result.epochs,
    steps: result.steps,
    seconds: result.seconds,
    params,
    test: { ...test, items: data.test.items, convention },
    out: options.out,
  };
  const lines = [
    `${definition.kind}, ${grouped(params)} parameters, ${result.epochs} epochs, ${grouped(result.steps)} steps in ${duration(result.seconds)}`,
    `test set (${data.test.name}, ${grouped(data.test.items)} items)`,
    ...metricLines(test, convention),
    `-> ${options.out}`,
  ];
  return { json, lines };
}
