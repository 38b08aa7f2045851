import { IsthmusError } from "@isthmus/math";
import type { RefusalReason, Refused, Result } from "./ingest/result.ts";

/** What a request can fail by: what parcels are refused for, and what else HTTP knows. */
export type ProblemKind =
  | RefusalReason
  | "invalid-request"
  | "forbidden"
  | "not-found"
  | "method-not-allowed"
  | "not-acceptable"
  | "timeout"
  | "invalid-model"
  | "internal";

interface Kind {
  readonly status: number;
  readonly title: string;
}

export const PROBLEMS: Readonly<Record<ProblemKind, Kind>> = {
  "bad-frame": { status: 400, title: "Not a frame that can be stored" },
  "invalid-request": { status: 400, title: "Not a request that can be answered" },
  unauthorised: { status: 401, title: "No valid token" },
  forbidden: { status: 403, title: "The token does not allow this" },
  "other-device": { status: 403, title: "The token is another device's" },
  "not-found": { status: 404, title: "Nothing is here" },
  "method-not-allowed": { status: 405, title: "The method is not for this address" },
  "not-acceptable": { status: 406, title: "Not to be had in this form" },
  timeout: { status: 408, title: "The request took too long to arrive" },
  "unknown-model": { status: 409, title: "The model is not here" },
  "sequence-taken": { status: 409, title: "The sequence has another frame" },
  "too-large": { status: 413, title: "Too large" },
  "unsupported-media-type": { status: 415, title: "Not a media type that is read here" },
  "invalid-model": { status: 422, title: "Not a model that can be served" },
  overloaded: { status: 429, title: "Too much at once" },
  internal: { status: 500, title: "The service failed" },
  unavailable: { status: 503, title: "Not now" },
};

/** A problem document, RFC 9457; members beside these are the kind's own. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly results?: readonly Result[];
  readonly [member: string]: unknown;
}

/** Seconds after which it may be tried again. */
export const RETRY_AFTER: Readonly<Partial<Record<ProblemKind, number>>> = { overloaded: 1, unavailable: 5 };

/** An answer other than success. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly kind: ProblemKind;
  readonly members: Readonly<Record<string, unknown>>;

  constructor(kind: ProblemKind, detail: string, members: Readonly<Record<string, unknown>> = {}) {
    super(detail);
    this.kind = kind;
    this.members = members;
  }

  get document(): ProblemDocument {
    const { status, title } = PROBLEMS[this.kind];
    return { type: `urn:isthmus:problem:${this.kind}`, title, status, detail: this.message, ...this.members };
  }
}

/** The problem of results of which some are refused, the first of these; undefined where none is. */
export function refusalOf(results: readonly Result[]): Problem | undefined {
  const first = results.find((result): result is Refused => result.status === "refused");
  if (!first) return undefined;
  const members = Object.entries(first).filter(([name]) => !["status", "reason", "detail"].includes(name));
  return new Problem(first.reason, first.detail, { ...Object.fromEntries(members), results });
}

/** What an error is to who asked; a bug is told without its details. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof IsthmusError) {
    if (error.code === "OVERLOADED") return new Problem("overloaded", error.message);
    if (error.code === "DECODE_FAILED") return new Problem("unavailable", "it could not be decoded; try again");
    if (error.code === "STORE_UNAVAILABLE") return new Problem("unavailable", "the database cannot be reached");
    if (error.code.startsWith("BITSTREAM_")) {
      return new Problem("bad-frame", error.message, { code: error.code, offset: error.details["offset"] });
    }
  }
  return new Problem("internal", "the service failed; its log says more");
}
