import { IsthmusError } from "@isthmus/math";
import type { Dataset } from "./dataset.ts";
import {
  columnWidth,
  describedShape,
  DESCRIPTION_VERSION,
  type FeatureColumn,
  type MissingPolicy,
  rowWidth,
  type TableDescription,
} from "./description.ts";
import { standardised, type Standardisation, statistics } from "./standardisation.ts";
import {
  type CategoryColumn,
  cellError,
  type Column,
  columnOf,
  isMissing,
  type NumberColumn,
  type Table,
} from "./table.ts";
import { shortestFloat } from "./shortest-float.ts";
import { slidingWindows } from "./windows.ts";

export interface DescribeTableOptions {
  /** Rows to fit means, ranges and fills on: the training part. Default: all. */
  readonly trainRows?: ArrayLike<number>;
  /** Default: `"mean"`. */
  readonly standardise?: Standardisation;
  /** Default: `"refuse"`. */
  readonly missing?: MissingPolicy;
  /** Name of a category column that is the label and no feature. */
  readonly label?: string;
  /** Rows per item, for a series. */
  readonly window?: number;
  readonly writing?: Partial<TableDescription["writing"]>;
  readonly source?: TableDescription["source"];
}

/** The most names one column of categories may have; more are hardly categories, and each is a feature. */
const MOST_CATEGORIES = 1024;
/** The most features of a row. */
const MOST_FEATURES = 2 ** 20;

/**
 * Fits the description of a table: categories of all rows, means or ranges of the training rows.
 *
 * @throws IsthmusError `DATA_TABLE` for a column without a value, too many categories or features, or a missing value
 * where these are refused; RangeError for options that do not fit.
 */
export function describeTable(table: Table, options: DescribeTableOptions = {}): TableDescription {
  const { standardise = "mean", missing = "refuse", label, window, writing, source = {} } = options;
  const trainRows = Int32Array.from(options.trainRows ?? Array.from({ length: table.rows }, (_, row) => row));
  if (window !== undefined && missing === "drop") {
    throw new RangeError(`missing: "drop" would tear a series apart; use "mean" or "refuse"`);
  }
  const features = table.columns.filter(({ name }) => name !== label);
  if (features.length === 0) throw new IsthmusError("DATA_TABLE", `${table.name}: no column is left to learn from`);
  const columns = features.map((column) => featureColumn(table, column, trainRows, standardise));
  const width = rowWidth({ columns });
  if (width > MOST_FEATURES) {
    throw new IsthmusError("DATA_TABLE", `${table.name}: ${width} features: at most ${MOST_FEATURES} are read`);
  }
  return {
    version: DESCRIPTION_VERSION,
    item: {
      kind: "table",
      columns,
      ...(window !== undefined && { window }),
      ...(label !== undefined && { labels: { column: label, classes: classesOf(table, label) } }),
    },
    reading: { missing, ...(missing === "mean" && { fills: features.map((column) => fillOf(column, trainRows)) }) },
    writing: { delimiter: ",", header: true, type: "f64", ...writing },
    source,
  };
}

function classesOf(table: Table, label: string): readonly string[] {
  const column = columnOf(table, label);
  if (column?.kind !== "category") throw new RangeError(`label: expected a column of categories, got ${label}`);
  return column.categories;
}

function featureColumn(table: Table, column: Column, rows: Int32Array, standardise: Standardisation): FeatureColumn {
  if (column.kind === "number")
    return { kind: "number", name: column.name, ...fitted(table, column, rows, standardise) };
  const { name, categories } = column;
  if (categories.length === 0) throw noValues(table, name);
  if (categories.length > MOST_CATEGORIES) {
    const what = `${categories.length} different categories: at most ${MOST_CATEGORIES} are read`;
    throw new IsthmusError("DATA_TABLE", `${table.name}: column ${JSON.stringify(name)}: ${what}`, { column: name });
  }
  return { kind: "category", name, categories };
}

function fitted(table: Table, { name, values }: NumberColumn, rows: Int32Array, standardise: Standardisation) {
  const found = statistics(ofRows(values, rows));
  if (found.count === 0) throw noValues(table, name);
  return standardised(found, standardise);
}

