import { UsageError } from "@isthmus/command-line/node";
import { pause } from "../bell.ts";
import type { DiskQueue, QueuedFrame } from "../queue/disk-queue.ts";
import type { Journal } from "../status/journal.ts";
import { Meter } from "../status/meter.ts";
import type { Answer, ParcelResult } from "./answer.ts";
import { backoffMs, type Waiting } from "./backoff.ts";
import { Holds } from "./holds.ts";
import { NoAnswer, SendError, type Transport } from "./transport.ts";

export interface DeliveryOptions {
  readonly device: string;
  readonly queue: DiskQueue;
  readonly transport: Transport;
  readonly journal: Journal;
  /** Puts a frame where a person finds it; whether that could be done. */
  readonly setAside: (frame: QueuedFrame, reason: string) => boolean;
  /** The most bytes of a body, unless one parcel alone has more. */
  readonly batchBytes: number;
  readonly patienceMs: number;
  readonly retry: Waiting;
  readonly random?: () => number;
}

const BATCH_FRAMES = 1000;
/** So often a frame is refused as damaged before it is set aside. */
const BAD_TIMES = 10;
/** When there is nothing to wait for: a disk that could not be read is looked at again. */
const IDLE_MS = 5000;
const PATIENCE_DOUBLINGS = 3;
/** Reasons that are about the device or the service, not about a frame. */
const FOR_ALL: ReadonlySet<string> = new Set([
  "unauthorised",
  "other-device",
  "unsupported-media-type",
  "overloaded",
  "unavailable",
]);

