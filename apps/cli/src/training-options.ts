import { UsageError } from "@isthmus/command-line/node";
import { describedOptimiser, type JsonObject, type OptimiserDescription } from "@isthmus/graph";
import type { FitOptions, LearningRateDescription } from "@isthmus/train";
import { type Command, Option } from "commander";
import { numberBetween, requireOnly, wholeNumber } from "./options.ts";

/** How the parameters move, as the command line says it; what is not said is undefined. */
export interface TrainingOptions {
  readonly epochs: number;
  readonly batch: number;
  readonly lr: number;
  readonly optimiser: "adam" | "adamw" | "sgd" | "rmsprop";
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly weightDecay?: number;
  readonly clipNorm?: number;
  readonly schedule: "constant" | "cosine" | "step";
  readonly lrEpochs?: number;
  readonly lrFactor?: number;
  readonly lrFloor?: number;
  readonly warmUp: number;
  readonly patience?: number;
}

/** Adds `--lr` and all that goes with it. */
export function addTrainingOptions(command: Command): Command {
  return command
    .option("--lr <x>", "learning rate, the largest of a schedule", numberBetween(1e-12, 1e3), 1e-3)
    .addOption(
      new Option("--optimiser <name>", "how gradients move parameters")
        .choices(["adam", "adamw", "sgd", "rmsprop"])
        .default("adam"),
    )
    .option("--momentum <x>", "decay of sgd's velocity, such as 0.9 (default: none)", numberBetween(0, 0.999999))
    .option("--nesterov", "lets sgd's momentum look ahead")
    .option("--weight-decay <x>", "adamw: share taken at learning rate 1 (default: 0.01)", numberBetween(0, 1e3))
    .option("--clip-norm <x>", "scales longer gradients down to this norm (default: none)", numberBetween(1e-12, 1e12))
    .addOption(
      new Option("--schedule <name>", "of the learning rate")
        .choices(["constant", "cosine", "step"])
        .default("constant"),
    )
    .option("--lr-epochs <n>", "cosine: down in so many epochs (default: --epochs); step: one each n", wholeNumber(1))
    .option("--lr-factor <x>", "step: multiplies the rate (default: 0.1)", numberBetween(1e-12, 1))
    .option("--lr-floor <x>", "cosine: the last rate (default: 0)", numberBetween(0, 1e3))
    .option("--warm-up <steps>", "steps in which the rate rises to --lr", wholeNumber(0), 0)
    .option(
      "--patience <epochs>",
      "stops when the test loss has not fallen for so many; keeps the best",
      wholeNumber(1),
    );
}

/** What `fit` is told of it. */
export type Training = Required<Pick<FitOptions, "optimiser" | "learningRate">> & Pick<FitOptions, "maxGradientNorm">;

/** The options as `fit` takes them. Throws `UsageError` for options that do not go together. */
export function trainingOf(options: TrainingOptions): Training {
  const { clipNorm } = options;
  return {
    optimiser: optimiser(options),
    learningRate: learningRate(options),
    ...(clipNorm !== undefined && { maxGradientNorm: clipNorm }),
  };
}

/** The same for a model file and `--json`, with every option of the optimiser. */
export function trainingJson({ optimiser: given, learningRate: lr, maxGradientNorm }: Training): JsonObject {
  const { description } = describedOptimiser(given);
  return {
    optimiser: description,
    lr: typeof lr === "number" ? lr : { ...lr },
    ...(maxGradientNorm !== undefined && { maxGradientNorm }),
  };
}

/** The same in one line for people. */
export function trainingText({ optimiser: given, learningRate: lr, maxGradientNorm }: Training): string {
  const clipping = maxGradientNorm === undefined ? "" : `, gradients clipped at ${maxGradientNorm}`;
  const rate = typeof lr === "number" ? String(lr) : kindText({ ...lr });
  return `${kindText(describedOptimiser(given).description)}, learning rate ${rate}${clipping}`;
}

/** `sgd (momentum 0.9, nesterov true)`. */
function kindText({ kind, ...options }: JsonObject): string {
  const words = Object.entries(options).map(([name, value]) => `${name} ${String(value)}`);
  return `${String(kind)} (${words.join(", ")})`;
}

function optimiser(options: TrainingOptions): OptimiserDescription {
  const { optimiser: name, momentum = 0, nesterov = false, weightDecay } = options;
  requireOnly(name === "sgd", options, ["momentum", "nesterov"], "--optimiser sgd");
  requireOnly(name === "adamw", options, ["weightDecay"], "--optimiser adamw");
  if (nesterov && momentum === 0) throw new UsageError("--nesterov needs --momentum above 0, such as 0.9");
  if (name === "sgd") return { kind: "sgd", momentum, nesterov };
  if (name === "adamw") return { kind: "adamW", ...(weightDecay !== undefined && { weightDecay }) };
  return { kind: name === "rmsprop" ? "rmsProp" : "adam" };
}

function learningRate(options: TrainingOptions): LearningRateDescription {
  const { schedule, lr: rate, warmUp, epochs, lrEpochs, lrFactor: factor = 0.1, lrFloor: floor = 0 } = options;
  requireOnly(schedule !== "constant", options, ["lrEpochs"], "--schedule cosine or step");
  requireOnly(schedule === "step", options, ["lrFactor"], "--schedule step");
  requireOnly(schedule === "cosine", options, ["lrFloor"], "--schedule cosine");
  if (schedule === "constant") return warmUp === 0 ? rate : { kind: "constant", rate, warmUp };
  if (schedule === "cosine") {
    if (floor > rate) throw new UsageError(`--lr-floor ${floor} is above --lr ${rate}`);
    return { kind: "cosine", rate, epochs: lrEpochs ?? epochs, floor, warmUp };
  }
  if (lrEpochs === undefined) throw new UsageError("--schedule step needs --lr-epochs, the epochs from step to step");
  return { kind: "step", rate, factor, epochs: lrEpochs, warmUp };
}

/** Throws `UsageError` for a warm-up that is longer than the cosine it belongs to. */
export function requireWarmUpFits({ schedule, warmUp, lrEpochs, epochs, batch }: TrainingOptions, items: number): void {
  const steps = (lrEpochs ?? epochs) * Math.ceil(items / batch);
  if (schedule !== "cosine" || warmUp <= steps) return;
  throw new UsageError(`--warm-up ${warmUp} is longer than the whole cosine, ${steps} steps`);
}
