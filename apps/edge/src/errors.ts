import { type Failure, oneLine, UsageError } from "@isthmus/command-line/node";
import { IsthmusError } from "@isthmus/math";

/** What an error of the system is to the shell: the user's to mend. */
export function explainSystem(error: unknown): Failure | undefined {
  return isSystemError(error) ? { exitCode: 2, message: oneLine(error.message) } : undefined;
}

/** Whether it came from outside, such as a disk or a file, and may be better at the next try. */
export function isOutside(error: unknown): error is Error {
  return error instanceof IsthmusError || error instanceof UsageError || isSystemError(error);
}

/** Whether the system refused a file, a socket or the like. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && "code" in error;
}
