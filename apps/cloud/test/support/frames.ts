import { writeFrame, writeParcel } from "@isthmus/codec";
import type { Models } from "../../src/models/served-model.ts";

export const KNOWN_MODEL = "0011223344556677";

/** A stream of one item of one raw symbol of 8 bits. */
export function streamOf(symbol: number, model = KNOWN_MODEL): Uint8Array {
  const frame = {
    modelId: Buffer.from(model, "hex"),
    coding: "raw",
    quality: 0,
    items: 1,
    dims: 1,
    sequence: 0,
  } as const;
  return writeFrame({ ...frame, last: true, payloads: [Uint8Array.of(8, symbol & 255)], ancillary: [] });
}

export function parcelOf(device: string, sequence: number, stream = streamOf(sequence)): Uint8Array {
  return writeParcel({ device, sequence, time: sequence, stream });
}

/** One model, in whose streams everything is right. */
export const oneModel: Models = {
  find: (id) =>
    Promise.resolve(id === KNOWN_MODEL ? { id, check: () => Promise.resolve({ items: 1, rawBytes: 28 }) } : undefined),
};
