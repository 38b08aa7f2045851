/** Decoded items as files: what `isthmus decode` would write, and pictures as bytes. */
import { decodedArray, isTableDescription, writeNpy } from "@isthmus/data";
import { isImageShape, levels, pngGrid, pngOf } from "@isthmus/plot/png";
import type { SameShape } from "../decode/decoded.ts";
import type { ServedModel } from "../models/served-model.ts";
import { tableCsv } from "./table-csv.ts";
import { areImages } from "./model-json.ts";

export interface FileForm {
  readonly type: string;
  /** Whether a model's items can be had in this form. */
  readonly suits: (model: ServedModel) => boolean;
  /** Text in pieces of some milliseconds' work. */
  readonly content: (model: ServedModel, decoded: SameShape) => Uint8Array | Iterable<string>;
}

export const FILE_FORMS: readonly FileForm[] = [
  { type: "image/png", suits: ({ facts }) => isImageShape(facts.shape), content: (_, decoded) => png(decoded) },
  { type: "application/x-npy", suits: () => true, content: npy },
  { type: "text/csv", suits: ({ description }) => isTableDescription(description), content: tableCsv },
];

/** One picture as it is, several side by side. */
function png(decoded: SameShape): Uint8Array {
  const [{ shape }] = decoded;
  const [height, width, channels] = shape as readonly [number, number, number];
  const count = decoded.reduce((sum, one) => sum + one.count, 0);
  if (count === 1) return pngOf({ height, width, channels, pixels: bytesOf(decoded) });
  return pngGrid({ shape, values: Float32Array.from(bytesOf(decoded), (byte) => byte / 255) });
}

/** Images as bytes, [items, height, width, channels]; others as `decodedArray`. */
function npy(model: ServedModel, decoded: SameShape): Uint8Array {
  const [{ shape }] = decoded;
  if (decoded[0].values instanceof Uint8Array || areImages(model)) {
    const count = decoded.reduce((sum, one) => sum + one.count, 0);
    return writeNpy({ shape: [count, ...shape], values: bytesOf(decoded) });
  }
  return writeNpy(decodedArray(model.description, shape, floatsOf(decoded), partsOf(decoded)));
}

function partsOf(decoded: SameShape): { readonly items: number; readonly filledRows: number }[] {
  return decoded.map(({ count: items, filledRows }) => ({ items, filledRows }));
}

function floatsOf(decoded: SameShape): Float32Array {
  const all = new Float32Array(decoded.reduce((sum, { values }) => sum + values.length, 0));
  let at = 0;
  for (const { values } of decoded) {
    all.set(values, at);
    at += values.length;
  }
  return all;
}

function bytesOf(decoded: SameShape): Uint8Array {
  const parts = decoded.map(({ values }) => (values instanceof Uint8Array ? values : levels(values)));
  return parts.length === 1 ? parts[0]! : new Uint8Array(Buffer.concat(parts));
}
