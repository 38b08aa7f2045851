import { UsageError } from "@isthmus/command-line/node";
import type { Dataset } from "@isthmus/data";
import { writeFileAtomic } from "@isthmus/data/node";
import { areaUnderRoc } from "@isthmus/math";
import { dataConvention, evaluateItems, type ItemMetrics } from "@isthmus/train";
import { type Command, InvalidArgumentError, Option } from "commander";
import { extname } from "node:path";
import { grouped, type Report } from "../console.ts";
import { requireLabels } from "../data-defaults.ts";
import { addPartOptions } from "../data-options.ts";
import { openSplit } from "../datasets.ts";
import { type EngineChoice, toRun, withEngine } from "../engines.ts";
import { definitionOf, openModel } from "../model-files.ts";
import { buildOption, engineOption, outOption, type PartOptions, wholeNumber } from "../options.ts";
import { requireWritable } from "../outputs.ts";
import { type Context, describeCommand, reporting } from "./command.ts";
import { trainingSeed } from "./eval.ts";

interface ScoreOptions extends PartOptions {
  readonly anomalies?: readonly number[];
  readonly seed?: number;
  readonly engine?: EngineChoice;
  readonly build: string;
  readonly out: string;
}

export function scoreCommand(context: Context): Command {
  const command = describeCommand({
    name: "score",
    summary:
      "Score items one by one: reconstruction error, negative ELBO and its parts, to .csv or .json. With the labels of anomalies, how well each score finds them (area under the ROC curve, ties counting half).",
    examples: ["isthmus score m.safetensors --data mnist --anomalies 4,9 -o scores.csv"],
  }).argument("<model>", "model file");
  return addPartOptions(command)
    .option(
      "--anomalies <labels>",
      "labels that are anomalies, such as 4,9 (default: 1 where there are only 0 and 1)",
      labels,
    )
    .addOption(
      new Option("--seed <n>", "seed of the noise (default: the seed of the training)").argParser(wholeNumber(0)),
    )
    .addOption(engineOption())
    .addOption(buildOption())
    .addOption(outOption("scores.csv, or scores.json"))
    .action(reporting(context, (path: string, options: ScoreOptions) => score(context, path, options)));
}

/** `4,9`. */
function labels(text: string): number[] {
  const parts = text.split(",");
  if (parts.some((part) => part.trim() === "")) throw new InvalidArgumentError("expected labels such as 4,9.");
  return parts.map(wholeNumber(0));
}

async function score({ console }: Context, path: string, options: ScoreOptions): Promise<Report> {
  const { out } = options;
  const model = await openModel(path);
  const definition = definitionOf(model);
  const ending = extname(out).toLowerCase();
  if (ending !== ".csv" && ending !== ".json") {
    throw new UsageError(`--out expected a name ending in .csv or .json, got ${out}`);
  }
  await requireWritable(out, [path]);
  const shape = definition.config.inputShape;
  const dataset = await openSplit(console, options, { ...model, shape });
  requireLabels(definition, dataset);
  const positive = anomaliesOf(dataset, options.anomalies);
  const seed = options.seed ?? trainingSeed(model);
  const scores = await withEngine(
    options,
    (engine) => evaluateItems(definition, model.parameters, dataset, { engine, seed }),
    toRun("the evaluation", definition.evaluation, console),
  );
  const convention = dataConvention(definition.config, dataset.description);
  const summary = {
    model: model.kind,
    data: dataset.name,
    split: options.split,
    items: dataset.items,
    seed,
    means: Object.fromEntries(Object.entries(scores).map(([name, values]) => [name, mean(values)])),
    ...(positive && { anomalies: positive.filter(Boolean).length, auc: areas(scores, positive) }),
    convention,
  };
  const table = ending === ".csv" ? csv(scores, dataset, positive) : json(summary, scores, dataset);
  await writeFileAtomic(out, new TextEncoder().encode(table));
  return { json: { ...summary, out }, lines: lines(summary, out) };
}

/** Which items are anomalies, where labels say so. */
function anomaliesOf({ labels: known, name }: Dataset, asked?: readonly number[]): boolean[] | undefined {
  if (!known) {
    if (asked) throw new UsageError(`--anomalies needs labels, and ${name} has none`);
    return undefined;
  }
  const present = new Set(known);
  const anomalies = asked ?? (present.size === 2 && present.has(0) && present.has(1) ? [1] : undefined);
  if (!anomalies) return undefined;
  const positive = Array.from(known, (label) => anomalies.includes(label));
  if (new Set(positive).size === 2) return positive;
  const which = positive[0] ? "every item is one" : "no item has such a label";
  throw new UsageError(`--anomalies ${anomalies.join(",")}: ${which}, so that there is nothing to tell apart`);
}

function areas(scores: ItemMetrics, positive: readonly boolean[]): Record<string, number> {
  return Object.fromEntries(Object.entries(scores).map(([name, values]) => [name, areaUnderRoc(values, positive)]));
}

/** A line an item: its number in what was read, its label, its scores. */
function csv(scores: ItemMetrics, { items, labels: known }: Dataset, positive: readonly boolean[] | undefined): string {
  const head = ["item", ...(known ? ["label"] : []), ...(positive ? ["anomaly"] : []), ...Object.keys(scores)];
  const rows = Array.from({ length: items }, (_, item) => [
    item,
    ...(known ? [known[item]] : []),
    ...(positive ? [positive[item] ? 1 : 0] : []),
    ...Object.values(scores).map((values) => digits(values[item]!)),
  ]);
  return [head, ...rows].map((row) => `${row.join(",")}\n`).join("");
}

/** As many digits as a float32 has. */
function digits(value: number): number {
  return Number(value.toPrecision(9));
}

function json(summary: object, scores: ItemMetrics, { labels: known }: Dataset): string {
  const columns = Object.fromEntries(
    Object.entries(scores).map(([name, values]) => [name, Array.from(values, digits)]),
  );
  return `${JSON.stringify({ ...summary, ...(known && { labels: Array.from(known) }), scores: columns })}\n`;
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

interface Summary {
  readonly items: number;
  readonly data: string;
  readonly split: string;
  readonly means: Readonly<Record<string, number>>;
  readonly anomalies?: number;
  readonly auc?: Readonly<Record<string, number>>;
  readonly convention: string;
}

function lines({ items, data, split, means, anomalies, auc, convention }: Summary, out: string): string[] {
  const width = Math.max(...Object.keys(means).map((name) => name.length));
  const line = ([name, value]: [string, number]) => {
    const area = auc ? `   AUC ${auc[name]!.toFixed(4)}` : "";
    return `${name.padEnd(width)}  mean ${value.toFixed(3)}${area}`;
  };
  const count = anomalies === undefined ? "" : `, ${grouped(anomalies)} of them anomalies`;
  return [
    `${split} set (${data}, ${grouped(items)} items${count})`,
    ...Object.entries(means).map(line),
    `data convention: ${convention}`,
    `-> ${out}`,
  ];
}
