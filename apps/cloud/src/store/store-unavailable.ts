import { IsthmusError } from "@isthmus/math";

/** The error for a database that cannot be reached, or does not do what it should. */
export function storeUnavailable(what: string, cause?: unknown): IsthmusError {
  const reason = cause instanceof Error ? `: ${cause.message}` : "";
  return new IsthmusError("STORE_UNAVAILABLE", `${what}${reason}`, {}, { cause });
}
