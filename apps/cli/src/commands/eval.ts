import { UsageError } from "@isthmus/command-line/node";
import type { Dataset } from "@isthmus/data";
import type { Engine, Model } from "@isthmus/graph";
import type { ModelDefinition } from "@isthmus/models";
import { IMPORTED_KIND } from "@isthmus/onnx";
import {
  dataConvention,
  evaluate,
  evaluateLikelihood,
  type LikelihoodEstimate,
  type LikelihoodOptions,
} from "@isthmus/train";
import { type Command, Option } from "commander";
import { type Console, grouped, type Report } from "../console.ts";
import { requireLabels } from "../data-defaults.ts";
import { addPartOptions } from "../data-options.ts";
import { openSplit } from "../datasets.ts";
import { type EngineChoice, toRun, withEngine } from "../engines.ts";
import { disentanglementLines, disentanglementOf } from "../disentanglement.ts";
import { definitionOf, openModel, takesCodes } from "../model-files.ts";
import { buildOption, engineOption, type PartOptions, wholeNumber } from "../options.ts";
import { metricLines } from "../metrics.ts";
import { ProgressLine, shareText } from "../progress.ts";
import { type Context, describeCommand, reporting } from "./command.ts";

interface EvalOptions extends PartOptions {
  readonly importanceSamples?: number;
  readonly disentanglement?: boolean;
  readonly seed?: number;
  readonly engine?: EngineChoice;
  readonly build: string;
}

export function evalCommand(context: Context): Command {
  const command = describeCommand({
    name: "eval",
    summary: "Measure a saved model: per-example means in nats, with the data convention.",
    examples: [
      "isthmus eval m.safetensors --data mnist --split test",
      "isthmus eval m.safetensors --importance-samples 500 --range 0:100",
      "isthmus eval sprites.safetensors --data sprites --split all --disentanglement",
      "isthmus eval table.safetensors --data readings.csv --split all",
    ],
  }).argument("<model>", "model file");
  return addPartOptions(command)
    .addOption(
      new Option("--seed <n>", "seed of the noise (default: the seed of the training)").argParser(wholeNumber(0)),
    )
    .option(
      "--importance-samples <n>",
      "estimate log p(x) as well, with n draws of each item",
      wholeNumber(1, 1_000_000),
    )
    .option(
      "--disentanglement",
      "how far each latent tells one factor of its own, MIG and DCI, where factors are known",
    )
    .addOption(engineOption())
    .addOption(buildOption())
    .action(reporting(context, (path: string, options: EvalOptions) => evaluateModel(context, path, options)));
}

async function evaluateModel({ console }: Context, path: string, options: EvalOptions): Promise<Report> {
  const model = await openModel(path);
  const definition = definitionOf(model);
  if (takesCodes(model)) throw new UsageError(`${path} is a decoder alone, which has no items to measure`);
  const samples = options.importanceSamples;
  if (samples !== undefined && !definition.importance) {
    throw new UsageError(`${path} is of kind "${model.kind}", which has no likelihood p(x) to estimate; train a vae`);
  }
  const shape = definition.config.inputShape;
  const dataset = await openSplit(console, options, { ...model, shape });
  requireLabels(definition, dataset);
  const seed = options.seed ?? trainingSeed(model);
  const measure = async (engine: Engine) => ({
    metrics: await evaluate(definition, model.parameters, dataset, { engine, seed }),
    likelihood: samples && (await estimate(console, definition, model, dataset, { engine, seed, samples })),
    disentanglement: options.disentanglement && (await disentanglementOf(engine, model, dataset, seed)),
  });
  const needs = toRun("the evaluation", definition.evaluation, console);
  const { metrics, likelihood, disentanglement } = await withEngine(options, measure, needs);
  const convention = model.kind === IMPORTED_KIND ? FOREIGN : dataConvention(definition.config, dataset.description);
  const json = {
    model: model.kind,
    data: dataset.name,
    split: options.split,
    seed,
    ...metrics,
    ...(likelihood && { importance: likelihood }),
    ...(disentanglement && { disentanglement }),
    items: dataset.items,
    convention,
  };
  const what = `${options.split} set (${dataset.name}, ${grouped(dataset.items)} items)`;
  const lines = [
    what,
    ...metricLines(metrics, convention),
    ...(likelihood ? likelihoodLines(likelihood) : []),
    ...(disentanglement ? disentanglementLines(disentanglement) : []),
  ];
  return { json, lines };
}

/** What the numbers are to a network that others trained. */
const FOREIGN = "numbers as the imported network takes and gives them";

type Likelihood = Omit<LikelihoodEstimate, "items" | "perItem">;

/** log p(x) by importance sampling; K draws of an item cost K passes over the data. */
async function estimate(
  console: Console,
  definition: ModelDefinition,
  { parameters }: Model,
  dataset: Dataset,
  options: Pick<LikelihoodOptions, "engine" | "seed" | "samples">,
): Promise<Likelihood> {
  const progress = new ProgressLine(console);
  try {
    const onProgress = (share: number) => progress.show(() => `importance samples ${shareText(share)}`);
    const estimated = await evaluateLikelihood(definition, parameters, dataset, { ...options, onProgress });
    const { logLikelihood, standardError, dataError, effectiveSampleSize, samples } = estimated;
    return { logLikelihood, standardError, dataError, effectiveSampleSize, samples };
  } finally {
    progress.clear();
  }
}

function likelihoodLines(likelihood: Likelihood): string[] {
  const { logLikelihood, standardError, dataError, effectiveSampleSize, samples } = likelihood;
  const error = samples > 1 ? ` +- ${standardError.toFixed(3)}` : "";
  const items = Number.isFinite(dataError) ? `; other items would move it by ${dataError.toFixed(3)}` : "";
  return [
    `log p(x) >= ${logLikelihood.toFixed(3)}${error} nats per example, from ${grouped(samples)} importance samples of each item`,
    `effective sample size ${effectiveSampleSize.toFixed(1)} of ${grouped(samples)}${items}`,
  ];
}

/** With it `eval` gives the very figures that `train` printed. */
export function trainingSeed({ provenance }: Model): number {
  const seed = (provenance["training"] as { readonly seed?: unknown } | undefined)?.seed;
  return typeof seed === "number" ? seed : 1;
}
