import type { Table } from "./table.ts";

export interface WriteCsvOptions {
  /** One character. Default: a comma. */
  readonly delimiter?: string;
  /** Whether the names of the columns come first. Default: true. */
  readonly header?: boolean;
}

/** A table as CSV text (RFC 4180, lines end in LF): fields quoted where they must be, missing values empty. */
export function writeCsv(table: Table, { delimiter = ",", header = true }: WriteCsvOptions = {}): string {
  const quote = quoter(delimiter);
  const lines = header ? [table.columns.map(({ name }) => quote(name)).join(delimiter)] : [];
  const cells = table.columns.map((column) => {
    if (column.kind === "number") return (row: number) => numberText(column.values[row]!);
    const names = column.categories.map(quote);
    return (row: number) => names[column.values[row]!] ?? "";
  });
  for (let row = 0; row < table.rows; row++) lines.push(cells.map((cell) => cell(row)).join(delimiter));
  return lines.map((line) => `${line}\n`).join("");
}

function numberText(value: number): string {
  return Number.isNaN(value) ? "" : String(value);
}

function quoter(delimiter: string): (text: string) => string {
  return (text) => {
    const plain = text !== "" && text.trim() === text && !/["\r\n\ufeff]/.test(text) && !text.includes(delimiter);
    return plain ? text : `"${text.replaceAll('"', '""')}"`;
  };
}
