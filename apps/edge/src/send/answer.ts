import { SendError } from "./transport.ts";

/** What the service says of one parcel; `docs/protocol.md` has the reasons. */
export interface ParcelResult {
  readonly status: string;
  readonly device?: string;
  readonly sequence?: number;
  /** In the body, of a parcel that could not be read. */
  readonly offset?: number;
  readonly reason?: string;
  readonly detail?: string;
  readonly next?: number;
  readonly limit?: number;
}

/** Why a body was not read as a whole. */
interface Refusal {
  readonly reason: string;
  readonly detail: string;
  readonly limit?: number;
  readonly retryAfterMs?: number;
}

export interface Answer {
  readonly results: readonly ParcelResult[];
  readonly refusal?: Refusal;
}

/** What a service that does not speak the protocol, such as a proxy before it, means by a status. */
const REASONS: Readonly<Record<number, string>> = {
  401: "unauthorised",
  403: "other-device",
  413: "too-large",
  415: "unsupported-media-type",
  429: "overloaded",
  503: "unavailable",
};
const PROBLEM = "urn:isthmus:problem:";

/**
 * @param status of HTTP, where it was that
 * @throws SendError what is no answer
 */
export function readAnswer(body: Uint8Array, status = 200, retryAfter?: string): Answer {
  const json = jsonOf(body);
  const results = Array.isArray(json?.["results"]) ? (json["results"] as unknown[]).flatMap(resultOf) : [];
  const type = text(json?.["type"]);
  const reason = type?.startsWith(PROBLEM) ? type.slice(PROBLEM.length) : REASONS[status];
  if (results.length === 0 && reason === undefined && (status !== 200 || !Array.isArray(json?.["results"]))) {
    throw new SendError(status === 200 ? "an answer that is none of this protocol" : `status ${status}`);
  }
  // HTTP says it in a header, MQTT in the document.
  const retryAfterMs = retryMs(retryAfter ?? String(json?.["retryAfter"] ?? ""));
  const limit = count(json?.["limit"]);
  const detail = detailOf(json) ?? `status ${status}`;
  return {
    results,
    ...(reason !== undefined && {
      refusal: {
        reason,
        detail,
        ...(limit !== undefined && { limit }),
        ...(retryAfterMs !== undefined && { retryAfterMs }),
      },
    }),
  };
}

/** What a problem document says, in a line; `undefined` for another body. */
export function problemDetail(body: Uint8Array): string | undefined {
  return detailOf(jsonOf(body));
}

function detailOf(json: Readonly<Record<string, unknown>> | undefined): string | undefined {
  return text(json?.["detail"]) ?? text(json?.["title"]);
}

function jsonOf(body: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(body));
    return typeof json === "object" && json !== null ? (json as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function resultOf(value: unknown): ParcelResult[] {
  const json = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  const status = text(json["status"]);
  if (status === undefined) return [];
  const texts = ["device", "reason", "detail"].flatMap((name) => pair(name, text(json[name])));
  const counts = ["sequence", "offset", "next", "limit"].flatMap((name) => pair(name, count(json[name])));
  return [{ status, ...Object.fromEntries([...texts, ...counts]) }];
}

const pair = <T>(name: string, value: T | undefined): [string, T][] => (value === undefined ? [] : [[name, value]]);
const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const count = (value: unknown): number | undefined =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;

/** Of seconds or a date, as HTTP has it; at most a day, whatever is asked for. */
function retryMs(text: string): number | undefined {
  const ms = /^\d+$/.test(text) ? 1000 * Number(text) : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), 86_400_000);
}
