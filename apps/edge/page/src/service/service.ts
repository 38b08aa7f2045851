import { IsthmusError } from "@isthmus/math";
import type { Settings } from "../settings.ts";
import { type Answer, readAnswer } from "./results.ts";

/** What a service may take to answer. */
const PATIENCE_MS = 30_000;
const PARCELS = "application/vnd.isthmus.parcels";

export interface FramesAnswer extends Answer {
  /** 0 where nothing answered. */
  readonly status: number;
  /** Seconds. */
  readonly retryAfter?: number;
}

/** Hands a body of parcels over. Never rejects: without an answer the status is 0 and `detail` says why. */
export async function postParcels(
  { service, deviceToken }: Settings,
  body: Uint8Array<ArrayBuffer>,
): Promise<FramesAnswer> {
  try {
    const response = await ask(service, "/v1/frames", deviceToken, {
      method: "POST",
      body,
      headers: { "Content-Type": PARCELS },
    });
    const seconds = Number(response.headers.get("Retry-After") ?? NaN);
    return {
      status: response.status,
      ...readAnswer(await response.json().catch(() => undefined)),
      ...(seconds >= 0 && { retryAfter: seconds }),
    };
  } catch (error) {
    return { status: 0, results: [], detail: failureText(error) };
  }
}

/** The encoder's bundle of a model, checked against the digest that came with it. */
export async function fetchBundle({ service, deviceToken }: Settings, model: string): Promise<Uint8Array<ArrayBuffer>> {
  return verified(await wanted(service, `/v1/models/${model}/bundle`, deviceToken));
}

/** A model's whole file. */
export async function fetchModel(
  { service, readerToken, deviceToken }: Settings,
  model: string,
): Promise<Uint8Array<ArrayBuffer>> {
  return verified(await wanted(service, `/v1/models/${model}`, readerToken || deviceToken));
}

/** The response where it is a good one. */
export async function wanted(service: string, path: string, token: string, init: RequestInit = {}): Promise<Response> {
  let response;
  try {
    response = await ask(service, path, token, init);
  } catch (error) {
    throw new IsthmusError("SERVICE_UNREACHABLE", failureText(error), {}, { cause: error });
  }
  if (response.ok) return response;
  const { detail, reason } = readAnswer(await response.json().catch(() => undefined));
  throw new IsthmusError("SERVICE_REFUSED", detail ?? reason ?? `the service answered ${response.status}`, {
    status: response.status,
  });
}

function ask(service: string, path: string, token: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  if (token) headers.set("Authorization", `Bearer ${token}`);
  const signal = AbortSignal.timeout(PATIENCE_MS);
  return fetch(`${service}${path}`, { ...init, headers, signal, credentials: "omit", cache: "no-store" });
}

function failureText(error: unknown): string {
  return (error as Error).name === "TimeoutError"
    ? "the service took too long to answer"
    : "the service cannot be reached";
}

/** The body, where it is what `Digest: sha-256=` says; a cross-origin service may keep that header to itself. */
async function verified(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const said = /sha-256=([A-Za-z0-9+/=]+)/.exec(response.headers.get("Digest") ?? "")?.[1];
  if (said && globalThis.crypto.subtle) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    if (btoa(String.fromCharCode(...digest)) !== said) {
      throw new IsthmusError("SERVICE_DIGEST", "what came is not what the service sent: its SHA-256 is another");
    }
  }
  return bytes;
}
