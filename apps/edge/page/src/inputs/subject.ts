/** What was put in: one or more whole items, not yet encoded. */
export interface Subject {
  /** Bytes of pictures, or numbers in the bundle's units. */
  readonly samples: Uint8Array | Float64Array;
  /** When it was taken, in microseconds since 1970. */
  readonly time: number;
  /** Bytes of the text or file that it came from, where that is a fair comparison. */
  readonly sourceBytes?: number;
}

export function nowInMicroseconds(): number {
  return Date.now() * 1000;
}
