/** What stands for a missing value, apart from nothing at all; small and large letters alike. */
const MISSING: ReadonlySet<string> = new Set(["", "na", "n/a", "nan", "null", "none", "?"]);
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Whether a cell of text, without spaces around it, stands for a value that is missing: it is empty or one of NA, N/A, NaN, null, None, ?. */
export function isMissingCell(text: string): boolean {
  return MISSING.has(text.length > 4 ? text : text.toLowerCase());
}

/** The number that a cell of text is, without spaces around it; NaN where it is none that is finite. */
export function numberOfCell(text: string): number {
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : Number.NaN;
}
