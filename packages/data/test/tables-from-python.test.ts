import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type CategoryColumn, describeTable, tableDataset, tableOf, writeCsv } from "../src/index.ts";
import { readCsv } from "../src/node.ts";

interface Fixture {
  readonly trainRows: number;
  readonly cases: readonly {
    readonly name: string;
    readonly text: string;
    readonly delimiter: string;
    readonly header: readonly string[];
    readonly rows: readonly (readonly string[])[];
    readonly features: Readonly<Record<"mean" | "range", readonly (readonly number[])[]>>;
  }[];
}

const python = JSON.parse(readFileSync(new URL("./fixtures/tables.json", import.meta.url), "utf8")) as Fixture;
const trainRows = Array.from({ length: python.trainRows }, (_, row) => row);

describe.each(python.cases)("CSV that Python wrote: $name", ({ text, delimiter, header, rows, features }) => {
  const options = { name: "x.csv", delimiter, categorical: ["kind, of"] };
  const table = readCsv(new TextEncoder().encode(text), options);

  it("is read as Python reads it", () => {
    expect(table.columns.map(({ name }) => name)).toEqual(header);
    const cells = (column: number) => rows.map((row) => row[column]!);
    const { categories, values } = table.columns[2] as CategoryColumn;
    expect(Array.from(values, (at) => categories[at])).toEqual(cells(2));
    for (const column of [0, 1, 3]) expect([...table.columns[column]!.values]).toEqual(cells(column).map(Number));
  });

  it.each(["mean", "range"] as const)(
    "has NumPy's features, standardised by %s of the training rows",
    (standardise) => {
      const { values, items } = tableDataset(describeTable(table, { trainRows, standardise }), table);
      expect(items).toBe(rows.length);
      // Both are float64 until the last rounding, but sum in another order: numbers of 1e3 less their mean, over 7, lose
      // eight bits of 53, far less than float32's 24 show; a tie may fall the other way, one unit of 2^-22 at most.
      values.forEach((value, at) => {
        expect(Math.abs(value - features[standardise].flat()[at]!)).toBeLessThanOrEqual(2 ** -22);
      });
    },
  );

  it("comes back through features and text", () => {
    const description = describeTable(table, { trainRows });
    const { values } = tableDataset(description, table);
    const back = tableOf(description, values as Float32Array);
    const again = readCsv(new TextEncoder().encode(writeCsv(back, { delimiter })), options);
    expect(again.columns[2]).toEqual(table.columns[2]);
    for (const column of [0, 1]) {
      const { values: given } = table.columns[column]!;
      const [low, high] = [Math.min(...given), Math.max(...given)];
      again.columns[column]!.values.forEach((value, row) => {
        expect(Math.abs(value - given[row]!)).toBeLessThan(1e-6 * (high - low));
      });
    }
  });
});
