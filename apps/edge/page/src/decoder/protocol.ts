import type { ItemShape } from "../shape.ts";

export interface DecoderFacts {
  /** 16 hex digits. */
  readonly model: string;
  readonly shape: ItemShape;
  readonly dims: number;
}

/** What the decoder's worker answers. */
export type DecoderMethods = {
  /** A model's `.safetensors` file. */
  readonly load: (file: Uint8Array) => Promise<DecoderFacts>;
  /** Symbols [dims] of one item at a quality to the item, in the network's own numbers. */
  readonly decode: (code: { readonly symbols: Int32Array; readonly quality: number }) => Promise<Float32Array>;
};
