import { dataConvention, evaluate } from "@isthmus/train";
import type { Command } from "commander";
import type { Report } from "../console.ts";
import { openSplit } from "../datasets.ts";
import { withEngine } from "../engines.ts";
import { definitionOf, openModel } from "../model-files.ts";
import {
  buildOption,
  dataDirOption,
  dataOption,
  type PartOptions,
  rangeOption,
  seedOption,
  splitOption,
} from "../options.ts";
import { metricLines } from "../metrics.ts";
import { type Context, describeCommand, reporting } from "./command.ts";
import { requireShape } from "./encode.ts";

interface EvalOptions extends PartOptions {
  readonly seed: number;
  readonly build: string;
}

export function evalCommand(context: Context): Command {
  return describeCommand({
    name: "eval",
    summary: "Measure a saved model: per-example means in nats, with the data convention.",
    example: "isthmus eval m.safetensors --data mnist --split test",
  })
    .argument("<model>", "model file")
    .addOption(dataOption())
    .addOption(dataDirOption())
    .addOption(splitOption())
    .addOption(rangeOption())
    .addOption(seedOption())
    .addOption(buildOption())
    .action(reporting(context, (path: string, options: EvalOptions) => evaluateModel(context, path, options)));
}

async function evaluateModel({ console }: Context, path: string, options: EvalOptions): Promise<Report> {
  const model = await openModel(path);
  const definition = definitionOf(model);
  const dataset = await openSplit(console, options);
  requireShape(dataset, definition.config.inputShape);
  const metrics = await withEngine(options, (engine) =>
    evaluate(definition, model.parameters, dataset, { engine, seed: options.seed }),
  );
  const convention = dataConvention(definition.config);
  const json = {
    model: model.kind,
    data: dataset.name,
    split: options.split,
    items: dataset.items,
    convention,
    metrics,
  };
  return { json, lines: [`${options.split} set, ${dataset.items} items`, ...metricLines(metrics, convention)] };
}
