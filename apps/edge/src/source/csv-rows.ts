import { isMissingCell, numberOfCell } from "@isthmus/data";
import type { LinesConfig } from "../config/config.ts";
import { clipped, LineError } from "./line-error.ts";
import type { RowReader, ReadRow } from "./row-reader.ts";
import { timeOf } from "./times.ts";

/** Lines of CSV to rows. The first names the columns where there is a header; wherever it comes again it is passed over. */
export class CsvRows implements RowReader {
  readonly #config: LinesConfig;
  #header: string | undefined;
  /** Where each wanted column stands, and the time. */
  #places: readonly number[] | undefined;
  #timeAt: number | undefined;
  #fields = 0;
  /** What is wrong with the header, and so with all lines below it. */
  #broken: LineError | undefined;

  constructor(config: LinesConfig) {
    this.#config = config;
  }

  read(line: string): ReadRow | undefined {
    if (line === this.#header || line.trim() === "") return undefined;
    const cells = splitCsv(line, this.#config.delimiter);
    if (this.#broken) throw this.#broken;
    if (!this.#places) {
      this.#begin(cells);
      if (this.#broken) throw this.#broken;
      this.#header = this.#config.header ? line : undefined;
      if (this.#config.header) return undefined;
    }
    if (cells.length !== this.#fields) throw new LineError(`expected ${this.#fields} fields, got ${cells.length}`);
    const values = this.#places!.map((at) => valueOf(cells[at]!));
    return { values, ...(this.#timeAt !== undefined && { time: timeOf(cells[this.#timeAt]!, this.#config.timeUnit) }) };
  }

  begin(): void {
    this.#places = undefined;
    this.#header = undefined;
    this.#broken = undefined;
  }

  #begin(first: readonly string[]): void {
    const { header, columns, time } = this.#config;
    const names = header
      ? first.map((name, i) => name.replace(i === 0 ? /^\uFEFF/ : "", ""))
      : first.map((_, i) => String(i + 1));
    const wanted = columns ?? names.filter((name) => name !== time);
    const absent = [...wanted, ...(time === undefined ? [] : [time])].find((name) => !names.includes(name));
    if (absent !== undefined) {
      this.#broken = new LineError(
        `no column ${clipped(absent)}; there are ${names.slice(0, 20).map(clipped).join(", ")}`,
      );
    }
    this.#timeAt = time === undefined ? undefined : names.indexOf(time);
    this.#places = wanted.map((name) => names.indexOf(name));
    this.#fields = first.length;
  }
}

/** NaN where it is missing. */
function valueOf(cell: string): number {
  const value = numberOfCell(cell);
  if (!Number.isNaN(value) || isMissingCell(cell)) return value;
  throw new LineError(`expected a number, got ${clipped(cell)}`);
}

/** The cells of a line (RFC 4180), without spaces around them. @throws LineError a quotation mark that is not closed */
function splitCsv(line: string, delimiter: string): string[] {
  if (!line.includes('"')) return line.split(delimiter).map((cell) => cell.trim());
  const cells: string[] = [];
  for (let at = 0; at <= line.length;) {
    const isQuoted = /^\s*"/.test(line.slice(at));
    const begin = isQuoted ? line.indexOf('"', at) + 1 : at;
    let close = isQuoted ? line.indexOf('"', begin) : begin;
    while (isQuoted && line[close + 1] === '"') close = line.indexOf('"', close + 2);
    if (close < 0) throw new LineError("a quotation mark is never closed");
    const end = line.indexOf(delimiter, close);
    const stop = end < 0 ? line.length : end;
    cells.push(isQuoted ? line.slice(begin, close).replaceAll('""', '"') : line.slice(begin, stop).trim());
    at = stop + 1;
  }
  return cells;
}
