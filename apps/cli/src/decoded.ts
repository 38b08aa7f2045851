import { UsageError } from "@isthmus/command-line/node";
import { decodedArray, decodedCsv, decodedTable, isTableDescription, parseDescription, writeNpy } from "@isthmus/data";
import type { DecodedStream } from "@isthmus/compress";
import type { Model } from "@isthmus/graph";
import { extname } from "node:path";
import { picture, requireImages } from "./pictures.ts";

/**
 * Makes the bytes of a file of decoded items, `[items, ...shape]` as the network gives them. Where these are windows of
 * series, `streams` says what only fills up the last window of each.
 */
export type DecodedWriter = (values: Float32Array, items: number, streams?: readonly DecodedStream[]) => Uint8Array;

/**
 * How items that a model decodes are written to a file of this name, in the units of the data it was trained on: `.csv` the
 * same columns, categories by name, windows one after the other; `.npy` the same type and shape; `.png` a grid.
 */
export function decodedWriter(out: string, { data }: Pick<Model, "data">, shape: readonly number[]): DecodedWriter {
  const description = data && parseDescription(data);
  const kind = extname(out).toLowerCase();
  if (kind === ".png") {
    requireImages(shape);
    return (values) => picture({ shape, values });
  }
  if (kind === ".npy") return (values, _, streams) => writeNpy(decodedArray(description, shape, values, streams));
  if (kind !== ".csv") throw new UsageError(`--out expected a name ending in .csv, .npy or .png, got ${out}`);
  if (isTableDescription(description))
    return (values, _, streams) =>
      new TextEncoder().encode(decodedCsv(description, decodedTable(description, values, streams)));
  throw new UsageError(`--out ${out}: only a model that was trained on rows of a table writes .csv; take .npy or .png`);
}

/** The endings of files of values that items of this model can be written to, beside pictures. */
export function valueEndings({ data }: Pick<Model, "data">): readonly string[] {
  return isTableDescription(data && parseDescription(data)) ? [".npy", ".csv"] : [".npy"];
}
