import { IsthmusError } from "@isthmus/math";

/** Named columns of equal length. */
export interface Table {
  /** Where it came from, for messages: the file's name. */
  readonly name: string;
  readonly rows: number;
  readonly columns: readonly Column[];
  /** `[rows]`: the line of the file that each row ends on, where it came from text. */
  readonly lines?: Int32Array;
  /** `[rows]`: the number of each row in the file, from 1, where some were left out. */
  readonly numbers?: Int32Array;
}

export type Column = NumberColumn | CategoryColumn;

export interface NumberColumn {
  readonly name: string;
  readonly kind: "number";
  /** `[rows]`; NaN where the value is missing. */
  readonly values: Float64Array;
}

export interface CategoryColumn {
  readonly name: string;
  readonly kind: "category";
  readonly categories: readonly string[];
  /** `[rows]`: an index into `categories`; -1 where the value is missing. */
  readonly values: Int32Array;
}

/** The rows `rows` in their order, copied. */
export function selectTableRows(table: Table, rows: ArrayLike<number>): Table {
  const order = Int32Array.from(rows);
  return {
    ...table,
    rows: order.length,
    columns: table.columns.map((column) => withRows(column, order)),
    numbers: order.map((row) => table.numbers?.[row] ?? row + 1),
    ...(table.lines && { lines: order.map((row) => table.lines![row]!) }),
  };
}

function withRows(column: Column, order: Int32Array): Column {
  if (column.kind === "number") {
    return { ...column, values: Float64Array.from(order, (row) => column.values[row]!) };
  }
  return { ...column, values: order.map((row) => column.values[row]!) };
}

/** The table without the rows that lack a value. */
export function dropMissing(table: Table): Table {
  const whole = (row: number) => table.columns.every((column) => !isMissing(column, row));
  const rows = Array.from({ length: table.rows }, (_, row) => row).filter(whole);
  return rows.length === table.rows ? table : selectTableRows(table, rows);
}

export function isMissing(column: Column, row: number): boolean {
  return column.kind === "number" ? Number.isNaN(column.values[row]) : column.values[row] === -1;
}

/** The column of a name. */
export function columnOf(table: Table, name: string): Column | undefined {
  return table.columns.find((column) => column.name === name);
}

/**
 * The table `[rows, columns]` of row-major numbers, columns named 1, 2, ...; NaN is a missing value.
 *
 * @throws IsthmusError `DATA_TABLE` for an infinite value; RangeError when there are not whole rows.
 */
export function tableOfNumbers(name: string, values: ArrayLike<number>, columns: number): Table {
  const rows = columns > 0 ? values.length / columns : 0;
  if (!Number.isInteger(rows) || columns < 1) {
    throw new RangeError(`columns: expected a divisor of ${values.length}, got ${columns}`);
  }
  const made = Array.from({ length: columns }, (_, column): NumberColumn => {
    const cells = Float64Array.from({ length: rows }, (_unused, row) => values[row * columns + column]!);
    return { name: String(column + 1), kind: "number", values: cells };
  });
  const table: Table = { name, rows, columns: made };
  for (const column of made) requireFinite(table, column);
  return table;
}

function requireFinite(table: Table, column: NumberColumn): void {
  const row = column.values.findIndex((value) => value === Infinity || value === -Infinity);
  if (row >= 0) throw cellError(table, row, column.name, `expected a finite number, got ${column.values[row]}`);
}

/** An error about one cell: names file, row (from 1, the header not counted), line where there is one, and column. */
export function cellError(
  { name, lines, numbers }: Pick<Table, "name" | "lines" | "numbers">,
  row: number,
  column: string,
  what: string,
): IsthmusError {
  return cellErrorAt("DATA_TABLE", { name, row: numbers?.[row] ?? row + 1, line: lines?.[row], column }, what);
}

/** Where a cell is, for people. */
interface CellPlace {
  readonly name: string;
  readonly row: number;
  readonly line?: number | undefined;
  readonly column: string;
}

export function cellErrorAt(code: "DATA_TABLE" | "DATA_CSV", place: CellPlace, what: string): IsthmusError {
  const { name, row, line, column } = place;
  const where = `row ${row}${line === undefined ? "" : ` (line ${line})`}, column ${JSON.stringify(column)}`;
  return new IsthmusError(code, `${name}: ${where}: ${what}`, { ...place });
}
