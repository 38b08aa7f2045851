import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, rm, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { IsthmusError } from "@isthmus/math";
import { fileCall, makeFolder, renameTo, writeAll } from "./files.ts";

export interface DownloadProgress {
  /** Name of the file, without folders. */
  readonly file: string;
  readonly receivedBytes: number;
  readonly totalBytes: number;
}

export interface DownloadOptions {
  /** The same file at several places, tried in order. */
  readonly urls: readonly string[];
  /** Where to put it. While incomplete it is `<to>.part`, from which a later call resumes. */
  readonly to: string;
  /** SHA-256 of the file, lower-case hex. */
  readonly sha256: string;
  /** Length of the file, bytes. More is refused. */
  readonly bytes: number;
  /** Give a server up that has not begun to answer after this many milliseconds. Default: 5000. */
  readonly answerTimeoutMs?: number;
  /** Break a connection that has brought nothing for this many milliseconds. Default: 15000. */
  readonly stallTimeoutMs?: number;
  readonly onProgress?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
}

/** Connections to one server for one file: a cut one is resumed, but not for ever. */
const TRIES_PER_URL = 4;

/**
 * Fetches a file, resuming after cut connections, and puts it in place once its SHA-256 is right.
 *
 * @throws IsthmusError `DATA_DOWNLOAD` with what each server did wrong, `FILE_WRITE` when it cannot be stored; the
 * signal's reason when aborted.
 */
export async function download(options: DownloadOptions): Promise<void> {
  await makeFolder(dirname(options.to));
  const failures: string[] = [];
  for (const url of options.urls) {
    const failure = await downloadFrom(url, options);
    if (failure === undefined) return;
    failures.push(`${new URL(url).host}: ${failure}`);
  }
  const reason = failures.join("; ");
  const message = `cannot download ${basename(options.to)}: ${reason || "no server to ask"}`;
  throw new IsthmusError("DATA_DOWNLOAD", message, { urls: options.urls, reason });
}

/** SHA-256 of a file's bytes, lower-case hex. @throws IsthmusError `FILE_READ`. */
export async function fileSha256(path: string): Promise<string> {
  return await fileCall("FILE_READ", path, async () => {
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
    return hash.digest("hex");
  });
}

/** A server did something wrong; `again` when asking it once more may help. */
class ServerFault extends Error {
  readonly again: boolean;

  constructor(message: string, again: boolean) {
    super(message);
    this.again = again;
  }
}

/** @returns what went wrong, or nothing. */
async function downloadFrom(url: string, options: DownloadOptions): Promise<string | undefined> {
  for (let tries = 1; ; tries++) {
    try {
      await accept(options, await fetchRest(url, options));
      return undefined;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof ServerFault)) throw error;
      if (!error.again || tries === TRIES_PER_URL) return error.message;
    }
  }
}

/** Puts the complete part in place. A wrong one is removed; it is worth asking again if it was patched together. */
async function accept(options: DownloadOptions, resumed: boolean): Promise<void> {
  const part = partOf(options);
  const sha256 = await fileSha256(part);
  if (sha256 === options.sha256) return await renameTo(part, options.to);
  await rm(part, { force: true });
  throw new ServerFault(`the SHA-256 is ${sha256}, not ${options.sha256}`, resumed);
}

/** Fetches what is missing from the part. @returns whether it stood on bytes of an earlier connection. */
async function fetchRest(url: string, options: DownloadOptions): Promise<boolean> {
  const have = await sizeOf(partOf(options));
  if (have === options.bytes) return true;
  const from = have < options.bytes ? have : 0;
  const watch = new Watch(options);
  try {
    const response = await ask(url, from, watch);
    const start = await startOf(response, from, options);
    await store(response, start, watch, options);
    return start > 0;
  } finally {
    watch.stop();
  }
}

async function ask(url: string, from: number, watch: Watch): Promise<Response> {
  const headers = { "accept-encoding": "identity", ...(from > 0 && { range: `bytes=${from}-` }) };
  try {
    return await fetch(url, { headers, signal: watch.signal });
  } catch (error) {
    throw new ServerFault(watch.reason ?? reasonOf(error), false);
  }
}

