import { readFrames, type Steps } from "@isthmus/codec";

/** What the frames of one or more streams say of themselves. */
export interface Claim {
  /** Whose the first is, as 16 hex digits. */
  readonly model: string;
  readonly items: number;
  /** Integers: few bytes may stand for very many. */
  readonly symbols: number;
}

/**
 * In steps, of which each is a frame: a body may hold a hundred thousand.
 *
 * @throws IsthmusError `BITSTREAM_*` with the `offset` in its details, for frames that are not whole
 */
export function* claimOf(bytes: Uint8Array): Steps<Claim> {
  let [model, items, symbols] = ["", 0, 0];
  for (const frame of readFrames(bytes)) {
    model ||= Buffer.from(frame.modelId).toString("hex");
    items += frame.items;
    symbols += frame.items * frame.dims;
    yield;
  }
  return { model, items, symbols };
}
