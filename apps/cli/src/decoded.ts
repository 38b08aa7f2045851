import {
  arrayOf,
  type DataDescription,
  parseDescription,
  selectTableRows,
  type Table,
  type TableDescription,
  tableOf,
  typedArray,
  writeCsv,
  writeNpy,
} from "@isthmus/data";
import type { DecodedStream } from "@isthmus/compress";
import type { Model } from "@isthmus/graph";
import { extname } from "node:path";
import { UsageError } from "./errors.ts";
import { picture, requireImages } from "./pictures.ts";
import { isTableDescription } from "./user-data.ts";

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
  if (kind === ".npy") return npyWriter(description, shape);
  if (kind !== ".csv") throw new UsageError(`--out expected a name ending in .csv, .npy or .png, got ${out}`);
  if (isTableDescription(description))
    return (values, _, streams) => csvBytes(description, rowsOf(description, values, streams));
  throw new UsageError(`--out ${out}: only a model that was trained on rows of a table writes .csv; take .npy or .png`);
}

/** The endings of files of values that items of this model can be written to, beside pictures. */
export function valueEndings({ data }: Pick<Model, "data">): readonly string[] {
  return isTableDescription(data && parseDescription(data)) ? [".npy", ".csv"] : [".npy"];
}

function csvBytes({ writing: { delimiter, header } }: TableDescription, table: Table): Uint8Array {
  return new TextEncoder().encode(writeCsv(table, { delimiter, header }));
}

function rowsOf(description: TableDescription, values: Float32Array, streams: readonly DecodedStream[] = []): Table {
  const table = tableOf(description, values);
  const { window = 1 } = description.item;
  if (!streams.some(({ filledRows = 0 }) => filledRows > 0)) return table;
  const kept: number[] = [];
  let start = 0;
  for (const { items, filledRows = 0 } of streams) {
    const end = start + items * window;
    for (let row = start; row < end - Math.min(filledRows, window - 1); row++) kept.push(row);
    start = end;
  }
  return selectTableRows(table, kept);
}

function npyWriter(description: DataDescription | undefined, shape: readonly number[]): DecodedWriter {
  if (isTableDescription(description))
    return (values, _, streams) => tableNpy(description, rowsOf(description, values, streams));
  if (description?.item.kind === "array") {
    const array = description as Extract<DataDescription, { item: { kind: "array" } }>;
    return (values) => writeNpy(arrayOf(array, values));
  }
  return (values, items) => writeNpy({ shape: [items, ...shape], values });
}

/** `[rows, columns]`; of a category, its place among the names. */
function tableNpy({ writing }: TableDescription, { rows, columns }: Table): Uint8Array {
  const width = columns.length;
  const cell = (at: number) => columns[at % width]!.values[Math.floor(at / width)]!;
  return writeNpy({ shape: [rows, width], values: typedArray(writing.type, rows * width, cell) });
}
