import { isTableDescription, seriesRows, tableOf, writeCsv } from "@isthmus/data";
import { elementCount } from "@isthmus/graph";
import type { SameShape } from "../decode/decoded.ts";
import type { ServedModel } from "../models/served-model.ts";

/** Numbers that are written at once: some milliseconds' worth. */
const BLOCK = 2 ** 13;

/**
 * Decoded rows as CSV, as the file was written that the model describes, in pieces: the windows of a series one after the other, without
 * the rows that only fill up the last one of each stream.
 *
 * @throws RangeError for a model that is not of a table's rows
 */
export function* tableCsv({ description }: ServedModel, streams: SameShape): Generator<string> {
  if (!isTableDescription(description)) throw new RangeError(`"model" expected one of a table's rows`);
  const { window = 1 } = description.item;
  const { delimiter, header } = description.writing;
  const width = elementCount(streams[0].shape) / window;
  const step = Math.max(1, Math.floor(BLOCK / width));
  yield writeCsv(tableOf(description, new Float32Array(0)), { delimiter, header });
  for (const { count, filledRows, values } of streams) {
    const rows = seriesRows({ items: count, filledRows }, window);
    for (let row = 0; row < rows; row += step) {
      const block = values.subarray(row * width, Math.min(row + step, rows) * width) as Float32Array;
      yield writeCsv(tableOf(description, block), { delimiter, header: false });
    }
  }
}
