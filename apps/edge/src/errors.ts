import { IsthmusError } from "@isthmus/math";

/** Something the user can put right; shown as one line, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What an error is to the shell: 2 and one line for the user's to mend, 1 and a stack for a bug. */
export function describeFailure(error: unknown): { readonly exitCode: number; readonly text: string } {
  if (error instanceof IsthmusError)
    return { exitCode: 2, text: `isthmus-edge: ${oneLine(error.message)} [${error.code}]` };
  if (error instanceof UsageError || isSystemError(error)) {
    return { exitCode: 2, text: `isthmus-edge: ${oneLine((error as Error).message)}` };
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exitCode: 1, text: `isthmus-edge: this is a bug, please report it\n${stack}` };
}

/** Whether it came from outside, such as a disk or a file, and may be better at the next try. */
export function isOutside(error: unknown): error is Error {
  return error instanceof IsthmusError || error instanceof UsageError || isSystemError(error);
}

/** Whether the system refused a file, a socket or the like. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && "code" in error;
}

export function oneLine(message: string): string {
  return message.replaceAll(/\s*\n\s*/g, " ");
}