/** Takes frames from the queue to the service and out of the queue, as `docs/protocol.md` says, as long as it takes. */
export class Delivery {
  readonly stored: Meter = new Meter();
  readonly storedBytes: Meter = new Meter();
  readonly counts = { duplicates: 0, setAside: 0, refused: {} as Record<string, number> };
  readonly #options: DeliveryOptions;
  readonly #holds: Holds = new Holds();
  #batchBytes: number;
  #failures = 0;
  /** How often in a row there was no answer in time: a service that is slow is given longer. */
  #unanswered = 0;
  #waitingUntil = 0;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#batchBytes = options.batchBytes;
  }

  /** Seconds until it tries again, where it waits after a failure. */
  get nextTrySeconds(): number | undefined {
    const ms = this.#waitingUntil - performance.now();
    return ms > 0 ? ms / 1000 : undefined;
  }

  /**
   * Sends until it is stopped.
   *
   * @param stop sends what it can still get rid of, without a second try, and resolves
   * @param abandon breaks off
   */
  async run(stop: AbortSignal, abandon: AbortSignal): Promise<void> {
    const { queue } = this.#options;
    while (!abandon.aborted) {
      const batch = queue.take({
        ...{ bytes: this.#batchBytes, frames: BATCH_FRAMES },
        isHeld: (key, model) => this.#holds.has(key) || (model !== undefined && this.#holds.has(model)),
      });
      if (batch.length === 0) {
        if (stop.aborted) return;
        const ms = this.#holds.nextMs ?? (queue.frames > 0 ? IDLE_MS : undefined);
        await queue.arrived.heard({ signal: stop, ...(ms !== undefined && { ms }) });
        continue;
      }
      const wait = await this.#exchange(batch, abandon);
      if (wait === 0) continue;
      if (stop.aborted) return;
      this.#waitingUntil = performance.now() + wait;
      await pause(wait, stop);
      this.#waitingUntil = 0;
    }
  }

  /** Sends once; returns how long to wait before the next time, in milliseconds. */
  async #exchange(batch: readonly QueuedFrame[], abandon: AbortSignal): Promise<number> {
    const { transport, patienceMs, journal } = this.#options;
    const body = Buffer.concat(batch.map(({ parcel }) => parcel));
    try {
      const patience = patienceMs * 2 ** Math.min(this.#unanswered, PATIENCE_DOUBLINGS);
      const answer = await transport.send(body, patience, abandon);
      this.#unanswered = 0;
      return this.#apply(batch, answer, body.length);
    } catch (error) {
      if (!(error instanceof SendError || error instanceof UsageError)) throw error;
      this.#unanswered = error instanceof NoAnswer ? this.#unanswered + 1 : 0;
      if (!abandon.aborted) journal.problem("send", `cannot send to ${transport.target}: ${error.message}`);
      return this.#backoff();
    }
  }

  #backoff(atLeastMs = 0): number {
    this.#failures++;
    return Math.max(1, atLeastMs + backoffMs(this.#failures, this.#options.retry, this.#options.random));
  }

  #apply(batch: readonly QueuedFrame[], { results, refusal }: Answer, bodyBytes: number): number {
    const find = finder(batch, this.#options.device);
    const finished: QueuedFrame[] = [];
    let [progress, forAll] = [false, refusal];
    for (const result of results) {
      const frame = find(result);
      if (!frame) continue;
      const became = this.#one(frame, result, batch.length);
      if (became === "gone") finished.push(frame);
      progress ||= became !== "stays";
      if (FOR_ALL.has(result.reason ?? "")) forAll ??= { reason: result.reason!, detail: result.detail ?? "" };
    }
    this.#options.queue.finish(finished);
    if (results.length === 0 && refusal) {
      this.#count(refusal.reason);
      if (refusal.reason === "too-large") progress = this.#sendLess(batch, bodyBytes, refusal.limit);
    }
    if (forAll && FOR_ALL.has(forAll.reason)) {
      this.#options.journal.problem("send", `${this.#options.transport.target}: ${forAll.reason}: ${forAll.detail}`);
      return this.#backoff(forAll.retryAfterMs);
    }
    if (!progress) return this.#backoff();
    if (finished.length > 0)
      this.#options.journal.solved("send", `sending to ${this.#options.transport.target} works again`);
    this.#failures = 0;
    return 0;
  }

  /** What becomes of a frame of which the service says this. */
  #one(
    frame: QueuedFrame,
    { status, reason = "", detail = "", next, limit }: ParcelResult,
    together: number,
  ): "gone" | "changed" | "stays" {
    if (status === "stored" || status === "duplicate") return this.#has(frame, status);
    if (status !== "refused") return "stays";
    this.#count(reason);
    if (!FOR_ALL.has(reason))
      this.#options.journal.problem(reason || "refused", `frame ${frame.sequence} was refused: ${reason}: ${detail}`);
    if (reason === "sequence-taken") return this.#options.queue.renumber(frame, next ?? 0) ? "changed" : "stays";
    if (reason === "unknown-model") this.#hold(frame.model);
    // Alone and within the limit: it was not this that arrived.
    const isOther = reason === "too-large" && together === 1 && frame.parcel.length <= (limit ?? 0);
    if ((reason === "bad-frame" || isOther) && this.#hold(frame.key) >= BAD_TIMES) return this.#away(frame, reason);
    if (reason !== "too-large" || isOther) return "stays";
    if (together === 1 || frame.parcel.length > (limit ?? Infinity)) return this.#away(frame, reason);
    this.#batchBytes = Math.min(this.#batchBytes, limit ?? Math.ceil(this.#batchBytes / 2));
    return "changed";
  }

  #has(frame: QueuedFrame, status: "stored" | "duplicate"): "gone" {
    this.#holds.delete(frame.key);
    this.#holds.delete(frame.model);
    this.stored.add(1);
    this.storedBytes.add(frame.parcel.length);
    if (status === "duplicate") this.counts.duplicates++;
    return "gone";
  }

  #hold(key: string): number {
    return this.#holds.add(key, (tries) => backoffMs(tries, this.#options.retry, this.#options.random));
  }

  #away(frame: QueuedFrame, reason: string): "gone" | "stays" {
    if (!this.#options.setAside(frame, reason)) {
      this.#hold(frame.key);
      return "stays";
    }
    this.#holds.delete(frame.key);
    this.counts.setAside++;
    return "gone";
  }

  /** The body as a whole is too large: halves it, or sets the one parcel aside that is. */
  #sendLess(batch: readonly QueuedFrame[], bodyBytes: number, limit?: number): boolean {
    const [frame] = batch;
    if (batch.length === 1) {
      if (this.#away(frame!, "too-large") === "stays") return false;
      this.#options.queue.finish([frame!]);
      return true;
    }
    this.#batchBytes = limit !== undefined && limit < bodyBytes ? limit : Math.ceil(bodyBytes / 2);
    return true;
  }

  #count(reason: string): void {
    this.counts.refused[reason] = (this.counts.refused[reason] ?? 0) + 1;
  }
}

/** Which frame of the batch a result is about. */
function finder(batch: readonly QueuedFrame[], device: string): (result: ParcelResult) => QueuedFrame | undefined {
  const bySequence = new Map(batch.map((frame) => [frame.sequence, frame]));
  const byOffset = new Map<number, QueuedFrame>();
  let at = 0;
  for (const frame of batch) {
    byOffset.set(at, frame);
    at += frame.parcel.length;
  }
  return ({ device: whose, sequence, offset }) => {
    if (sequence !== undefined) return whose === device ? bySequence.get(sequence) : undefined;
    return offset === undefined ? undefined : byOffset.get(offset);
  };
}
