import {
  arrayOf,
  type ArrayDescription,
  isTableDescription,
  shortestFloat,
  type Table,
  type TableDescription,
  tableOf,
} from "@isthmus/data";
import { elementCount } from "@isthmus/graph";
import { isImageShape, levels } from "@isthmus/plot/png";
import type { Decoded } from "../decode/decoded.ts";
import type { ServedModel } from "../models/served-model.ts";

/** An item as JSON has it. */
export interface ItemJson {
  /** In the data's own units, row after row; of a category its name. */
  readonly values: readonly (number | string)[];
  /** The integers that the device sent. */
  readonly code: readonly number[];
  /** Of a picture, [height, width, channels]: it is not as large as the model's items. */
  readonly shape?: readonly number[];
}

/** Whether decoded items are shown as bytes, 0 to 255. */
export function areImages({ facts, description }: Pick<ServedModel, "facts" | "description">): boolean {
  if (description) return description.item.kind === "images";
  return isImageShape(facts.shape);
}

/** The items of a stream, or the one picture that it is of. */
export function itemsJson(model: ServedModel, decoded: Decoded): ItemJson[] {
  const { count, shape, symbols, isPicture } = decoded;
  const values = valuesOf(model, decoded);
  const dims = symbols.length / Math.max(count, 1);
  return Array.from({ length: count }, (_, item) => ({
    values: values(item),
    code: Array.from(symbols.subarray(item * dims, (item + 1) * dims)),
    ...(isPicture && { shape }),
  }));
}

/** Of each item, by its place. */
function valuesOf(
  model: ServedModel,
  { shape, values, filledRows, count }: Decoded,
): (item: number) => (number | string)[] {
  const { description } = model;
  if (isTableDescription(description)) {
    const table = tableOf(description, values as Float32Array);
    const { window = 1 } = description.item;
    return (item) => rows(table, item * window, (item + 1) * window - (item === count - 1 ? filledRows : 0));
  }
  const size = elementCount(shape);
  const numbers = numbersOf(model, values);
  return (item) => Array.from(numbers.subarray(item * size, (item + 1) * size) as Float64Array, Number);
}

/** All items' numbers; of float32 those with the fewest digits. */
function numbersOf(model: ServedModel, values: Float32Array | Uint8Array) {
  if (values instanceof Uint8Array) return values;
  if (areImages(model)) return levels(values);
  const { description } = model;
  const array = description?.item.kind === "array" ? arrayOf(description as ArrayDescription, values).values : values;
  return array instanceof Float32Array ? Float64Array.from(array, shortestFloat) : array;
}

function rows({ columns }: Table, from: number, to: number): (number | string)[] {
  return Array.from({ length: Math.max(to - from, 0) }, (_, row) => row + from).flatMap((row) =>
    columns.map((column) => (column.kind === "number" ? column.values[row]! : column.categories[column.values[row]!]!)),
  );
}

/** A model as lists and pages have it. */
export interface ModelJson {
  readonly id: string;
  readonly kind: string;
  /** Of an item in the data's own units: [rows, columns] of a table. */
  readonly shape: readonly number[];
  readonly data:
    | { readonly kind: "images" | "array" }
    | { readonly kind: "table"; readonly columns: readonly string[] };
}

export function modelJson(model: ServedModel): ModelJson {
  const { facts, description } = model;
  const { id, kind, shape } = facts;
  if (isTableDescription(description)) return { id, kind, ...tableJson(description) };
  return { id, kind, shape, data: { kind: areImages(model) ? "images" : "array" } };
}

function tableJson({ item }: TableDescription): Pick<ModelJson, "shape" | "data"> {
  const columns = item.columns.map(({ name }) => name);
  return { shape: [item.window ?? 1, columns.length], data: { kind: "table", columns } };
}
