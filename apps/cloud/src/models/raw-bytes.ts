import type { Geometry } from "@isthmus/codec";
import { type ArrayType, isTableDescription, seriesRows } from "@isthmus/data";
import { isImageShape } from "@isthmus/plot/png";
import type { ServedModel } from "./served-model.ts";

/** What a stream holds. */
interface Holds {
  readonly items: number;
  readonly geometry?: Geometry;
  readonly filledRows?: number;
}

const FLOAT_BYTES = 4;
const TYPE_BYTES: Readonly<Record<ArrayType, number>> = {
  ...{ u8: 1, i8: 1, u16: 2, i16: 2, u32: 4, i32: 4, u64: 8, i64: 8, f32: 4, f64: 8 },
};

/**
 * Bytes that a stream's items were before they were encoded: a byte for each number of a picture, or an eighth where these are black or
 * white; an array's own type; four bytes, a float32, for each number of a table and one for each category; four for what is not known.
 */
export function rawBytesOf(model: Pick<ServedModel, "facts" | "description" | "features">, holds: Holds): number {
  const { facts, description, features } = model;
  const { items, geometry } = holds;
  const numbers = geometry ? geometry.height * geometry.width * geometry.channels : items * features;
  if (facts.lossless) return facts.lossless.binary ? Math.ceil(numbers / 8) : numbers;
  if (isTableDescription(description)) {
    const { columns, window = 1 } = description.item;
    const row = columns.reduce((sum, { kind }) => sum + (kind === "number" ? FLOAT_BYTES : 1), 0);
    return row * seriesRows(holds, window);
  }
  if (description?.item.kind === "array") {
    return numbers * TYPE_BYTES[(description.writing as { readonly type: ArrayType }).type];
  }
  return numbers * (isImageShape(facts.shape) ? 1 : FLOAT_BYTES);
}
