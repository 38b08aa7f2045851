import { UsageError } from "@isthmus/command-line/node";
import { readFileSync } from "node:fs";

/** Where a secret comes from: one of these, or none. Files are read again each time, so that a secret can be changed. */
export interface Secret {
  readonly value?: string;
  readonly file?: string;
  readonly env?: string;
}

/** @throws UsageError a file that cannot be read, a variable that is not set, or nothing in either */
export function readSecret({ value, file, env }: Secret): string | undefined {
  if (value !== undefined) return value;
  if (env !== undefined) return required(process.env[env], `the environment has no ${env}`);
  return file === undefined ? undefined : required(contentOf(file), `${file} is empty`);
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as Error).message}`, { cause: error });
  }
}

function required(text: string | undefined, otherwise: string): string {
  if (text) return text;
  throw new UsageError(otherwise);
}
