import { IsthmusError } from "@isthmus/math";
import { sizeOf } from "../shape.ts";
import type { EncoderFacts } from "../encoder/protocol.ts";
import { numberTable } from "./number-table.ts";

/** Items that a table of numbers holds, and what was left over. */
export interface CsvItems {
  readonly samples: Float64Array;
  readonly items: number;
  readonly rowsOfItem: number;
  /** Rows at the end that are no whole item. */
  readonly left: number;
}

/**
 * Whole items of a CSV text for a bundle: an item is one row, or several one below the other. Of pictures whose bundle has no units, numbers above 1
 * say that all of them are bytes.
 *
 * @throws IsthmusError `DATA_CSV` as `numberTable`, or where rows and items do not fit
 */
export function csvItems(text: string, { shape, hasUnits }: Pick<EncoderFacts, "shape" | "hasUnits">): CsvItems {
  const { columns, rows, values } = numberTable(text);
  const size = sizeOf(shape);
  if (size % columns !== 0) {
    throw new IsthmusError(
      "DATA_CSV",
      `rows of ${columns} numbers: an item has ${size}, so a row needs a divisor of that`,
    );
  }
  const rowsOfItem = size / columns;
  const items = Math.floor(rows / rowsOfItem);
  if (items === 0) {
    throw new IsthmusError("DATA_CSV", `${rows} rows of ${columns} numbers: an item has ${rowsOfItem} rows`);
  }
  const whole = values.subarray(0, items * size);
  const areBytes = shape.kind === "picture" && !hasUnits && whole.some((value) => value > 1);
  const samples = areBytes ? whole.map((value) => value / 255) : whole.slice();
  return { samples, items, rowsOfItem, left: rows - items * rowsOfItem };
}
