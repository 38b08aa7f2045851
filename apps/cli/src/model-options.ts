import { FRAME_LIMITS } from "@isthmus/codec";
import { UsageError } from "@isthmus/command-line/node";
import {
  type BaseConfig,
  defaultConfig,
  defineModel,
  expectation,
  type Field,
  type GivenTrunk,
  isFieldValue,
  type ModelDefinition,
  type ModelKind,
  modelKinds,
} from "@isthmus/models";
import { type Command, Option } from "commander";
import { checkedByUser } from "./errors.ts";
import { flag, kebab, layerSizes, numberBetween, requireOnly, wholeNumber } from "./options.ts";
import { parseSchedule, SCHEDULE_HELP, scheduleText } from "./schedule-text.ts";

/** What the command line says of the model; what is not said is undefined, and the kind decides. */
export interface ModelOptions {
  readonly hidden?: readonly number[];
  readonly channels?: readonly number[];
  readonly kernel?: number;
  readonly convStride?: number;
  readonly activation?: string;
  readonly decoderHidden?: readonly number[];
  readonly decoderChannels?: readonly number[];
  readonly latent?: number;
  readonly likelihood?: string;
  readonly variance?: string;
  readonly varianceValue?: number;
  readonly levels?: number;
  readonly logistics?: number;
  readonly binarize?: string;
}

const SIZES = "such as 400 or 512,256; none for none";

/** Adds the options that every kind has, and each kind's own from the fields it is described by. */
export function addModelOptions(command: Command): Command {
  const choice = (flags: string, what: string, choices: readonly string[]): Option =>
    new Option(flags, what).choices([...choices]);
  command
    .option("--hidden <sizes>", `units of the hidden layers, ${SIZES}`, layerSizes)
    .option("--channels <sizes>", "convolutions before them, such as 32,64; none for none", layerSizes)
    .option("--kernel <n>", "rows and columns of each filter (default: 4)", wholeNumber(1, 99))
    .option("--conv-stride <n>", "of each convolution (default: 2)", wholeNumber(1, 99))
    .addOption(choice("--activation <name>", "of the hidden layers", ["relu", "tanh", "sigmoid", "softplus"]))
    .option("--decoder-hidden <sizes>", "the decoder's, as an encoder's (default: the same, mirrored)", layerSizes)
    .option("--decoder-channels <sizes>", "the decoder's, as an encoder's (default: the same, mirrored)", layerSizes)
    .option("--latent <n>", "latent dimensions", wholeNumber(1, FRAME_LIMITS.dims))
    .addOption(choice("--likelihood <name>", "p(x|z)", Object.keys(LIKELIHOODS)))
    .addOption(
      choice(
        "--variance <how>",
        "gaussian: fixed, learned, or of the decoder (default: fixed)",
        Object.keys(VARIANCES),
      ),
    )
    .option(
      "--variance-value <x>",
      "gaussian: the variance, or where it starts (default: 0.01)",
      numberBetween(1e-12, 1e12),
    )
    .option("--levels <n>", "of logistics: values from 0 to 1 (default: 256)", wholeNumber(2, 65_536))
    .option("--logistics <n>", "logistic-mixture: how many for each feature (default: 3)", wholeNumber(1, 16))
    .addOption(choice("--binarize <how>", "what the likelihood sees of pixels", ["none", "dynamic", "threshold"]));
  for (const [name, fields] of ownFields()) command.addOption(ownOption(name, fields));
  return command;
}

const LIKELIHOODS = {
  bernoulli: "bernoulli",
  gaussian: "gaussian",
  "discretised-logistic": "discretisedLogistic",
  "logistic-mixture": "logisticMixture",
};
const VARIANCES = { fixed: "fixed", shared: "shared", "per-feature": "perFeature", predicted: "predicted" };

/** The kinds with what they start from, for `train --help`. */
export function kindLines(): string[] {
  const width = Math.max(...modelKinds.map(({ kind }) => kind.length));
  const line = (model: ModelKind): string => {
    const { kind, summary } = model;
    const { trunk, latent, likelihood: p } = defaultConfig(model);
    const channels = trunk.kind === "conv" ? `channels ${trunk.channels.join("-")}, ` : "";
    const hidden = trunk.hidden.length > 0 ? `hidden ${trunk.hidden.join("-")}, ` : "";
    return `  ${kind.padEnd(width)}  ${summary}; ${channels}${hidden}code ${latent}, ${kebab(p.kind)}`;
  };
  return [
    "Kinds, with the sizes and the likelihood that each starts from:",
    ...modelKinds.map(line),
    "",
    ...SCHEDULE_HELP,
    "",
  ];
}

/**
 * The configuration of a model of `kind` for items of `shape`.
 *
 * @throws UsageError an option that the kind does not have, that does not go with the others, or has a bad value
 */
function modelConfigOf(kind: string, options: ModelOptions, shape: readonly number[]): object {
  const start = defaultConfig(modelKinds.find((one) => one.kind === kind)!);
  const { latent, binarize } = options;
  return {
    inputShape: shape,
    ...trunks(options, start),
    ...(latent !== undefined && { latent }),
    ...likelihood(options, start),
    ...(binarize !== undefined && { binarize }),
    ...own(kind, options),
  };
}

/** The model of `kind`; what is wrong with its configuration is the user's to mend. */
export function modelOf(kind: string, options: ModelOptions, shape: readonly number[]): ModelDefinition {
  return checkedByUser(() => defineModel(kind, modelConfigOf(kind, options, shape)));
}

