import { LineError } from "./line-error.ts";
import type { Line } from "./line-splitter.ts";
import type { RowReader } from "./row-reader.ts";
import { type Position, type Row, type Sink, wallClock } from "./source.ts";

/** The rows that lines are; what is none is told to the sink, and left out. */
export function rowsOf(
  lines: readonly Line[],
  reader: RowReader,
  sink: Pick<Sink, "refused">,
  position?: (offset: number) => Position,
): Row[] {
  return lines.flatMap(({ text, start, end }) => {
    try {
      if (text === undefined) throw new LineError("it has more than 1 MiB");
      const row = reader.read(text);
      if (!row) return [];
      const places = position && { at: position(start), behind: position(end) };
      return [{ values: row.values, time: row.time ?? wallClock(), ...places }];
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
      sink.refused(`line at byte ${start}: ${error.message}`);
      return [];
    }
  });
}
