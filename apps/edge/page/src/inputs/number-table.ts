import { IsthmusError } from "@isthmus/math";

/** Rows of numbers out of a text file. */
export interface NumberTable {
  readonly columns: number;
  readonly rows: number;
  /** [rows, columns]; NaN where one is missing. */
  readonly values: Float64Array;
  /** Of the first line, where that is no row of numbers. */
  readonly names?: readonly string[];
}

const MISSING: ReadonlySet<string> = new Set(["", "na", "n/a", "nan", "null", "none", "?"]);
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * Lines of numbers with commas, semicolons or tabs between them; the first line may name the columns. Empty lines are passed over.
 *
 * @throws IsthmusError `DATA_CSV` naming line and column: a cell that is no number, rows of another length, or no row at all
 */
export function numberTable(text: string): NumberTable {
  const lines = text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\n|\r/)
    .map((line, i) => ({ line, number: i + 1 }))
    .filter(({ line }) => line.trim() !== "");
  const delimiter = [";", "\t"].find((one) => lines[0]?.line.includes(one)) ?? ",";
  const records = lines.map(({ line, number }) => ({ number, cells: line.split(delimiter).map(plain) }));
  const hasNames = records[0]?.cells.some((cell) => Number.isNaN(numberOf(cell)) && !isMissing(cell)) ?? false;
  const rows = records.slice(hasNames ? 1 : 0);
  if (rows.length === 0) throw new IsthmusError("DATA_CSV", "it has no row of numbers");
  const columns = records[0]!.cells.length;
  const values = new Float64Array(rows.length * columns);
  rows.forEach(({ cells, number }, row) => {
    if (cells.length !== columns) {
      throw new IsthmusError("DATA_CSV", `line ${number}: ${cells.length} cells, the first line has ${columns}`);
    }
    cells.forEach((cell, column) => {
      values[row * columns + column] = cellValue(cell, number, column);
    });
  });
  return { columns, rows: rows.length, values, ...(hasNames && { names: records[0]!.cells }) };
}

function plain(cell: string): string {
  return cell.trim().replace(/^"(.*)"$/, "$1");
}

function isMissing(cell: string): boolean {
  return MISSING.has(cell.toLowerCase());
}

function numberOf(cell: string): number {
  return NUMBER.test(cell) ? Number(cell) : NaN;
}

function cellValue(cell: string, line: number, column: number): number {
  if (isMissing(cell)) return NaN;
  const value = numberOf(cell);
  if (Number.isFinite(value)) return value;
  throw new IsthmusError(
    "DATA_CSV",
    `line ${line}, column ${column + 1}: expected a number, got ${JSON.stringify(cell)}`,
  );
}
