import { isUtf8 } from "node:buffer";
import { IsthmusError } from "@isthmus/math";
import { CsvError, parse } from "csv-parse/sync";
import { isMissingCell, numberOfCell } from "../number-cell.ts";
import { cellErrorAt, type Column, type Table } from "../table.ts";

export interface ReadCsvOptions {
  /** Where the bytes came from, for messages. */
  readonly name?: string;
  /** One character. Default: a comma. */
  readonly delimiter?: string;
  /** Whether the first record holds the names of the columns; else they are called 1, 2, ... Default: true. */
  readonly header?: boolean;
  /** Names of the columns to read. Default: all. The table has them in the order of the file. */
  readonly columns?: readonly string[];
  /** Names of the columns that are categories; the others are numbers. */
  readonly categorical?: readonly string[];
  /** Names that may also not be there. */
  readonly optional?: readonly string[];
}

/** The most bytes of a record: a quotation mark that is never closed is found after so many. */
const MOST_RECORD_BYTES = 2 ** 22;
const MOST_COLUMNS = 2 ** 16;

/**
 * Reads CSV text (RFC 4180): UTF-8 with or without a byte-order mark, lines that end in LF, CR LF or CR, fields in
 * quotation marks where they hold delimiters, line ends or quotation marks. Spaces around a field do not count; empty lines
 * are passed over. Missing is a field that is empty or one of NA, N/A, NaN, null, None, ?.
 *
 * @throws IsthmusError `DATA_CSV` naming the file, the row (from 1, the header not counted), the line and the column: text
 * that is not CSV or not UTF-8, rows of another length, a field that is no finite number, a column that is not there,
 * named twice, or more than 65536 columns or 4 MiB in a record.
 */
export function readCsv(bytes: Uint8Array, options: ReadCsvOptions = {}): Table {
  const { name = "CSV data", delimiter = ",", header = true } = options;
  if (delimiter.length !== 1 || /["\r\n]/.test(delimiter)) {
    throw new RangeError(
      `delimiter: expected one character, no quotation mark or line end, got ${JSON.stringify(delimiter)}`,
    );
  }
  if (!isUtf8(bytes)) throw new IsthmusError("DATA_CSV", `${name}: expected UTF-8 text`, { name });
  const reader = new Reader(name, header, options);
  try {
    parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), {
      bom: true,
      delimiter,
      max_record_size: MOST_RECORD_BYTES,
      relax_column_count: true,
      skip_empty_lines: true,
      on_record: (record: string[], { lines }) => {
        reader.take(record, lines);
        return null;
      },
    });
  } catch (error) {
    if (error instanceof CsvError) throw syntaxError(name, error);
    throw error;
  }
  return reader.table();
}

const SYNTAX: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: "a quotation mark is never closed",
  INVALID_OPENING_QUOTE: "a quotation mark inside a field that does not begin with one",
  CSV_INVALID_CLOSING_QUOTE: "text after the closing quotation mark of a field",
  CSV_MAX_RECORD_SIZE: `a record of more than ${MOST_RECORD_BYTES} bytes; is a quotation mark not closed?`,
};

function syntaxError(name: string, error: CsvError): IsthmusError {
  const line = error["lines"] as number | undefined;
  const what = SYNTAX[error.code] ?? error.message;
  const where = line === undefined ? "" : `line ${line}: `;
  return new IsthmusError("DATA_CSV", `${name}: ${where}${what}`, { name, line }, { cause: error });
}

/** One column as it is being read. */
interface Building {
  readonly name: string;
  /** Where it stands in a record. */
  readonly at: number;
  readonly values: number[];
  /** Category -> index in the order of appearance; none for numbers. */
  readonly categories?: Map<string, number>;
}

/** Takes one record after the other into columns. */
class Reader {
  private readonly name: string;
  private readonly header: boolean;
  private readonly options: ReadCsvOptions;
  private readonly lines: number[] = [];
  private columns: readonly Building[] = [];
  /** Fields of a record, known from the first. */
  private fields = 0;

  constructor(name: string, header: boolean, options: ReadCsvOptions) {
    this.name = name;
    this.header = header;
    this.options = options;
  }

