/** What networks make of latents, back in the user's units and forms. */
import { arrayOf, typedArray } from "./array-dataset.ts";
import { writeCsv } from "./csv-write.ts";
import {
  type ArrayDescription,
  type DataDescription,
  isTableDescription,
  type TableDescription,
} from "./description.ts";
import type { NpyArray } from "./npy.ts";
import { selectTableRows, type Table } from "./table.ts";
import { tableOf } from "./table-dataset.ts";

/** A stream that items came out of: how many, and how many rows at the end of the last one only fill it up. */
export interface DecodedPart {
  readonly items: number;
  readonly filledRows?: number;
}

/** How many rows of a series a part holds, in windows of so many: at least one of each window, whatever a stream claims. */
export function seriesRows({ items, filledRows = 0 }: DecodedPart, window: number): number {
  return Math.max(0, items * window - Math.min(filledRows, window - 1));
}

/**
 * Network numbers as a table, the windows of a series one after the other, without the rows that only fill up the last window of each
 * part.
 *
 * @param values [items, ...shape] of all parts
 * @throws RangeError when these are not whole rows
 */
export function decodedTable(
  description: TableDescription,
  values: Float32Array,
  parts: readonly DecodedPart[] = [],
): Table {
  const table = tableOf(description, values);
  const { window = 1 } = description.item;
  if (!parts.some(({ filledRows = 0 }) => filledRows > 0)) return table;
  const kept: number[] = [];
  let start = 0;
  for (const part of parts) {
    const rows = seriesRows(part, window);
    for (let row = 0; row < rows; row++) kept.push(start + row);
    start += part.items * window;
  }
  return selectTableRows(table, kept);
}

/** A table as CSV, as the file was written that it describes. */
export function decodedCsv({ writing: { delimiter, header } }: TableDescription, table: Table): string {
  return writeCsv(table, { delimiter, header });
}

/**
 * Network numbers as an array in the user's type and units: of a table [rows, columns], of a category its place among the names; of an
 * array [items, ...stored]. Without either of these descriptions the network's own, [items, ...shape].
 */
export function decodedArray(
  description: DataDescription | undefined,
  shape: readonly number[],
  values: Float32Array,
  parts: readonly DecodedPart[] = [],
): Pick<NpyArray, "shape" | "values"> {
  if (isTableDescription(description)) return tableArray(description, decodedTable(description, values, parts));
  if (description?.item.kind === "array") return arrayOf(description as ArrayDescription, values);
  const size = shape.reduce((product, length) => product * length, 1);
  return { shape: [values.length / size, ...shape], values };
}

function tableArray({ writing }: TableDescription, { rows, columns }: Table): Pick<NpyArray, "shape" | "values"> {
  const width = columns.length;
  const cell = (at: number): number => columns[at % width]!.values[Math.floor(at / width)]!;
  return { shape: [rows, width], values: typedArray(writing.type, rows * width, cell) };
}
