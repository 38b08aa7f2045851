import type { Samples } from "@isthmus/edge";

/** Where a source goes on, in its own words: what `JSON.stringify` makes of it is given back to it at the next start. */
export type Position = object;

/** One measurement of all columns. */
export interface Row {
  readonly values: ArrayLike<number>;
  /** Microseconds since 1970. */
  readonly time: number;
  /** Where to go on to read this row again, and where to go on behind it; `undefined` where there is no going back. */
  readonly at?: Position;
  readonly behind?: Position;
}

/** What the model encodes at once. */
export interface Item {
  readonly samples: Samples;
  /** Microseconds since 1970, of its first sample. */
  readonly time: number;
  /** Where to go on once it is in the queue. */
  readonly next?: Position;
  /** Called once it is in the queue. */
  readonly queued?: () => Promise<void>;
}

/** Takes what a source has; resolves when it wants more. */
export interface Sink {
  rows(rows: readonly Row[]): Promise<void>;
  item(item: Item): Promise<void>;
  /** A piece of input that could not be used, and why. */
  refused(why: string): void;
  /** Something that the source waits for, such as a folder that is not there. */
  waiting(why: string): void;
}

export interface Source {
  /** What its positions are about: another name, and an old position means nothing. */
  readonly name: string;
  /**
   * Gives all that comes to the sink, until its end or until it is stopped.
   *
   * @param from the position after what is in the queue
   */
  run(sink: Sink, from: Readonly<Record<string, unknown>> | undefined, stop: AbortSignal): Promise<void>;
}

/** Microseconds since 1970, now, by the wall clock. */
export function wallClock(): number {
  return 1000 * Date.now();
}