function trunks(options: ModelOptions, { trunk: start, decoder: other }: BaseConfig): object {
  const { hidden, channels, decoderHidden, decoderChannels } = options;
  const trunk = trunkOf(start, options, hidden, channels);
  if (!other && decoderHidden === undefined && decoderChannels === undefined) return { trunk };
  return { trunk, decoder: trunkOf(other ?? trunk, options, decoderHidden, decoderChannels) };
}

/** `start` with other layers, and with what is said of the filters and the activation. */
function trunkOf(
  start: GivenTrunk,
  { kernel, convStride, activation }: ModelOptions,
  hidden?: readonly number[],
  channels?: readonly number[],
): GivenTrunk {
  const layers = defined({ hidden: hidden ?? start.hidden, activation: activation ?? start.activation });
  const filters = defined({ kernel, stride: convStride });
  const images = channels ?? (start.kind === "conv" ? start.channels : undefined) ?? [];
  if (images.length > 0) {
    return { ...(start.kind === "conv" && start), kind: "conv", channels: images, ...filters, ...layers };
  }
  const strange = kernel !== undefined ? "kernel" : convStride !== undefined ? "convStride" : undefined;
  if (strange !== undefined) throw new UsageError(`${flag(strange)} goes with --channels only`);
  return { kind: "dense", ...layers };
}

function likelihood(options: ModelOptions, { likelihood: start }: BaseConfig): object {
  const { variance, varianceValue: value, levels, logistics } = options;
  const kind =
    options.likelihood === undefined ? start.kind : LIKELIHOODS[options.likelihood as keyof typeof LIKELIHOODS];
  requireOnly(kind === "gaussian", options, ["variance", "varianceValue"], "--likelihood gaussian");
  const isDiscrete = kind === "discretisedLogistic" || kind === "logisticMixture";
  requireOnly(isDiscrete, options, ["levels"], "--likelihood discretised-logistic or logistic-mixture");
  requireOnly(kind === "logisticMixture", options, ["logistics"], "--likelihood logistic-mixture");
  const told = defined({
    variance: variance && VARIANCES[variance as keyof typeof VARIANCES],
    value,
    levels,
    logistics,
  });
  return { likelihood: { ...(start.kind === kind && start), kind, ...told } };
}

/** What of `values` is there. */
function defined(values: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

interface OwnField {
  readonly kind: string;
  readonly field: Field;
}

/** Fields that kinds add, by name; kinds may share one. */
function ownFields(): Map<string, OwnField[]> {
  const all = modelKinds.flatMap(({ kind, fields }: ModelKind) =>
    Object.entries(fields).map(([name, field]) => [name, { kind, field }] as const),
  );
  const byName = new Map<string, OwnField[]>();
  for (const [name, own] of all) byName.set(name, [...(byName.get(name) ?? []), own]);
  return byName;
}

/** Its value stays text until the kind is known, which says what is expected. */
function ownOption(name: string, fields: readonly OwnField[]): Option {
  const [{ field }] = fields as [OwnField];
  const starts = fields.map(({ kind, field: { default: value } }) => `${kind}: ${shown(value)}`);
  return new Option(`${flag(name)} <${placeholder(field)}>`, `${field.what} (${starts.join(", ")})`);
}

function placeholder(field: Field): string {
  if (field.kind === "flag") return "on|off";
  if (field.kind === "choice") return field.choices.map(kebab).join("|");
  if (field.kind === "schedule") return "x|schedule";
  return field.kind === "integer" ? "n" : "x";
}

function shown(value: Field["default"]): string {
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value === "object") return scheduleText(value);
  return kebab(String(value));
}

/** The kind's own fields that were said. */
function own(kind: string, options: ModelOptions): object {
  const said = options as Readonly<Record<string, unknown>>;
  const entries = [...ownFields()].flatMap(([name, fields]) => {
    const text = said[name];
    if (typeof text !== "string") return [];
    const mine = fields.find((one) => one.kind === kind);
    if (!mine) throw new UsageError(`${flag(name)} goes with ${fields.map((one) => one.kind).join(" and ")} only`);
    requireMeant(name, mine, said);
    return [[name, parsed(name, mine.field, text)]];
  });
  return Object.fromEntries(entries);
}

/** Refuses what another field's value, said or the kind's own, gives no meaning. */
function requireMeant(
  name: string,
  { kind, field: { onlyWith } }: OwnField,
  said: Readonly<Record<string, unknown>>,
): void {
  if (!onlyWith) return;
  const { fields } = modelKinds.find((one) => one.kind === kind)!;
  if ((said[onlyWith.field] ?? kebab(String(fields[onlyWith.field]!.default))) === kebab(onlyWith.value)) return;
  throw new UsageError(`${flag(name)} of ${kind} goes with ${flag(onlyWith.field)} ${kebab(onlyWith.value)} only`);
}

function parsed(name: string, field: Field, text: string): unknown {
  const value = valueOf(field, text);
  if (isFieldValue(field, value)) return value;
  const wanted = field.kind === "flag" ? "on or off" : kebab(expectation(field));
  throw new UsageError(`${flag(name)} expected ${wanted}, got ${JSON.stringify(text)}`);
}

function valueOf(field: Field, text: string): unknown {
  if (field.kind === "flag") return text === "on" ? true : text === "off" ? false : undefined;
  if (field.kind === "choice") return field.choices.find((one) => kebab(one) === text);
  if (field.kind === "schedule") return parseSchedule(text);
  return text.trim() === "" ? undefined : Number(text);
}
