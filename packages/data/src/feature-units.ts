import type { DataDescription, FeatureColumn, TableDescription } from "./description.ts";

/** What a user's numbers x are to a network: (x - offset) / scale, and 0 where scale is 0. */
export interface FeatureUnits {
  /** One for all features of an item, or one for each. */
  readonly offsets: readonly number[];
  /** Likewise. */
  readonly scales: readonly number[];
  /** What stands, in the user's numbers, for a missing one, where the description says so. */
  readonly fills?: readonly number[];
}

/**
 * The units of an item's features, for programs that read and write the user's numbers themselves, such as exported ones.
 * A category is a feature for each of its names, 0 or 1 in both: its numbers stay. Bytes of pictures are 0 to 255.
 */
export function featureUnits(description: DataDescription): FeatureUnits {
  const { item } = description;
  if (item.kind === "images") return { offsets: [0], scales: [255] };
  if (item.kind === "table") return tableUnits(description as TableDescription);
  const { fills } = description.reading as { readonly fills?: readonly number[] };
  return { offsets: [item.offset], scales: [item.scale], ...(fills && { fills: fills.slice(0, 1) }) };
}

function tableUnits({ item, reading }: TableDescription): FeatureUnits {
  const windows = Array.from({ length: item.window ?? 1 });
  const features = (of: (column: FeatureColumn, index: number) => readonly number[]) =>
    windows.flatMap(() => item.columns.flatMap(of));
  const { fills } = reading;
  return {
    offsets: features((column) => (column.kind === "number" ? [column.offset] : column.categories.map(() => 0))),
    scales: features((column) => (column.kind === "number" ? [column.scale] : column.categories.map(() => 1))),
    ...(fills && { fills: features((column, index) => fillsOf(column, fills[index]!)) }),
  };
}

function fillsOf(column: FeatureColumn, fill: number | string): readonly number[] {
  if (column.kind === "number") return [fill as number];
  return column.categories.map((name) => (name === fill ? 1 : 0));
}
