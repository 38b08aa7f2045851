import type { Answer } from "./answer.ts";

/** One way to a service. */
export interface Transport {
  /** For people, without secrets. */
  readonly target: string;
  /**
   * Hands over a body of parcels and waits for the service's own answer.
   *
   * @throws SendError where there was none
   */
  send(body: Uint8Array, patienceMs: number, signal: AbortSignal): Promise<Answer>;
  close(): Promise<void>;
}

/** No answer, or none that can be understood: whether the service has the frames is not known. */
export class SendError extends Error {
  override readonly name = "SendError";
}

/** The service was reached, as far as one can tell, and said nothing in time: it may only be slow. */
export class NoAnswer extends SendError {
  constructor(patienceMs: number) {
    super(`no answer within ${patienceMs / 1000} s`);
  }
}

/** Node's own words, or those about the first of several addresses that were tried. */
export function reasonOf(error: Error): string {
  const [first] = error instanceof AggregateError ? (error.errors as Error[]) : [];
  return error.message || (first?.message ?? error.name);
}
