import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CategoryColumn,
  describeTable,
  dropMissing,
  type NumberColumn,
  selectTableRows,
  seriesRows,
  type Standardisation,
  type Table,
  tableDataset,
  tableOf,
  tableOfNumbers,
} from "../src/index.ts";
import { isthmusError } from "./support/error.ts";

const nan = Number.NaN;
const number = (name: string, ...values: number[]): NumberColumn => ({
  name,
  kind: "number",
  values: Float64Array.from(values),
});
const category = (name: string, categories: string[], ...values: number[]): CategoryColumn => ({
  name,
  kind: "category",
  categories,
  values: Int32Array.from(values),
});
const table = (...columns: Table["columns"]): Table => ({
  name: "x.csv",
  rows: columns[0]!.values.length,
  columns,
  lines: Int32Array.from({ length: columns[0]!.values.length }, (_, row) => row + 2),
});
const rowsOf = (values: ArrayLike<number>, width: number): number[][] =>
  Array.from({ length: values.length / width }, (_, row) => Array.from(values).slice(row * width, (row + 1) * width));

describe("standardisation", () => {
  const given = table(number("a", 1, 3, 5, 100), number("b", -2, 0, 2, 7));
  const trainRows = [0, 1, 2];

  it("by mean and deviation uses the training rows only", () => {
    const { item } = describeTable(given, { trainRows });
    // Mean 3 and deviation sqrt(8 / 3); mean 0 and the same deviation.
    const scale = Math.sqrt(8 / 3);
    expect(item.columns).toEqual([
      { kind: "number", name: "a", offset: 3, scale },
      { kind: "number", name: "b", offset: 0, scale },
    ]);
    const { values, shape, items } = tableDataset(describeTable(given, { trainRows }), given);
    expect({ items, shape }).toEqual({ items: 4, shape: [2] });
    expect([...values.subarray(6)]).toEqual([Math.fround(97 / scale), Math.fround(7 / scale)]);
  });

  it("by range takes the training rows to [0, 1], others where they fall", () => {
    const { values } = tableDataset(describeTable(given, { trainRows, standardise: "range" }), given);
    expect(rowsOf(values, 2)).toEqual([
      [0, 0],
      [0.5, 0.5],
      [1, 1],
      [24.75, 2.25],
    ]);
  });

  it("by none leaves the values", () => {
    const description = describeTable(given, { standardise: "none" });
    expect([...tableDataset(description, given).values]).toEqual([1, -2, 3, 0, 5, 2, 100, 7]);
  });

  it.each(["mean", "range"] as const)("by %s takes a constant column to 0 and exactly back", (standardise) => {
    const constant = table(number("a", 0.1, 0.1, 0.1), number("b", 1, 2, 3));
    const description = describeTable(constant, { standardise });
    const { values } = tableDataset(description, constant);
    expect([values[0], values[2], values[4]]).toEqual([0, 0, 0]);
    const back = tableOf(description, Float32Array.of(0.7, 0, -3, 0));
    expect([...back.columns[0]!.values]).toEqual([0.1, 0.1]);
  });
});

describe("there and back", () => {
  it("gives every number to six digits of its column's scale, and every category", () => {
    const names = ["b", "a", "c, d"];
    const cell = fc.record({
      x: fc.integer({ min: -1e9, max: 1e9 }),
      y: fc.integer({ min: -1000, max: 1000 }),
      c: fc.nat(2),
    });
    const standardise = fc.constantFrom<Standardisation>("mean", "range", "none");
    const shift = fc.integer({ min: -1e6, max: 1e6 });
    const rows = fc.array(cell, { minLength: 2, maxLength: 30 });
    fc.assert(
      fc.property(rows, standardise, shift, (cells, how, by) => {
        const numbers = cells.map(({ y }) => y / 1000 + by);
        const given = table(
          number("x", ...cells.map(({ x }) => x)),
          category("c", names, ...cells.map(({ c }) => c)),
          number("y", ...numbers),
        );
        const description = describeTable(given, { standardise: how });
        const { values } = tableDataset(description, given);
        const back = tableOf(description, values as Float32Array);
        expect(back.columns[1]).toEqual(given.columns[1]);
        for (const at of [0, 2]) {
          const [ours, theirs] = [back.columns[at]!.values, given.columns[at]!.values];
          const largest = Math.max(...Array.from(theirs, Math.abs));
          const spread = Math.max(...theirs) - Math.min(...theirs);
          // float32 keeps 24 bits of what the network sees: of the value itself, whose shortest text may be as far again
          // from it, or of at most the spread when the mean or the least is taken off; then six decimals of a scale that
          // is at most the spread; float64 rounds a few times.
          const bound = (how === "none" ? 2 ** -23 * largest : (2 ** -24 + 0.5e-6) * spread) + 2 ** -50 * largest;
          ours.forEach((value, row) => expect(Math.abs(value - theirs[row]!)).toBeLessThanOrEqual(bound));
        }
      }),
    );
  });

  it("takes the largest of a category's features", () => {
    const given = table(category("c", ["red", "green"], 0, 1), number("x", 1, 2));
    const back = tableOf(describeTable(given, { standardise: "none" }), Float32Array.of(0.2, 0.3, 5, -1, -2, 6));
    expect([...back.columns[0]!.values]).toEqual([1, 0]);
    expect([...back.columns[1]!.values]).toEqual([5, 6]);
  });

  it("writes no digits that float32 does not have", () => {
    const given = table(number("x", 20, 21.5, 23));
    const description = describeTable(given);
    const { values } = tableDataset(description, given);
    expect([...tableOf(description, values as Float32Array).columns[0]!.values]).toEqual([20, 21.5, 23]);
    const asTheyAre = describeTable(given, { standardise: "none" });
    expect([...tableOf(asTheyAre, Float32Array.of(0.1, 1e-20, 16777217, nan)).columns[0]!.values]).toEqual([
      0.1,
      1e-20,
      16777216,
      nan,
    ]);
  });
});

