/** What a stream holds, once it is known that it decodes. */
export interface StreamFacts {
  readonly items: number;
  /** Bytes that the items were before they were encoded. */
  readonly rawBytes: number;
}

/** A model as what arrives is checked by it. */
export interface CheckingModel {
  /** 16 hex digits. */
  readonly id: string;
  /**
   * Decodes a stream as far as integers go.
   *
   * @throws IsthmusError `BITSTREAM_*` with the `offset` in its details, for one that does not decode or holds more than is accepted
   */
  check(stream: Uint8Array): Promise<StreamFacts>;
}

/** The models that are there. */
export interface Models<M extends CheckingModel = CheckingModel> {
  /** Rejects with `STORE_UNAVAILABLE` where it cannot be known. */
  find(id: string): Promise<M | undefined>;
}
