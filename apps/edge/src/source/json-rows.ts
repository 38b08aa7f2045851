import type { LinesConfig } from "../config/config.ts";
import { clipped, LineError } from "./line-error.ts";
import type { ReadRow, RowReader } from "./row-reader.ts";
import { timeOf } from "./times.ts";

/** Lines of JSON to rows: each an array of numbers, or an object of which some members are. `null`, and what is not there, is missing. */
export class JsonRows implements RowReader {
  readonly #config: LinesConfig;
  /** Of objects; without a configured list the members of the first. */
  #columns: readonly string[] | undefined;

  constructor(config: LinesConfig) {
    this.#config = config;
    this.#columns = config.columns;
  }

  read(line: string): ReadRow | undefined {
    if (line.trim() === "") return undefined;
    const json = parsed(line);
    if (typeof json === "number") return { values: [json] };
    if (Array.isArray(json)) return { values: this.#chosen(json as unknown[]).map(valueOf) };
    if (typeof json === "object" && json !== null) return this.#ofObject(json as Record<string, unknown>);
    throw new LineError(`expected an array or an object, got ${clipped(line)}`);
  }

  begin(): void {
    this.#columns = this.#config.columns;
  }

  #ofObject(json: Readonly<Record<string, unknown>>): ReadRow {
    const { time, timeUnit } = this.#config;
    this.#columns ??= Object.keys(json).filter((name) => name !== time);
    const values = this.#columns.map((name) => valueOf(json[name]));
    return { values, ...(time !== undefined && { time: timeOf(String(json[time] ?? ""), timeUnit) }) };
  }

  /** Elements of an array are called 1, 2, ... */
  #chosen(array: readonly unknown[]): unknown[] {
    const { columns } = this.#config;
    return columns ? columns.map((name) => array[Number(name) - 1]) : [...array];
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new LineError(`expected JSON, got ${clipped(line)}`);
  }
}

/** NaN where it is missing. */
function valueOf(value: unknown): number {
  if (value === null || value === undefined) return Number.NaN;
  if (typeof value === "number") return value;
  throw new LineError(`expected a number, got ${clipped(JSON.stringify(value))}`);
}
