import { type Agent, type IncomingHttpHeaders, request as plain } from "node:http";
import { request as encrypted } from "node:https";
import { NoAnswer, reasonOf, SendError } from "./transport.ts";
import type { TlsOptions } from "./tls.ts";

export interface HttpCall {
  readonly url: URL;
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly tls?: TlsOptions;
  readonly agent?: Agent;
  /** For all of it, from connecting to the last byte. */
  readonly patienceMs: number;
  readonly signal?: AbortSignal;
  /** The most bytes of an answer. */
  readonly most: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

/**
 * One request, one answer. Redirections are answers like others: a token goes nowhere else.
 *
 * @throws SendError no answer within the patience, or a longer one than is accepted
 */
export function httpCall({ url, patienceMs, signal, most, body, tls, ...options }: HttpCall): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let length = 0;
    const call = (url.protocol === "https:" ? encrypted : plain)(url, { ...options, ...tls });
    const timer = setTimeout(() => give(new NoAnswer(patienceMs)), patienceMs);
    const aborted = (): void => give(new SendError("stopped"));
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", aborted);
    };
    const fail = (error: Error): void => {
      end();
      reject(error instanceof SendError ? error : new SendError(reasonOf(error), { cause: error }));
    };
    // At once: the end of an answer that is too long may have come with it.
    const give = (error: SendError): void => {
      fail(error);
      call.destroy();
    };
    if (signal?.aborted) aborted();
    signal?.addEventListener("abort", aborted);
    call.on("error", fail);
    call.on("response", (answer) => {
      answer.on("error", fail);
      answer.on("data", (piece: Buffer) => {
        length += piece.length;
        if (length > most) give(new SendError(`an answer of more than ${most} bytes`));
        else pieces.push(piece);
      });
      answer.on("close", () => (answer.complete ? undefined : fail(new SendError("the connection was lost"))));
      answer.on("end", () => {
        end();
        resolve({ status: answer.statusCode!, headers: answer.headers, body: Buffer.concat(pieces) });
      });
    });
    call.end(body);
  });
}

/** `v1/frames` under a service's address, which may have a path of its own. */
export function serviceUrl(base: string, path: string): URL {
  return new URL(path, base.endsWith("/") ? base : `${base}/`);
}
