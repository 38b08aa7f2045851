import { UsageError } from "@isthmus/command-line/node";
import type { SpritesOptions } from "@isthmus/data";
import { type Command, InvalidArgumentError, Option } from "commander";
import { grouped } from "./console.ts";
import { ENGINES } from "./engines.ts";

/** Parsers for option values; each names what it expected, commander adds the option and what it got. */
export function wholeNumber(least: number, most: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isInteger(value) || value < least) {
      throw new InvalidArgumentError(`expected a whole number of at least ${least}.`);
    }
    if (value > most) throw new InvalidArgumentError(`expected a whole number of at most ${grouped(most)}.`);
    return value;
  };
}

export function numberBetween(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= least && value <= most)) {
      throw new InvalidArgumentError(`expected a number from ${least} to ${most}.`);
    }
    return value;
  };
}

/** `400` or `512,256`; `none` for no hidden layer. */
export function layerSizes(text: string): number[] {
  if (text === "none") return [];
  return text.split(",").map(wholeNumber(1));
}

/** `--clip-norm` for `clipNorm`. */
export function flag(name: string): string {
  return `--${kebab(name)}`;
}

/** `salt-and-pepper` for `saltAndPepper`. */
export function kebab(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Refuses options that mean something only `where`. */
export function requireOnly<O>(holds: boolean, options: O, names: readonly (keyof O & string)[], where: string): void {
  const strange = holds ? undefined : names.find((name) => options[name] !== undefined);
  if (strange !== undefined) throw new UsageError(`${flag(strange)} goes with ${where} only`);
}

/** The options that the user gave, without those that have their default. */
export function given<O extends object>(command: Command, options: O): Partial<O> {
  const isGiven = ([name]: [string, unknown]): boolean => command.getOptionValueSource(name) !== "default";
  return Object.fromEntries(Object.entries(options).filter(isGiven)) as Partial<O>;
}

/** Data sets that have a name; everything else is a file or a folder. */
export const NAMED = ["mnist", "synthetic", "sprites", "cifar10"] as const;
export type Named = (typeof NAMED)[number];

export function isNamed(data: string): data is Named {
  return NAMED.includes(data as Named);
}

/** What any command may say of the data it reads; what is not said is undefined. */
export interface DataOptions {
  readonly data: string;
  readonly dataDir?: string;
  readonly delimiter?: string;
  /** False where `--no-header` is said. */
  readonly header?: boolean;
  readonly stride?: number;
  readonly testShare?: number;
  readonly imageSize?: ImageSize;
  readonly factors?: SpritesOptions["counts"];
}

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

export type Split = "train" | "test" | "all";

export interface PartOptions extends DataOptions {
  readonly split: Split;
  readonly range?: string;
}

export const dataOption = (): Option =>
  new Option("--data <what>", `${NAMED.join(", ")}, a .csv, .npy or IDX file, or a folder of pictures`).default(
    "mnist",
  );
export const dataDirOption = (): Option =>
  new Option("--data-dir <folder>", "folder with the files of mnist or cifar10, or with a folder of them in it").env(
    "ISTHMUS_DATA",
  );
export const splitOption = (): Option =>
  new Option("--split <name>", "which part").choices(["train", "test", "all"]).default("test");
/** Of commands that take all of a file or folder unless a part is named. */
export const splitOfAll = (): Option =>
  new Option("--split <name>", "which part (default: all of a file or folder, else test)").choices([
    "train",
    "test",
    "all",
  ]);
export const rangeOption = (): Option => new Option("--range <from:to>", "only these items, such as 0:100");
export const seedOption = (): Option =>
  new Option("--seed <n>", "seed of everything random").argParser(wholeNumber(0)).default(1);
export const jsonOption = (): Option => new Option("--json", "print one JSON object and nothing else on stdout");
export const engineOption = (): Option =>
  new Option(
    "--engine <name>",
    "what computes: our own kernels (the default), TensorFlow.js, whose backends are installed beside the command, or whichever is fastest here",
  )
    .choices(ENGINES)
    .env("ISTHMUS_ENGINE");
export const buildOption = (): Option =>
  new Option(
    "--build <name>",
    "kernel build: simd128 gives the same bits on every machine, relaxed is faster where it runs",
  )
    .choices(["auto", "simd128", "relaxed"])
    .default("auto");
export const threadsOption = (): Option =>
  new Option("--threads <n>", "threads that share the work, or auto for one per core; the result is the same")
    .argParser((text: string): number | "auto" => (text === "auto" ? text : wholeNumber(1, 64)(text)))
    .default(1);
export const outOption = (what: string): Option => new Option("-o, --out <file>", what).makeOptionMandatory();
