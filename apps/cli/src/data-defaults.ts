import { UsageError } from "@isthmus/command-line/node";
import type { Dataset } from "@isthmus/data";
import { type ModelDefinition, modelKinds } from "@isthmus/models";
import type { ModelOptions } from "./model-options.ts";

/**
 * The options of a model of `kind` with what suits the data, where the user says nothing: as many classes as there are
 * labels, for a kind that is told them; a Gaussian likelihood with one learned variance for rows of a table and for numbers
 * outside [0, 1], or a predicted one that starts where theirs are.
 *
 * @throws UsageError a likelihood of values in [0, 1] that was asked for though there are others
 */
export function withDataDefaults<O extends ModelOptions>(kind: string, options: O, train: Dataset): O {
  return withClasses(kind, isCodec(kind) ? options : withLikelihood(options, train), train);
}

/** Its distortion is the squared error, whatever the numbers are. */
function isCodec(kind: string): boolean {
  return Object.hasOwn(modelKinds.find((one) => one.kind === kind)?.fields ?? {}, "lambda");
}

/** A kind's own options are text until the kind is known. */
function withClasses<O extends ModelOptions>(kind: string, options: O, { classes }: Dataset): O {
  const own = modelKinds.find((one) => one.kind === kind)?.fields ?? {};
  const said = options as { readonly classes?: string; readonly condition?: string };
  const isToldLabels = Object.hasOwn(own, "classes") && (said.condition ?? "label") === "label";
  return classes === undefined || said.classes !== undefined || !isToldLabels
    ? options
    : { ...options, classes: String(classes) };
}

function withLikelihood<O extends ModelOptions>(options: O, train: Dataset): O {
  const [low, high] = limitsOf(train);
  const outside = low < 0 || high > 1;
  const standardised = outside || train.description?.item.kind === "table";
  const { likelihood } = options;
  if (likelihood !== undefined) {
    if (likelihood === "gaussian") return standardised ? withVariance(options, {}) : options;
    if (!outside) return options;
    const range = `${low.toPrecision(3)} to ${high.toPrecision(3)}`;
    const way = train.description ? "; --standardise range brings them there" : "";
    throw new UsageError(`--likelihood ${likelihood} takes values from 0 to 1, the training part has ${range}${way}`);
  }
  if (!standardised) return options;
  return withVariance({ ...options, likelihood: "gaussian" }, { variance: "shared", varianceValue: 1 });
}

/**
 * `otherwise` where nothing is said of the variance. A predicted one starts at 1 where nothing else is said: standardised
 * columns have that variance, of which a code takes away what it knows.
 */
function withVariance<O extends ModelOptions>(options: O, otherwise: Partial<ModelOptions>): O {
  const { variance, varianceValue } = options;
  if (varianceValue !== undefined) return options;
  if (variance === undefined) return { ...options, ...otherwise };
  return variance === "predicted" ? { ...options, varianceValue: 1 } : options;
}

/** Of the network's numbers. */
function limitsOf({ values, scale }: Dataset): [low: number, high: number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low * scale, Math.fround(high * scale)];
}

/** Refuses data without the labels that a model is told with every item, or with more kinds of labels than it knows. */
export function requireLabels({ kind, config, evaluation }: ModelDefinition, dataset: Dataset): void {
  if (!Object.hasOwn(evaluation.inputs, "label")) return;
  const { name, labels } = dataset;
  if (!labels) {
    const way = "name their column with --label-column when you train, or take folders for them with --folder-labels";
    throw new UsageError(`a ${kind} is told labels, and ${name} has none; ${way}`);
  }
  const { classes } = config as { readonly classes?: number };
  let most = 0;
  for (const label of labels) most = Math.max(most, label);
  if (classes === undefined || most < classes) return;
  throw new UsageError(`the model knows ${classes} labels, 0 to ${classes - 1}; ${name} has label ${most}`);
}
