import type { Decoded } from "../decode/decoded.ts";
import type { ServedModel } from "../models/served-model.ts";
import { DecodedNumbers } from "./decoded-numbers.ts";

/** Codes that are written at once. */
const BLOCK = 2 ** 13;

/**
 * The items of streams as JSON, with commas between them, in pieces of some milliseconds' work: `values`, the decoded numbers in the data's own
 * units; `code`, the integers that the device sent; and of a picture, which is not as large as the model's items, its `shape`.
 */
export function* itemsJson(model: ServedModel, streams: readonly Decoded[]): Generator<string> {
  let separator = "";
  for (const decoded of streams) {
    const values = new DecodedNumbers(model, decoded);
    for (let item = 0; item < decoded.count; item++) {
      yield `${separator}{"values":[`;
      yield* valuesJson(values, item);
      yield `],"code":[`;
      yield* codeJson(decoded, item);
      yield decoded.isPicture ? `],"shape":${JSON.stringify(decoded.shape)}}` : "]}";
      separator = ",";
    }
  }
}

function* valuesJson(values: DecodedNumbers, item: number): Generator<string> {
  let separator = "";
  for (const piece of values.pieces(item * values.ofItem, (item + 1) * values.ofItem)) {
    yield `${separator}${JSON.stringify(piece).slice(1, -1)}`;
    separator = ",";
  }
}

function* codeJson({ symbols, count }: Decoded, item: number): Generator<string> {
  const dims = symbols.length / count;
  const end = (item + 1) * dims;
  for (let at = item * dims; at < end; at += BLOCK) {
    yield `${at > item * dims ? "," : ""}${symbols.subarray(at, Math.min(at + BLOCK, end)).join(",")}`;
  }
}
