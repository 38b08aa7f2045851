import { type Failure, UsageError } from "@isthmus/command-line/node";
import { IsthmusError } from "@isthmus/math";

/** Runs `body`; a `RangeError` or `TypeError` it throws about an argument of the user's becomes a `UsageError`. */
export function checkedByUser<R>(body: () => R): R {
  try {
    return body();
  } catch (error) {
    throw usageOf(error);
  }
}

/** The same of what takes its time. */
export async function checkedByUserAsync<R>(body: () => Promise<R>): Promise<R> {
  try {
    return await body();
  } catch (error) {
    throw usageOf(error);
  }
}

function usageOf(error: unknown): unknown {
  const isUsers = error instanceof RangeError || error instanceof TypeError;
  return isUsers ? new UsageError(error.message, { cause: error }) : error;
}

/** Runs `body`; what it finds wrong with the bytes of a file is told with the file's name. */
export function namingFile<R>(path: string, body: () => R): R {
  try {
    return body();
  } catch (error) {
    throw named(path, error);
  }
}

/** The same of what takes its time. */
export async function namingFileAsync<R>(path: string, body: () => Promise<R>): Promise<R> {
  try {
    return await body();
  } catch (error) {
    throw named(path, error);
  }
}

function named(path: string, error: unknown): unknown {
  if (!(error instanceof IsthmusError) || error.message.includes(path)) return error;
  return new IsthmusError(error.code, `${path}: ${error.message}`, error.details, { cause: error });
}

/** What else the user can mend, 2, and an interrupt, 130, are to the shell. */
export function explainFailure(error: unknown): Failure | undefined {
  if (error instanceof Interrupted) return { exitCode: 130, message: error.message };
  if (isMemoryShortage(error)) return { exitCode: 2, message: "not enough memory for this; take fewer items" };
  return undefined;
}

/** Control-C: not an error, but not the whole job either. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** V8 has no class for it. */
function isMemoryShortage(error: unknown): boolean {
  return error instanceof RangeError && error.message === "Array buffer allocation failed";
}