  take(record: readonly string[], line: number): void {
    if (this.fields === 0) {
      this.begin(record);
      if (this.header) return;
    }
    this.lines.push(line);
    if (record.length !== this.fields) throw this.ragged(record.length, line);
    for (const column of this.columns) column.values.push(this.cell(column, record[column.at]!.trim(), line));
  }

  table(): Table {
    const { name } = this;
    if (this.lines.length === 0) throw new IsthmusError("DATA_CSV", `${name}: no rows`, { name });
    const columns = this.columns.map(finished);
    return { name, rows: this.lines.length, columns, lines: Int32Array.from(this.lines) };
  }

  private begin(first: readonly string[]): void {
    this.fields = first.length;
    if (this.fields > MOST_COLUMNS) throw this.error(`${this.fields} columns: at most ${MOST_COLUMNS} are read`);
    const names = first.map((text, at) => (this.header && text.trim()) || String(at + 1));
    const known = new Set<string>();
    for (const name of names) {
      if (known.has(name)) throw this.error(`two columns are called ${clipped(name)}`);
      known.add(name);
    }
    const { columns: chosen = names, categorical = [], optional = [] } = this.options;
    const absent = [...chosen, ...categorical].find((name) => !known.has(name));
    if (absent !== undefined) throw this.error(`no column ${clipped(absent)}; it has ${clippedList(names)}`);
    const wanted = new Set([...chosen, ...optional]);
    const categories = new Set([...categorical, ...optional]);
    this.columns = names
      .map((name, at) => ({ name, at, values: [], ...(categories.has(name) && { categories: new Map() }) }))
      .filter(({ name }) => wanted.has(name));
  }

  private cell({ name, categories }: Building, text: string, line: number): number {
    if (isMissingCell(text)) return categories ? -1 : Number.NaN;
    if (categories) return index(categories, text);
    const value = numberOfCell(text);
    if (!Number.isNaN(value)) return value;
    const place = { name: this.name, row: this.lines.length, line, column: name };
    const hint = /^[+-]?\d+,\d+$/.test(text) ? " (decimals are written with a point)" : "";
    throw cellErrorAt("DATA_CSV", place, `expected a number, got ${clipped(text)}${hint}`);
  }

  private ragged(got: number, line: number): IsthmusError {
    const what = `row ${this.lines.length} (line ${line}): expected ${this.fields} fields, got ${got}`;
    return this.error(what, { row: this.lines.length, line });
  }

  private error(what: string, details: Readonly<Record<string, unknown>> = {}): IsthmusError {
    return new IsthmusError("DATA_CSV", `${this.name}: ${what}`, { name: this.name, ...details });
  }
}

function index(categories: Map<string, number>, text: string): number {
  const known = categories.get(text);
  if (known !== undefined) return known;
  categories.set(text, categories.size);
  return categories.size - 1;
}

/** Categories are put in order: as numbers where all are, else by their characters. */
function finished({ name, values, categories }: Building): Column {
  if (!categories) return { name, kind: "number", values: Float64Array.from(values) };
  const names = [...categories.keys()];
  const numeric = names.every((text) => !Number.isNaN(numberOfCell(text)));
  const sorted = names.toSorted(numeric ? (a, b) => Number(a) - Number(b) : (a, b) => (a < b ? -1 : 1));
  const place = new Map(sorted.map((text, at) => [text, at]));
  const moved = Int32Array.from(names, (text) => place.get(text)!);
  return {
    name,
    kind: "category",
    categories: sorted,
    values: Int32Array.from(values, (at) => (at < 0 ? -1 : moved[at]!)),
  };
}

const SHOWN_TEXT = 40;
const SHOWN_NAMES = 20;

function clipped(text: string): string {
  return text.length > SHOWN_TEXT ? `${JSON.stringify(text.slice(0, SHOWN_TEXT))}...` : JSON.stringify(text);
}

function clippedList(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_NAMES).map(clipped).join(", ");
  return names.length > SHOWN_NAMES ? `${shown}, ... (${names.length} in all)` : shown;
}
