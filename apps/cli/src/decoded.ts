import {
  arrayOf,
  type DataDescription,
  parseDescription,
  type TableDescription,
  tableOf,
  typedArray,
  writeCsv,
  writeNpy,
} from "@isthmus/data";
import type { Model } from "@isthmus/graph";
import { extname } from "node:path";
import { UsageError } from "./errors.ts";
import { picture, requireImages } from "./pictures.ts";

/** Makes the bytes of a file of decoded items, `[items, ...shape]` as the network gives them. */
export type DecodedWriter = (values: Float32Array, items: number) => Uint8Array;

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
  if (isTable(description)) return (values) => csvBytes(description, values);
  throw new UsageError(`--out ${out}: only a model that was trained on rows of a table writes .csv; take .npy or .png`);
}

function isTable(description: DataDescription | undefined): description is TableDescription {
  return description?.item.kind === "table";
}

function csvBytes(description: TableDescription, values: Float32Array): Uint8Array {
  const { delimiter, header } = description.writing;
  return new TextEncoder().encode(writeCsv(tableOf(description, values), { delimiter, header }));
}

function npyWriter(description: DataDescription | undefined, shape: readonly number[]): DecodedWriter {
  if (isTable(description)) return (values) => tableNpy(description, values);
  if (description?.item.kind === "array") {
    const array = description as Extract<DataDescription, { item: { kind: "array" } }>;
    return (values) => writeNpy(arrayOf(array, values));
  }
  return (values, items) => writeNpy({ shape: [items, ...shape], values });
}

/** `[rows, columns]`; of a category, its place among the names. */
function tableNpy(description: TableDescription, values: Float32Array): Uint8Array {
  const { rows, columns } = tableOf(description, values);
  const width = columns.length;
  const cell = (at: number) => columns[at % width]!.values[Math.floor(at / width)]!;
  return writeNpy({ shape: [rows, width], values: typedArray(description.writing.type, rows * width, cell) });
}
