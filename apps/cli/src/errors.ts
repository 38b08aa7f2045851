import { IsthmusError } from "@isthmus/math";

/** Something the user can put right; shown as one line, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

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

/** What an error is to the shell: 2 and one line for the user's to mend, 130 for an interrupt, 1 and a stack for a bug. */
export function describeFailure(error: unknown): { exitCode: number; text: string } {
  if (error instanceof UsageError) return { exitCode: 2, text: `isthmus: ${oneLine(error.message)}` };
  if (error instanceof IsthmusError) return { exitCode: 2, text: `isthmus: ${oneLine(error.message)} [${error.code}]` };
  if (error instanceof Interrupted) return { exitCode: 130, text: `isthmus: ${error.message}` };
  if (isMemoryShortage(error)) return { exitCode: 2, text: "isthmus: not enough memory for this; take fewer items" };
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exitCode: 1, text: `isthmus: this is a bug, please report it\n${stack}` };
}

/** Control-C: not an error, but not the whole job either. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** V8 has no class for it. */
function isMemoryShortage(error: unknown): boolean {
  return error instanceof RangeError && error.message === "Array buffer allocation failed";
}

function oneLine(message: string): string {
  return message.replaceAll(/\s*\n\s*/g, " ");
}
