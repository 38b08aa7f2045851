import type { Model } from "@isthmus/graph";
import { dataConvention, evaluate } from "@isthmus/train";
import { type Command, Option } from "commander";
import { grouped, type Report } from "../console.ts";
import { addPartOptions } from "../data-options.ts";
import { openSplit } from "../datasets.ts";
import { withEngine } from "../engines.ts";
import { definitionOf, openModel } from "../model-files.ts";
import { buildOption, type PartOptions, wholeNumber } from "../options.ts";
import { metricLines } from "../metrics.ts";
import { type Context, describeCommand, reporting } from "./command.ts";
import { requireShape } from "./encode.ts";

interface EvalOptions extends PartOptions {
  readonly seed?: number;
  readonly build: string;
}

export function evalCommand(context: Context): Command {
  const command = describeCommand({
    name: "eval",
    summary: "Measure a saved model: per-example means in nats, with the data convention.",
    examples: [
      "isthmus eval m.safetensors --data mnist --split test",
      "isthmus eval table.safetensors --data readings.csv --split all",
    ],
  }).argument("<model>", "model file");
  return addPartOptions(command)
    .addOption(
      new Option("--seed <n>", "seed of the noise (default: the seed of the training)").argParser(wholeNumber(0)),
    )
    .addOption(buildOption())
    .action(reporting(context, (path: string, options: EvalOptions) => evaluateModel(context, path, options)));
}

async function evaluateModel({ console }: Context, path: string, options: EvalOptions): Promise<Report> {
  const model = await openModel(path);
  const definition = definitionOf(model);
  const shape = definition.config.inputShape;
  const dataset = await openSplit(console, options, { ...model, shape });
  requireShape(dataset, shape);
  const seed = options.seed ?? trainingSeed(model);
  const metrics = await withEngine(options, (engine) =>
    evaluate(definition, model.parameters, dataset, { engine, seed }),
  );
  const convention = dataConvention(definition.config);
  const json = {
    model: model.kind,
    data: dataset.name,
    split: options.split,
    seed,
    ...metrics,
    items: dataset.items,
    convention,
  };
  const what = `${options.split} set (${dataset.name}, ${grouped(dataset.items)} items)`;
  return { json, lines: [what, ...metricLines(metrics, convention)] };
}

/** With it `eval` gives the very figures that `train` printed. */
function trainingSeed({ provenance }: Model): number {
  const seed = (provenance["training"] as { readonly seed?: unknown } | undefined)?.seed;
  return typeof seed === "number" ? seed : 1;
}
