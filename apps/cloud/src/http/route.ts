import type { FastifyReply, FastifyRequest } from "fastify";
import type { Holder, Role } from "../auth/holder.ts";
import type { ProblemKind } from "../problems.ts";

export type JsonSchema = Readonly<Record<string, unknown>>;

/** A body that a route reads, or an answer that it gives, in one of its forms. */
export interface Content {
  readonly type: string;
  /** Of JSON; other forms are bytes. */
  readonly schema?: JsonSchema;
}

export interface Answer {
  readonly description: string;
  readonly content: readonly Content[];
}

/** One route: what is served, what is checked, and what the OpenAPI document says are made of it. */
export interface Route {
  readonly method: "GET" | "POST" | "PUT";
  /** With parameters as `:id`. */
  readonly url: string;
  /** One line. */
  readonly summary: string;
  /** Who may; nobody is asked where it is left out. */
  readonly roles?: readonly Role[];
  readonly params?: JsonSchema;
  readonly query?: JsonSchema;
  readonly body?: { readonly types: readonly string[]; readonly limit: number; readonly description: string };
  /** By status. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Those that are the route's own; 401, 403, 429 and 500 go without saying. */
  readonly problems?: readonly ProblemKind[];
  /** Whether so much may be asked of it that there has to be a bound: more than can be done soon is refused as overload. */
  readonly isHeavy?: boolean;
  readonly handle: (request: FastifyRequest, reply: FastifyReply, holder: Holder) => Promise<unknown>;
}
