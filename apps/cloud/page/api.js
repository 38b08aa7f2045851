/** What the page asks the service for. The routes and their answers are in docs/protocol.md. */
import { token } from "./session.js";

/** Longer than the service takes for anything that it answers at all. */
const PATIENCE_MS = 60_000;

/** @typedef {{ devices: number, frames: number, items: number, bytes: number, rawBytes: number }} Totals */
/**
 * @typedef {{ device: string, frames: number, items: number, bytes: number, rawBytes: number, from: number, to: number,
 *   lastReceived: number, lastSequence: number, model: string }} Device
 */
/** @typedef {{ values: readonly (number | string)[], code: readonly number[], shape?: readonly number[] }} Item */
/** @typedef {{ type?: string, title?: string, detail?: string, status?: number, model?: string }} Problem */
/**
 * @typedef {{ sequence: number, time: number, received: number, model: string, bytes: number, rawBytes: number,
 *   items?: readonly Item[], problem?: Problem }} Frame
 */
/**
 * @typedef {{ id: string, kind: string, shape: readonly number[],
 *   data?: { kind: "images" } | { kind: "table", columns: readonly string[] } | { kind: "array" } }} Model
 */
/** @typedef {{ devices: readonly Device[], totals: Totals, next?: string }} DeviceList */
/** @typedef {{ frames: readonly Frame[], models: Record<string, Model>, next?: string }} FrameList */

/** The service said no, or could not be reached: then the status is 0. */
export class Refusal extends Error {
  /** @param {number} status @param {Problem} problem @param {number} [retryAfter] seconds */
  constructor(status, problem, retryAfter) {
    super(problem.detail ?? problem.title ?? `the service answered ${status}`);
    this.status = status;
    this.title = problem.title ?? "The service refused";
    this.retryAfter = retryAfter;
  }
}

/** @param {{ after?: string | undefined, limit: number }} query @param {AbortSignal} signal @returns {Promise<DeviceList>} */
export function devices(query, signal) {
  return ask(`/v1/devices${search(query)}`, { signal });
}

/** @param {string} id @param {AbortSignal} signal @returns {Promise<Device>} */
export function device(id, signal) {
  return ask(`/v1/devices/${encodeURIComponent(id)}`, { signal });
}

/**
 * @param {string} id
 * @param {{ from?: number | undefined, to?: number | undefined, after?: string | undefined, limit: number }} query
 * @param {AbortSignal} signal
 * @returns {Promise<FrameList>}
 */
export function items(id, query, signal) {
  return ask(`/v1/devices/${encodeURIComponent(id)}/items${search(query)}`, { signal });
}

/** @param {AbortSignal} signal @returns {Promise<{ models: readonly Model[] }>} */
export function models(signal) {
  return ask("/v1/models", { signal });
}

/** @param {string} id @param {Blob} file @param {AbortSignal} signal @returns {Promise<Model>} */
export function uploadModel(id, file, signal) {
  const headers = { "Content-Type": "application/octet-stream" };
  return ask(`/v1/models/${encodeURIComponent(id)}`, { method: "PUT", body: file, headers, signal });
}

/** @param {Record<string, string | number | undefined>} query */
function search(query) {
  const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}

/** @param {string} path @param {Omit<RequestInit, "headers"> & { signal: AbortSignal, headers?: Record<string, string> }} options @returns {Promise<any>} */
async function ask(path, { headers, signal, ...rest }) {
  const bearer = token();
  const response = await fetch(path, {
    ...rest,
    headers: { Accept: "application/json", ...headers, ...(bearer && { Authorization: `Bearer ${bearer}` }) },
    signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
    credentials: "omit",
    redirect: "error",
  }).catch((error) => {
    if (signal.aborted) throw error;
    throw new Refusal(0, { title: "The service does not answer", detail: "It cannot be reached from here just now." });
  });
  if (response.ok) return await response.json();
  throw await refusalOf(response);
}

/** @param {Response} response */
async function refusalOf(response) {
  const said = /** @type {unknown} */ (await response.json().catch(() => undefined));
  const problem = typeof said === "object" && said !== null ? said : {};
  const seconds = Number(response.headers.get("Retry-After") ?? Number.NaN);
  return new Refusal(response.status, problem, Number.isFinite(seconds) ? seconds : undefined);
}
