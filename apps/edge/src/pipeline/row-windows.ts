import type { Item, Row } from "../source/source.ts";

export interface RowWindowsOptions {
  /** Samples that the model takes at once. */
  readonly samples: number;
  /** Rows of a window that are asked for; by default as many as make up the samples. */
  readonly window?: number | undefined;
  /** Rows from one window to the next; by default a window's. */
  readonly stride?: number | undefined;
}

/** Rows of a series to windows: window k is of the rows from k * stride on, laid one after the other. */
export class RowWindows {
  #options: RowWindowsOptions;
  #rows: Row[] = [];
  /** Rows that come between two windows. */
  #skip = 0;

  constructor(options: RowWindowsOptions) {
    this.#options = options;
  }

  /** From now on windows are of so many samples; rows that wait become part of them. */
  resize(samples: number): void {
    this.#options = { ...this.#options, samples };
  }

  /** @throws RangeError rows that no whole number of makes the samples of the model, or another window than was asked for */
  push(row: Row): Item | undefined {
    if (this.#skip > 0) {
      this.#skip--;
      return undefined;
    }
    const length = windowRows(row.values.length, this.#options);
    this.#rows.push(row);
    return this.#rows.length < length ? undefined : this.#taken(length);
  }

  #taken(length: number): Item {
    const stride = this.#options.stride ?? length;
    const window = this.#rows.slice(0, length);
    const samples = Float64Array.from(window.flatMap(({ values }) => Array.from(values)));
    const [first, last] = [window[0]!, window.at(-1)!];
    this.#rows = this.#rows.slice(stride);
    this.#skip = Math.max(0, stride - length);
    const goesOn = this.#rows[0]?.at ?? last.behind;
    const next = goesOn && (this.#skip > 0 ? { skip: this.#skip, from: goesOn } : { from: goesOn });
    return { samples, time: first.time, ...(next && { next }) };
  }

  /** Passes over so many rows, where an earlier process left off between windows. */
  skip(rows: number): void {
    this.#skip = rows;
  }
}

/** @throws RangeError as {@link RowWindows.push} */
function windowRows(columns: number, { samples, window }: RowWindowsOptions): number {
  const rows = samples / columns;
  if (columns > 0 && Number.isInteger(rows) && (window ?? rows) === rows) return rows;
  const got = window === undefined ? `rows of ${columns}` : `windows of ${window} rows of ${columns}`;
  throw new RangeError(`"rows" expected windows of ${samples} numbers, which is what the model takes, got ${got}`);
}