function ofRows(values: Float64Array, rows: Int32Array): Float64Array {
  return Float64Array.from(rows, (row) => values[row]!);
}

function noValues(table: Table, column: string): IsthmusError {
  const message = `${table.name}: column ${JSON.stringify(column)} has no value in the training part`;
  return new IsthmusError("DATA_TABLE", message, { name: table.name, column });
}

function fillOf(column: Column, rows: Int32Array): number | string {
  if (column.kind === "number") return statistics(ofRows(column.values, rows)).mean;
  const counts = column.categories.map(() => 0);
  for (const row of rows) if (column.values[row]! >= 0) counts[column.values[row]!]!++;
  return column.categories[counts.indexOf(Math.max(...counts))]!;
}

export interface TableDatasetOptions {
  /** Rows from one window to the next, at least 1. Default: the window, so that no row is in two. */
  readonly stride?: number;
  /**
   * Fills up a last window that is not whole with the last row again, where windows do not overlap; else its rows are left
   * out.
   */
  readonly fillLast?: boolean;
}

/**
 * A table as a data set: items of shape [features], or [window, features] for a series. Columns are found by name,
 * others ignored.
 *
 * @throws IsthmusError `DATA_TABLE` naming file, row and column: a column that is not there, a missing value that is
 * refused, a category that was not there when the description was fitted, a number beyond float32; or a series that is
 * shorter than a window.
 */
export function tableDataset(
  description: TableDescription,
  table: Table,
  { stride, fillLast = false }: TableDatasetOptions = {},
): Dataset {
  const { item } = description;
  const features = rowWidth(item);
  const rows = featureRows(description, table);
  const windows =
    item.window === undefined
      ? rows
      : slidingWindows(rows, features, { window: item.window, stride: stride ?? item.window, fillLast });
  const size = features * (item.window ?? 1);
  if (item.window !== undefined && windows.length === 0) {
    const message = `${table.name}: ${table.rows} rows are less than one window of ${item.window}`;
    throw new IsthmusError("DATA_TABLE", message, { rows: table.rows, window: item.window });
  }
  const filledRows = fillLast && item.window !== undefined ? windows.length / features - table.rows : 0;
  return {
    name: table.name,
    items: windows.length / size,
    ...(filledRows > 0 && { filledRows }),
    shape: describedShape(description),
    values: windows,
    scale: 1,
    ...(item.window === undefined && labelsOf(description, table)),
    description,
    provenance: { source: `${table.name}, ${table.rows} rows` },
  };
}

function labelsOf(
  { item }: TableDescription,
  table: Table,
): Pick<Dataset, "labels" | "classes" | "classNames"> | undefined {
  const column = item.labels && columnOf(table, item.labels.column);
  if (!item.labels || column?.kind !== "category") return undefined;
  const { classes } = item.labels;
  const labels = Int32Array.from({ length: table.rows }, (_, row) => {
    if (isMissing(column, row)) throw cellError(table, row, column.name, "the label is missing");
    return knownCategory(table, column, row, classes);
  });
  return { labels, classes: classes.length, classNames: classes };
}

/** Network numbers, [rows, features]. */
function featureRows({ item, reading }: TableDescription, table: Table): Float32Array {
  const width = rowWidth(item);
  const out = new Float32Array(table.rows * width);
  let at = 0;
  item.columns.forEach((column, index) => {
    const found = columnOf(table, column.name);
    if (found?.kind !== column.kind) throw missingColumn(table, column);
    const write = { table, out, at, width, fill: reading.fills?.[index] };
    if (column.kind === "number") writeNumbers(write, column, found as NumberColumn);
    else writeCategories(write, column.categories, found as CategoryColumn);
    at += columnWidth(column);
  });
  return out;
}

function missingColumn(table: Table, { kind, name }: FeatureColumn): IsthmusError {
  const names = table.columns.slice(0, 20).map((column) => JSON.stringify(column.name));
  const has = `it has ${names.join(", ")}${table.columns.length > names.length ? ", ..." : ""}`;
  const what = kind === "number" ? "numbers" : "categories";
  return new IsthmusError("DATA_TABLE", `${table.name}: no column ${JSON.stringify(name)} of ${what}; ${has}`, {
    column: name,
  });
}

