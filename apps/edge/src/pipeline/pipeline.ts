import { pause } from "../bell.ts";
import type { LoadedModel } from "../model/loaded-model.ts";
import type { DiskQueue } from "../queue/disk-queue.ts";
import type { Item, Row, Sink } from "../source/source.ts";
import type { Journal } from "../status/journal.ts";
import { Meter } from "../status/meter.ts";
import { RowWindows } from "./row-windows.ts";

export interface PipelineOptions {
  readonly queue: DiskQueue;
  readonly journal: Journal;
  readonly model: LoadedModel;
  readonly items: number;
  readonly ageMs: number;
  readonly window?: number | undefined;
  readonly stride?: number | undefined;
  /** Name of the source, which goes with its positions. */
  readonly source: string;
  readonly stop: AbortSignal;
}

/** Rows to windows, windows to frames, frames to the queue: one thing at a time, in order, as fast as the queue takes them. */
export class Pipeline implements Sink {
  readonly items: Meter = new Meter();
  /** Bytes of the samples as float32 or, of pictures, as bytes; and of the streams made of them. */
  readonly rawBytes: Meter = new Meter();
  readonly encodedBytes: Meter = new Meter();
  readonly counts = { rows: 0, refused: 0 };
  readonly #options: PipelineOptions;
  readonly #windows: RowWindows;
  #model: LoadedModel;
  #waiting: Item[] = [];
  #age: AbortController | undefined;
  /** What is going on; the next thing waits for it. */
  #busy: Promise<void> = Promise.resolve();
  #failure: Error | undefined;

  constructor(options: PipelineOptions) {
    const { model, window, stride } = options;
    this.#options = options;
    this.#model = model;
    this.#windows = new RowWindows({ samples: model.encoder.itemLength, window, stride });
  }

  get model(): LoadedModel {
    return this.#model;
  }

  /** Items that make no frame yet. */
  get unframed(): number {
    return this.#waiting.length;
  }

  rows(rows: readonly Row[]): Promise<void> {
    return this.#next(async () => {
      for (const row of rows) await this.#row(row);
    });
  }

  item(item: Item): Promise<void> {
    return this.#next(() => this.#item(item));
  }

  refused(why: string): void {
    this.counts.refused++;
    this.#options.journal.problem("source", `${this.#options.source}: ${why}`);
  }

  waiting(why: string): void {
    this.#options.journal.problem("source", `${this.#options.source}: ${why}`);
  }

  /** Puts what waits into the queue as it is. */
  flush(): Promise<void> {
    return this.#next(() => this.#frame());
  }

  /** Encodes all that comes from now on by another model; what waits is still encoded by the one before. */
  swap(model: LoadedModel): Promise<void> {
    return this.#next(async () => {
      await this.#frame();
      this.#model = model;
      this.#windows.resize(model.encoder.itemLength);
    });
  }

  /** Where the source goes on after what is in the queue; passes over the rows that lie between two windows. */
  resume(): Readonly<Record<string, unknown>> | undefined {
    const cursor = cursorOf(this.#options.queue.cursor);
    if (cursor?.source !== this.#options.source || typeof cursor.next !== "object") return undefined;
    const { skip, from, ...position } = cursor.next as {
      readonly skip?: number;
      readonly from?: Record<string, unknown>;
    };
    this.#windows.skip(skip ?? 0);
    return from ?? position;
  }

  /** One thing after the other; what fails once fails all that comes after it. */
  #next(work: () => Promise<void>): Promise<void> {
    const next = this.#busy.then(() => {
      if (this.#failure) throw this.#failure;
      return work();
    });
    this.#busy = next.catch((error: Error) => {
      this.#failure = error;
    });
    return next;
  }

  async #row(row: Row): Promise<void> {
    this.counts.rows++;
    let item: Item | undefined;
    try {
      item = this.#windows.push(row);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.refused(error.message);
    }
    if (item) await this.#item(item);
  }

  async #item(item: Item): Promise<void> {
    const why = this.#objection(item);
    if (why !== undefined) {
      this.refused(why);
      return;
    }
    this.#waiting.push(item);
    if (this.#waiting.length >= this.#options.items) await this.#frame();
    else this.#age ??= this.#aging();
  }

  /** Why an item cannot be encoded. */
  #objection({ samples }: Item): string | undefined {
    const { encoder, units } = this.#model;
    if (samples.length !== encoder.itemLength) return `expected ${encoder.itemLength} samples, got ${samples.length}`;
    const hasFills = units?.fills !== undefined;
    for (let i = 0; i < samples.length; i++) {
      const sample = samples[i]!;
      if (Number.isNaN(sample) && !hasFills) return `sample ${i} is missing, and the model has nothing to put there`;
      if (sample === Infinity || sample === -Infinity) return `sample ${i} is not finite`;
    }
    return undefined;
  }

  #aging(): AbortController {
    const controller = new AbortController();
    const old = async (): Promise<void> => {
      await pause(this.#options.ageMs, controller.signal);
      if (!controller.signal.aborted) await this.flush();
    };
    // What fails here fails the source's next call too, which is where it is told.
    void old().catch(() => undefined);
    return controller;
  }

  async #frame(): Promise<void> {
    this.#age?.abort();
    this.#age = undefined;
    const items = this.#waiting;
    const [first] = items;
    if (!first) return;
    const { queue, source } = this.#options;
    const samples = joined(items);
    const next = items.at(-1)!.next;
    const cursor = next ? JSON.stringify({ source, next }) : "";
    const bytes = await this.#appended(samples, timeOf(first), cursor);
    if (bytes === undefined) return;
    this.#waiting = [];
    this.items.add(items.length);
    this.rawBytes.add(samples.length * (samples instanceof Uint8Array ? 1 : 4));
    this.encodedBytes.add(bytes);
    if (items.some(({ queued }) => queued)) queue.sync();
    for (const { queued } of items) await queued?.();
    this.#options.journal.solved("disk", "the queue can be written again");
  }

  /** Bytes of the stream that is in the queue now, 0 where there can be none; `undefined` where it was stopped meanwhile. */
  async #appended(samples: Float64Array | Uint8Array, time: number, cursor: string): Promise<number | undefined> {
    const { queue, stop } = this.#options;
    try {
      const stream = this.#model.encoder.encode(samples);
      return (await queue.append({ time, stream }, cursor, stop)) === undefined ? undefined : stream.length;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.refused(error.message);
      return 0;
    }
  }
}

function cursorOf(text: string | undefined): { readonly source?: unknown; readonly next?: unknown } | undefined {
  return text ? (JSON.parse(text) as { source?: unknown; next?: unknown }) : undefined;
}

/** A device whose clock was never set, or is far off, does not know the time. */
function timeOf({ time }: Item): number {
  return Number.isSafeInteger(time) && time >= 0 ? time : 0;
}

function joined(items: readonly Item[]): Float64Array | Uint8Array {
  const [first] = items;
  const length = items.reduce((sum, { samples }) => sum + samples.length, 0);
  const all = first!.samples instanceof Uint8Array ? new Uint8Array(length) : new Float64Array(length);
  let at = 0;
  for (const { samples } of items) {
    all.set(samples, at);
    at += samples.length;
  }
  return all;
}
