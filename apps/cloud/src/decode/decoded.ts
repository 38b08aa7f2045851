/** What came out of one stream, as a network or a lossless coder gave it. */
export interface Decoded {
  /** How many: of the model's items, or one picture that has been put together of them. */
  readonly count: number;
  /** Of each: the model's own, or [height, width, channels] of the picture. */
  readonly shape: readonly number[];
  /** [count, ...shape]; bytes where they are exact. */
  readonly values: Float32Array | Uint8Array;
  /** Of a picture false: whether each is an item of the model's, with so many of the symbols. */
  readonly isPicture: boolean;
  /** The integers that were sent, of all; none of a lossless stream. */
  readonly symbols: Int32Array;
  /** Rows at the end that only fill up the last window of a series. */
  readonly filledRows: number;
}

/** Streams of one model whose items have one shape. */
export type SameShape = readonly [Decoded, ...Decoded[]];
