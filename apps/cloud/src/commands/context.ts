import { InvalidArgumentError } from "commander";

/** Where a command speaks, and what it is told to end by. */
export interface Context {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  once(event: NodeJS.Signals, listener: () => void): unknown;
}

/** A parser of whole numbers from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`expected a whole number ${least} to ${most}`);
  };
}
