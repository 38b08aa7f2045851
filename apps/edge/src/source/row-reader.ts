import type { LinesConfig } from "../config/config.ts";
import { CsvRows } from "./csv-rows.ts";
import { JsonRows } from "./json-rows.ts";

export interface ReadRow {
  /** NaN where one is missing. */
  readonly values: readonly number[];
  /** Microseconds since 1970, where the row says it. */
  readonly time?: number;
}

export interface RowReader {
  /**
   * @returns `undefined` for a line that is empty or a header
   * @throws LineError a line that is no row
   */
  read(line: string): ReadRow | undefined;
  /** Another file begins, perhaps with other columns. */
  begin(): void;
}

export function rowReader(config: LinesConfig): RowReader {
  return config.format === "csv" ? new CsvRows(config) : new JsonRows(config);
}
