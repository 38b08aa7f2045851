import { IsthmusError } from "@isthmus/math";
import { oneLine } from "./one-line.ts";
import { UsageError } from "./usage-error.ts";

/** What an error is to the shell, and the line for the user. */
export interface Failure {
  readonly exitCode: number;
  readonly message: string;
}

/** What the user can mend; undefined of anything else. */
export function mendable(error: unknown): Failure | undefined {
  if (error instanceof UsageError) return { exitCode: 2, message: oneLine(error.message) };
  if (error instanceof IsthmusError) return { exitCode: 2, message: `${oneLine(error.message)} [${error.code}]` };
  return undefined;
}

/** Anything else: with its stack, as only its author can mend it. */
export function bug(error: unknown): Failure {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exitCode: 1, message: `this is a bug, please report it\n${stack}` };
}