/** The offset at which the answer's bytes begin. */
async function startOf(response: Response, from: number, options: DownloadOptions): Promise<number> {
  if (response.status === 200) return 0;
  const range = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "");
  if (response.status === 206 && Number(range?.[1]) === from) return from;
  await response.body?.cancel();
  if (from > 0) {
    await rm(partOf(options), { force: true });
    throw new ServerFault(`answered ${response.status} when asked to resume`, true);
  }
  throw new ServerFault(`answered ${response.status}`, false);
}

async function store(response: Response, start: number, watch: Watch, options: DownloadOptions): Promise<void> {
  const path = partOf(options);
  const file = await fileCall("FILE_WRITE", path, () => open(path, start > 0 ? "r+" : "w"));
  try {
    const end = await storeBody(response, start, file, watch, options);
    await fileCall("FILE_WRITE", path, () => file.sync());
    if (end < options.bytes) throw new ServerFault(`the connection ended at byte ${end} of ${options.bytes}`, true);
  } finally {
    await file.close();
  }
}

/** @returns the length reached. */
async function storeBody(
  response: Response,
  start: number,
  file: FileHandle,
  watch: Watch,
  options: DownloadOptions,
): Promise<number> {
  const { bytes, to, onProgress } = options;
  let at = start;
  for await (const chunk of bodyOf(response, watch)) {
    if (at + chunk.length > bytes) {
      await rm(partOf(options), { force: true });
      throw new ServerFault(`sent more than the ${bytes} bytes expected`, false);
    }
    const position = at;
    await fileCall("FILE_WRITE", partOf(options), () => writeAll(file, chunk, position));
    at += chunk.length;
    onProgress?.({ file: basename(to), receivedBytes: at, totalBytes: bytes });
  }
  return at;
}

/** The body's chunks until it ends or breaks; an abort by the caller passes through. */
async function* bodyOf(response: Response, watch: Watch): AsyncGenerator<Uint8Array, void, undefined> {
  if (!response.body) return;
  const reader = response.body.getReader();
  try {
    for (let chunk = await nextChunk(reader, watch); chunk; chunk = await nextChunk(reader, watch)) yield chunk;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** A broken connection reads like one that ended: what came is kept, and the length tells. */
async function nextChunk(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  watch: Watch,
): Promise<Uint8Array | undefined> {
  try {
    const { value } = await reader.read();
    watch.heard();
    return value;
  } catch {
    watch.throwIfAborted();
    return undefined;
  }
}

/** Breaks off a connection that does not answer, or stalls, or that the caller aborts. */
class Watch {
  readonly signal: AbortSignal;
  /** Why this side broke the connection off, if it did. */
  reason: string | undefined;
  readonly #callerSignal: AbortSignal | undefined;
  readonly #controller = new AbortController();
  readonly #stallMs: number;
  #timer: NodeJS.Timeout;

  constructor(options: DownloadOptions) {
    const answerMs = options.answerTimeoutMs ?? 5000;
    this.#stallMs = options.stallTimeoutMs ?? 15_000;
    this.#callerSignal = options.signal;
    this.signal = AbortSignal.any([this.#controller.signal, ...(options.signal ? [options.signal] : [])]);
    this.#timer = this.#breakAfter(answerMs, `no answer within ${answerMs / 1000} s`);
  }

  /** Bytes arrived: the stall clock starts again. */
  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = this.#breakAfter(this.#stallMs, `nothing arrived for ${this.#stallMs / 1000} s`);
  }

  throwIfAborted(): void {
    this.#callerSignal?.throwIfAborted();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #breakAfter(milliseconds: number, reason: string): NodeJS.Timeout {
    return setTimeout(() => {
      this.reason = reason;
      this.#controller.abort();
    }, milliseconds);
  }
}

function partOf(options: DownloadOptions): string {
  return `${options.to}.part`;
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

/** `fetch` says "fetch failed" and puts the reason in `cause`. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { code, message } = cause as NodeJS.ErrnoException;
  return NETWORK_REASONS[code ?? ""] ?? (message || code || "the connection failed");
}

const NETWORK_REASONS: Readonly<Record<string, string>> = {
  EAI_AGAIN: "the name cannot be resolved (no network?)",
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was reset",
  ENETUNREACH: "the network is unreachable",
  ENOTFOUND: "the name cannot be resolved (no network?)",
  ETIMEDOUT: "the connection timed out",
  UND_ERR_CONNECT_TIMEOUT: "the connection timed out",
  UND_ERR_SOCKET: "the connection was cut",
};
