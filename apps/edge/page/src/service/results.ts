/** What a service answered to a body of parcels, as docs/protocol.md has it. */

export interface Result {
  readonly device?: string;
  readonly sequence?: number;
  readonly offset?: number;
  readonly status: "stored" | "duplicate" | "refused";
  readonly reason?: string;
  readonly detail?: string;
  readonly model?: string;
  readonly next?: number;
}

export interface Answer {
  readonly results: readonly Result[];
  /** Why the body as a whole was refused, e.g. `overloaded`. */
  readonly reason?: string;
  readonly detail?: string;
}

const PROBLEM = "urn:isthmus:problem:";

/** What an answer's body says; nothing where it is none of a service's. */
export function readAnswer(body: unknown): Answer {
  if (typeof body !== "object" || body === null) return { results: [] };
  const { results, type, detail } = body as Readonly<Record<string, unknown>>;
  return {
    results: Array.isArray(results) ? results.filter(isResult) : [],
    ...(typeof type === "string" && type.startsWith(PROBLEM) && { reason: type.slice(PROBLEM.length) }),
    ...(typeof detail === "string" && { detail }),
  };
}

function isResult(value: unknown): value is Result {
  const { status } = (value ?? {}) as Partial<Result>;
  return status === "stored" || status === "duplicate" || status === "refused";
}
