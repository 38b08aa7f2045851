import type { ItemShape } from "../shape.ts";

/** What a bundle is of, and what it makes. */
export interface EncoderFacts {
  /** 16 hex digits. */
  readonly model: string;
  readonly shape: ItemShape;
  /** Which of the model's qualities it encodes at. */
  readonly quality: number;
  /** Symbols of an item. */
  readonly dims: number;
  /** Of each dimension, the symbols that its table has a frequency for: the least and the largest. */
  readonly ranges: readonly (readonly [least: number, largest: number])[];
  /** Whether samples are in units of the model's data; else they are the network's own numbers, and bytes stand for b / 255. */
  readonly hasUnits: boolean;
  readonly kernels: "wasm" | "javascript";
  /** Of the bundle. */
  readonly bytes: number;
}

export interface Encoded {
  readonly stream: Uint8Array<ArrayBuffer>;
  /** [items, dims], read back from the stream. */
  readonly symbols: Int32Array;
  readonly items: number;
  /** What one encoding of all items took. */
  readonly milliseconds: number;
}

/** What the encoder's worker answers. */
export type EncoderMethods = {
  /** From then on the worker encodes with this bundle. */
  readonly load: (bundle: Uint8Array) => Promise<EncoderFacts>;
  /** One or more whole items. */
  readonly encode: (samples: Uint8Array | Float64Array) => Encoded;
};
