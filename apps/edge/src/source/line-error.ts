/** A line that is no row. */
export class LineError extends Error {
  override readonly name = "LineError";
}

/** At most 40 characters of what was found. */
export function clipped(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
