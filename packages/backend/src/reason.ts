import { IsthmusError } from "@isthmus/math";

/** Why something is not there, or was not taken. */
export interface Reason {
  /** Stable, for programs: `TFJS_MISSING`, `THREADS_NOT_ISOLATED`, `BACKEND_SLOWER`, ... */
  readonly code: string;
  /** For people: what is missing, and what to do about it. */
  readonly message: string;
}

/** What an engine said when it could not be had; `code` stands in where the error has none of its own. */
export function reasonOf(error: unknown, code: string): Reason {
  if (error instanceof IsthmusError) return { code: error.code, message: error.message };
  return { code, message: error instanceof Error ? error.message : String(error) };
}

/** Whether something is there; where not, why. */
export interface Finding {
  readonly available: boolean;
  readonly reason?: Reason;
}

export function lacking(code: string, message: string): Finding {
  return { available: false, reason: { code, message } };
}
