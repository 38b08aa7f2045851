import { UsageError } from "@isthmus/command-line/node";
import {
  type ImageFit,
  type MissingPolicy,
  type Standardisation,
  SPRITE_FACTORS,
  type SpriteFactor,
} from "@isthmus/data";
import { type Command, InvalidArgumentError, Option } from "commander";
import {
  dataDirOption,
  dataOption,
  type DataOptions,
  flag,
  type ImageSize,
  numberBetween,
  rangeOption,
  splitOption,
  wholeNumber,
} from "./options.ts";

/** What only training says: a model file keeps it. */
export interface TrainDataOptions extends DataOptions {
  readonly columns?: readonly string[];
  readonly labelColumn?: string;
  readonly categorical?: readonly string[];
  readonly missing?: MissingPolicy;
  readonly standardise?: Standardisation;
  readonly window?: number;
  readonly imageFit?: ImageFit;
  readonly grey?: boolean;
  readonly folderLabels?: boolean;
}

/** Adds `--data` and what says how a file of the user's is read. */
function addDataOptions(command: Command): Command {
  return command
    .addOption(dataOption())
    .addOption(dataDirOption())
    .option("--delimiter <char>", "CSV: between fields; tab for a tab (default: a comma)", delimiter)
    .option("--no-header", "CSV: the first line is data; columns are called 1, 2, ...")
    .option("--stride <n>", "with --window: rows from one window to the next (default: the window)", wholeNumber(1))
    .option("--test-share <x>", "share held out for testing where the data have no test set (default: 0.1)", testShare)
    .option("--image-size <n|WxH>", "folder: scale pictures to so many pixels; sprites: 32 or 64", imageSize)
    .option("--factors <list>", "sprites: how many values factors take, such as x=16,y=16,rotation=1", factors);
}

/** `--data` for a command that reads a part of it with a model. */
export function addPartOptions(command: Command, split: Option = splitOption()): Command {
  return addDataOptions(command).addOption(split).addOption(rangeOption());
}

/** `--data` for training. */
export function addTrainDataOptions(command: Command): Command {
  return addDataOptions(command)
    .option("--columns <names>", "CSV: only these columns, such as time,temp", names)
    .option("--label-column <name>", "CSV: the column that is the label and no feature")
    .option("--categorical <names>", "CSV: columns of categories, one feature for each category", names)
    .addOption(
      new Option(
        "--missing <how>",
        "what is done about missing values: refuse them, fill in the column's mean (the most frequent category), drop the row (default: refuse)",
      ).choices(["refuse", "mean", "drop"]),
    )
    .addOption(
      new Option(
        "--standardise <how>",
        "numbers to mean 0 and deviation 1, to the range [0, 1], or not at all (default: mean; range for arrays of images)",
      ).choices(["mean", "range", "none"]),
    )
    .option("--window <n>", "the rows are a series: an item is so many of them", wholeNumber(1, 1_000_000))
    .addOption(
      new Option("--image-fit <how>", "folder: crop, stretch or pad pictures of another shape (default: crop)").choices(
        ["crop", "stretch", "pad"],
      ),
    )
    .option("--grey", "folder: one channel instead of three")
    .option("--folder-labels", "folder: the names of the folders in it are the labels");
}

type What = "csv" | "array" | "folder" | "sprites" | "other";
const WHERE: Readonly<Record<What, string>> = {
  csv: "CSV files",
  array: "NPY and IDX files",
  folder: "folders of pictures",
  sprites: "sprites",
  other: "",
};
const GOES_WITH: Readonly<Partial<Record<keyof TrainDataOptions, readonly What[]>>> = {
  delimiter: ["csv"],
  columns: ["csv"],
  labelColumn: ["csv"],
  categorical: ["csv"],
  missing: ["csv", "array"],
  standardise: ["csv", "array"],
  window: ["csv", "array"],
  stride: ["csv", "array"],
  testShare: ["csv", "array", "folder", "sprites"],
  imageSize: ["folder", "sprites"],
  imageFit: ["folder"],
  grey: ["folder"],
  folderLabels: ["folder"],
  factors: ["sprites"],
};

/** Refuses options that mean nothing for the data that were named. */
export function requireOptionsOf(what: What, options: TrainDataOptions): void {
  if (options.header === false && what !== "csv") throw new UsageError("--no-header goes with CSV files only");
  for (const [name, kinds] of Object.entries(GOES_WITH)) {
    if (options[name as keyof TrainDataOptions] === undefined || kinds.includes(what)) continue;
    throw new UsageError(`${flag(name)} goes with ${kinds.map((kind) => WHERE[kind]).join(", ")} only`);
  }
}

function delimiter(text: string): string {
  if (text === "tab" || text === "\\t") return "\t";
  if (text.length === 1 && !/["\r\n]/.test(text)) return text;
  throw new InvalidArgumentError("expected one character, or tab.");
}

/** Names with commas between them; one that has a comma stands in quotation marks. */
function names(text: string): string[] {
  const field = /\s*(?:"((?:[^"]|"")+)"|([^",]+?))\s*(?:,|$)/y;
  const found: string[] = [];
  while (field.lastIndex < text.length) {
    const match = field.exec(text);
    if (!match) break;
    found.push(match[1]?.replaceAll('""', '"') ?? match[2]!);
  }
  const whole = field.lastIndex === text.length && text !== "" && !text.endsWith(",");
  if (whole && new Set(found).size === found.length) return found;
  throw new InvalidArgumentError("expected names with commas between them, none twice.");
}

const testShare = numberBetween(0.001, 0.9);

/** `32`, or `48x32`. */
function imageSize(text: string): ImageSize {
  const [width, height = width, ...rest] = text.split("x").map(wholeNumber(1, 4096));
  if (width !== undefined && height !== undefined && rest.length === 0) return { width, height };
  throw new InvalidArgumentError("expected pixels, such as 32 or 48x32.");
}

/** `x=16,y=16`. */
function factors(text: string): Partial<Record<SpriteFactor, number>> {
  const entries = text.split(",").map((part) => {
    const [name = "", count = ""] = part.split("=");
    if (SPRITE_FACTORS.includes(name as SpriteFactor)) return [name, wholeNumber(1, 1000)(count)] as const;
    throw new InvalidArgumentError(`expected factors among ${SPRITE_FACTORS.join(", ")}, such as x=16,size=1.`);
  });
  return Object.fromEntries(entries);
}