describe("missing values", () => {
  const given = table(number("x", 1, nan, 6, 8), category("c", ["u", "v"], 1, 1, -1, 0));

  it("are refused by name", async () => {
    const error = await isthmusError(() => tableDataset(describeTable(given), given));
    expect(error.code).toBe("DATA_TABLE");
    expect(error.message).toBe('x.csv: row 2 (line 3), column "x": the value is missing');
    expect(error.details).toEqual({ name: "x.csv", row: 2, line: 3, column: "x" });
  });

  it("are filled with the training rows' mean or most frequent category", () => {
    const description = describeTable(given, { missing: "mean", standardise: "none", trainRows: [0, 1, 2] });
    expect(description.reading.fills).toEqual([3.5, "v"]);
    expect(rowsOf(tableDataset(description, given).values, 3)).toEqual([
      [1, 0, 1],
      [3.5, 0, 1],
      [6, 0, 1],
      [8, 1, 0],
    ]);
  });

  it("take their rows with them where these are dropped", () => {
    const whole = dropMissing(given);
    expect(whole.rows).toBe(2);
    expect([...whole.lines!]).toEqual([2, 5]);
    expect([...whole.columns[0]!.values]).toEqual([1, 8]);
    expect(dropMissing(whole)).toBe(whole);
  });

  it("keep the numbers of their rows, whichever rows are taken", async () => {
    const some = selectTableRows(selectTableRows(given, [3, 1, 0]), [1]);
    const error = await isthmusError(() => tableDataset(describeTable(given), some));
    expect(error.message).toBe('x.csv: row 2 (line 3), column "x": the value is missing');
  });

  it("in a whole column are refused", async () => {
    const empty = table(number("x", nan, nan), number("y", 1, 2));
    const error = await isthmusError(() => describeTable(empty, { missing: "mean" }));
    expect(error.message).toBe('x.csv: column "x" has no value in the training part');
  });
});

describe("labels", () => {
  const given = table(number("x", 1, 2, 3), category("kind", ["a", "b"], 1, 0, 1));

  it("are no features", () => {
    const description = describeTable(given, { label: "kind", standardise: "none" });
    const { shape, labels, classes, classNames } = tableDataset(description, given);
    expect({ shape, labels: [...labels!], classes, classNames }).toEqual({
      shape: [1],
      labels: [1, 0, 1],
      classes: 2,
      classNames: ["a", "b"],
    });
    expect(tableOf(description, Float32Array.of(1)).columns.map(({ name }) => name)).toEqual(["x"]);
  });

  it("need not be there, and keep their numbers in a table that has other categories", () => {
    const description = describeTable(given, { label: "kind" });
    expect(tableDataset(description, table(number("x", 1))).labels).toBeUndefined();
    const other = table(number("x", 1), category("kind", ["b"], 0));
    expect([...tableDataset(description, other).labels!]).toEqual([1]);
  });
});

