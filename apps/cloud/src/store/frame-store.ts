import type { Parcel } from "@isthmus/codec";

/** What became of a parcel that a store was given. */
export type Put =
  | { readonly status: "stored" | "duplicate" }
  /** Another stream is stored under its device and sequence; `next` is above all sequences of the device. */
  | { readonly status: "taken"; readonly next: number };

/** A parcel to be stored, with what a store wants to know of it but does not find out itself. */
export interface Arrival extends Parcel {
  /** 16 hex digits. */
  readonly model: string;
  /** Items in the stream. */
  readonly items: number;
  /** Bytes that the items were before they were encoded. */
  readonly rawBytes: number;
}

export interface StoredFrame extends Arrival {
  /** When it was stored, in milliseconds since 1970, by the service's clock. */
  readonly received: number;
}

export interface DeviceSummary {
  readonly device: string;
  readonly frames: number;
  readonly items: number;
  /** Of streams, as stored. */
  readonly bytes: number;
  readonly rawBytes: number;
  /** The least and the greatest time of its frames by its clock, in microseconds; of frames without a time it is 0. */
  readonly from: number;
  readonly to: number;
  /** Milliseconds since 1970. */
  readonly lastReceived: number;
  /** The highest. */
  readonly lastSequence: number;
  /** Of the last frame that was received. */
  readonly model: string;
}

export interface FrameQuery {
  readonly device: string;
  /** Microseconds, inclusive; default: all. */
  readonly from?: number;
  /** Microseconds, exclusive; default: all. */
  readonly to?: number;
  /** Go on behind this frame: frames are ordered by (time, sequence). */
  readonly after?: { readonly time: number; readonly sequence: number };
  readonly limit: number;
  /** No further frame once those before have so many bytes of streams; the first comes always. Default: no bound. */
  readonly maxBytes?: number;
}

export interface StoreTotals {
  readonly devices: number;
  readonly frames: number;
  readonly items: number;
  readonly bytes: number;
  readonly rawBytes: number;
}

/** `model`: the `.safetensors` file; `bundle`: the `.isthb` that devices are to have of it, where an operator has made one. */
export type ModelPart = "model" | "bundle";

/**
 * Where compressed frames are kept, each (device, sequence) once, and what goes with them: models and generations of tokens. Two instances of the service may
 * share one. Every method may reject with `IsthmusError` `STORE_UNAVAILABLE` while the database cannot be reached.
 */
export interface FrameStore {
  /** Resolves when all are durable, in the order given; either all of them are stored or, on rejection, it is not known which. */
  put(arrivals: readonly Arrival[]): Promise<Put[]>;
  /** Ordered by the bytes of their names, behind `after`. */
  devices(query: { readonly after?: string; readonly limit: number }): Promise<DeviceSummary[]>;
  device(device: string): Promise<DeviceSummary | undefined>;
  frames(query: FrameQuery): Promise<StoredFrame[]>;
  totals(): Promise<StoreTotals>;
  /** Whole files by a model's id, so that all instances have what one was given; another file takes the place of the same part. */
  putModel(id: string, part: ModelPart, file: Uint8Array): Promise<void>;
  model(id: string, part: ModelPart): Promise<Uint8Array | undefined>;
  /** The ids, ordered, of those whose part `model` there is. */
  models(): Promise<string[]>;
  /** The least generation that is still accepted of a role and name, e.g. `device.pump-7`; 0 where nothing was revoked. */
  generation(holder: string): Promise<number>;
  /** Returns the new least generation. */
  revoke(holder: string): Promise<number>;
  /** Rejects with `STORE_UNAVAILABLE` unless it can be written to. */
  check(): Promise<void>;
  /** Resolves when what was begun has ended; afterwards every other method rejects with `STORE_UNAVAILABLE`. May be called again. */
  close(): Promise<void>;
}
