import { InvalidArgumentError, Option } from "commander";

/** Parsers for option values; each names what it expected, commander adds the option and what it got. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`expected a whole number of at least ${least}.`);
    }
    return value;
  };
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value > 0 && value < Infinity)) throw new InvalidArgumentError("expected a positive number.");
  return value;
}

/** `400` or `512,256`; `none` for no hidden layer. */
export function layerSizes(text: string): number[] {
  if (text === "none") return [];
  return text.split(",").map(wholeNumber(1));
}

export interface DataOptions {
  readonly data: string;
  readonly dataDir?: string;
}

export const dataOption = (): Option =>
  new Option("--data <name>", "which data").choices(["mnist", "synthetic"]).default("mnist");
export const dataDirOption = (): Option =>
  new Option("--data-dir <folder>", "folder with the files, or with a mnist/ folder in it").env("ISTHMUS_DATA");
export const splitOption = (): Option => new Option("--split <name>", "which part").choices(["train", "test"]).default("test");
export const rangeOption = (): Option => new Option("--range <from:to>", "only these items, such as 0:100");
export const seedOption = (): Option => new Option("--seed <n>", "64-bit seed of everything random").argParser(wholeNumber(0)).default(1);
export const jsonOption = (): Option => new Option("--json", "print one JSON object and nothing else on stdout");
export const buildOption = (): Option =>
  new Option("--build <name>", "kernel build: simd128 gives the same bits on every machine, relaxed is faster where it runs")
    .choices(["auto", "simd128", "relaxed"])
    .default("auto");
export const outOption = (what: string): Option => new Option("-o, --out <file>", what).makeOptionMandatory();