describe("another table", () => {
  const description = describeTable(table(number("x", 1, 2), category("c", ["red", "blue"], 0, 1)));

  it("has its columns found by name", () => {
    const { values } = tableDataset(description, table(category("c", ["blue"], 0), number("z", 9), number("x", 1.5)));
    expect([...values]).toEqual([0, 0, 1]);
  });

  it.each([
    [
      table(number("x", 1), category("c", ["green"], 0)),
      'x.csv: row 1 (line 2), column "c": expected one of "red", "blue", got "green"',
    ],
    [table(number("x", 1)), 'x.csv: no column "c" of categories; it has "x"'],
    [table(number("x", 1), number("c", 1)), 'x.csv: no column "c" of categories; it has "x", "c"'],
    [
      table(number("x", 1e300), category("c", ["red"], 0)),
      'x.csv: row 1 (line 2), column "x": 1e+300 is too large for float32',
    ],
  ])("that does not fit is refused: %#", async (given, message) => {
    const error = await isthmusError(() => tableDataset(description, given));
    expect({ code: error.code, message: error.message }).toEqual({ code: "DATA_TABLE", message });
  });
});

describe("a series", () => {
  const given = table(number("a", 0, 1, 2, 3, 4, 5, 6), number("b", 0, 10, 20, 30, 40, 50, 60));
  const description = describeTable(given, { window: 3, standardise: "none" });
  const firsts = (options: { stride?: number; fillLast?: boolean }): number[][] =>
    rowsOf(tableDataset(description, given, options).values, 6).map((window) => window.filter((_, i) => i % 2 === 0));

  it("is cut into windows of rows, overlapping or not", () => {
    expect(tableDataset(description, given).shape).toEqual([3, 2]);
    expect(firsts({})).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(firsts({ stride: 2 })).toEqual([
      [0, 1, 2],
      [2, 3, 4],
      [4, 5, 6],
    ]);
    expect(firsts({ fillLast: true })).toEqual([
      [0, 1, 2],
      [3, 4, 5],
      [6, 6, 6],
    ]);
  });

  it("comes back as rows", () => {
    const { values } = tableDataset(description, given, { fillLast: true });
    expect(tableDataset(description, given, { fillLast: true }).filledRows).toBe(2);
    expect(tableDataset(description, given).filledRows).toBeUndefined();
    const back = tableOf(description, values as Float32Array);
    expect([...back.columns[1]!.values]).toEqual([0, 10, 20, 30, 40, 50, 60, 60, 60]);
  });

  it.each([
    [{ items: 3 }, 12],
    [{ items: 3, filledRows: 2 }, 10],
    [{ items: 3, filledRows: 3 }, 9],
    [{ items: 3, filledRows: 2 ** 32 - 1 }, 9],
    [{ items: 0, filledRows: 3 }, 0],
  ])("in a part of %o are %i rows, in windows of four", (part, rows) => {
    expect(seriesRows(part, 4)).toBe(rows);
  });

  it("that is shorter than a window is refused, and so is leaving rows out of it", async () => {
    const short = selectTableRows(given, [0, 1]);
    const error = await isthmusError(() => tableDataset(description, short));
    expect(error.message).toBe("x.csv: 2 rows are less than one window of 3");
    expect(() => describeTable(given, { window: 3, missing: "drop" })).toThrow(/would tear a series apart/);
    expect(() => tableDataset(description, given, { stride: 0 })).toThrow(RangeError);
  });
});

describe("tables that are no data", () => {
  it("with too many categories are refused", async () => {
    const names = Array.from({ length: 1025 }, (_, i) => `n${i}`);
    const given = table(category("id", names, ...names.keys()));
    const error = await isthmusError(() => describeTable(given));
    expect(error.message).toBe('x.csv: column "id": 1025 different categories: at most 1024 are read');
  });

  it("with nothing but a label are refused", async () => {
    const error = await isthmusError(() => describeTable(table(category("c", ["a"], 0)), { label: "c" }));
    expect(error.message).toBe("x.csv: no column is left to learn from");
  });
});

describe("tableOfNumbers", () => {
  it("names columns by their place", () => {
    const { columns, rows } = tableOfNumbers("x.npy", Float32Array.of(1, 2, 3, 4, nan, 6), 3);
    expect(rows).toBe(2);
    expect(columns).toEqual([number("1", 1, 4), number("2", 2, nan), number("3", 3, 6)]);
  });

  it("refuses an infinite number, naming it", async () => {
    const error = await isthmusError(() => tableOfNumbers("x.npy", [1, 2, 3, -Infinity], 2));
    expect(error.message).toBe('x.npy: row 2, column "2": expected a finite number, got -Infinity');
    expect(() => tableOfNumbers("x.npy", [1, 2, 3], 2)).toThrow(RangeError);
  });
});