/** Where one column's features go: from element `at` of each row of `width`. */
interface Target {
  readonly table: Table;
  readonly out: Float32Array;
  readonly at: number;
  readonly width: number;
  readonly fill: number | string | undefined;
}

type NumberFeature = Extract<FeatureColumn, { kind: "number" }>;

function writeNumbers(
  { table, out, at, width, fill }: Target,
  { offset, scale }: NumberFeature,
  column: NumberColumn,
): void {
  for (let row = 0; row < table.rows; row++) {
    const given = column.values[row]!;
    if (Number.isNaN(given) && fill === undefined) throw refused(table, row, column.name);
    const value = Number.isNaN(given) ? (fill as number) : given;
    const feature = Math.fround(scale === 0 ? 0 : (value - offset) / scale);
    if (!Number.isFinite(feature)) throw cellError(table, row, column.name, `${value} is too large for float32`);
    out[row * width + at] = feature;
  }
}

function writeCategories(
  { table, out, at, width, fill }: Target,
  categories: readonly string[],
  column: CategoryColumn,
): void {
  for (let row = 0; row < table.rows; row++) {
    const missing = isMissing(column, row);
    if (missing && fill === undefined) throw refused(table, row, column.name);
    const category = missing ? categories.indexOf(fill as string) : knownCategory(table, column, row, categories);
    out[row * width + at + category] = 1;
  }
}

function refused(table: Table, row: number, column: string): IsthmusError {
  return cellError(table, row, column, "the value is missing");
}

function knownCategory(table: Table, column: CategoryColumn, row: number, known: readonly string[]): number {
  const given = column.categories[column.values[row]!]!;
  const index = column.categories === known ? column.values[row]! : known.indexOf(given);
  if (index >= 0) return index;
  const names = known.slice(0, 8).map((name) => JSON.stringify(name));
  const expected = `${names.join(", ")}${known.length > names.length ? ", ..." : ""}`;
  throw cellError(table, row, column.name, `expected one of ${expected}, got ${JSON.stringify(given)}`);
}

/**
 * Network numbers back as a table in the user's units: numbers by offset and scale, of each category's features the
 * largest decides. The windows of a series are put one after the other.
 *
 * @param values [items, ...shape] of the data set, such as reconstructions
 * @throws RangeError when these are not whole rows.
 */
export function tableOf({ item }: TableDescription, values: Float32Array, name = "decoded"): Table {
  const width = rowWidth(item);
  const rows = values.length / width;
  if (!Number.isInteger(rows)) throw new RangeError(`values: expected rows of ${width} features, got ${values.length}`);
  let at = 0;
  const columns = item.columns.map((column): Column => {
    const start = at;
    at += columnWidth(column);
    if (column.kind === "category") return readCategories(column, values, { rows, width, start });
    const numbers = Float64Array.from({ length: rows }, (_, row) => unscaled(values[row * width + start]!, column));
    return { name: column.name, kind: "number", values: numbers };
  });
  return { name, rows, columns };
}

/**
 * x = offset + scale * y, without digits that float32's y does not have: as y's last bits stand for about 1e-7 of the
 * scale, x is rounded to six decimals of it.
 */
function unscaled(y: number, { offset, scale }: NumberFeature): number {
  if (scale === 0) return offset;
  if (offset === 0 && scale === 1) return shortestFloat(y);
  const x = offset + scale * y;
  const decimals = 6 - Math.floor(Math.log10(scale));
  return decimals < 0 || decimals > 100 ? x : Number(x.toFixed(decimals));
}

function readCategories(
  { name, categories }: Extract<FeatureColumn, { kind: "category" }>,
  values: Float32Array,
  { rows, width, start }: { readonly rows: number; readonly width: number; readonly start: number },
): CategoryColumn {
  const largest = (row: number) => {
    const block = values.subarray(row * width + start, row * width + start + categories.length);
    return block.reduce((best, value, index) => (value > block[best]! ? index : best), 0);
  };
  return { name, kind: "category", categories, values: Int32Array.from({ length: rows }, (_, row) => largest(row)) };
}
