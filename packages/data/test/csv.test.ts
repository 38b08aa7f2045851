import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CategoryColumn, type NumberColumn, type Table, writeCsv } from "../src/index.ts";
import { readCsv, type ReadCsvOptions } from "../src/node.ts";
import { isthmusError } from "./support/error.ts";

const read = (text: string, options: ReadCsvOptions = {}): Table =>
  readCsv(new TextEncoder().encode(text), { name: "x.csv", ...options });
const message = async (text: string, options: ReadCsvOptions = {}): Promise<string> => {
  const error = await isthmusError(() => read(text, options));
  expect(error.code).toBe("DATA_CSV");
  return error.message;
};
const numbers = (table: Table, column = 0): number[] => [...(table.columns[column] as NumberColumn).values];
const texts = (table: Table, column = 0): (string | undefined)[] => {
  const { categories, values } = table.columns[column] as CategoryColumn;
  return Array.from(values, (value) => categories[value]);
};

describe("readCsv", () => {
  it.each([
    ["LF", "a,b\n1,2\n3,4\n"],
    ["no line end after the last row", "a,b\n1,2\n3,4"],
    ["CR LF", "a,b\r\n1,2\r\n3,4\r\n"],
    ["CR", "a,b\r1,2\r3,4\r"],
    ["a byte-order mark", "\ufeffa,b\n1,2\n3,4\n"],
    ["quotation marks", '"a","b"\n"1","2"\n"3","4"\n'],
    ["spaces", "a , b\n 1, 2 \n3 ,4\n"],
    ["empty lines", "\na,b\n\n1,2\n\n\n3,4\n\n"],
  ])("reads rows with %s", (_, text) => {
    const table = read(text);
    expect(table.columns.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(table.rows).toBe(2);
    expect([numbers(table, 0), numbers(table, 1)]).toEqual([
      [1, 3],
      [2, 4],
    ]);
  });

  it("reads every way to write a number, and every missing value", () => {
    const rows = [
      "1",
      "-2.5",
      "+.5",
      "5.",
      "1e3",
      "-1.5E-2",
      "007",
      "",
      "NA",
      "n/a",
      "NaN",
      "nan",
      "NULL",
      "None",
      "?",
    ];
    const nan = Array.from({ length: 8 }, () => Number.NaN);
    const text = `x,y\n${rows.map((row) => `${row},0\n`).join("")}`;
    expect(numbers(read(text))).toEqual([1, -2.5, 0.5, 5, 1000, -0.015, 7, ...nan]);
  });

  it("takes other delimiters, and names columns by their place without a header", () => {
    const table = read("1;2\n3;4", { delimiter: ";", header: false });
    expect(table.columns.map(({ name }) => name)).toEqual(["1", "2"]);
    expect(numbers(table, 1)).toEqual([2, 4]);
    expect(numbers(read("a\tb\n1\t2", { delimiter: "\t" }), 1)).toEqual([2]);
    expect(read(",b\n1,2").columns[0]!.name).toBe("1");
  });

  it("reads the columns that are chosen, in the order of the file, whatever the others hold", () => {
    const table = read("a,b,c\n1,x,3\n", { columns: ["c", "a"] });
    expect(table.columns.map(({ name }) => name)).toEqual(["a", "c"]);
    const absent = read("a\n1\n", { columns: ["a"], optional: ["label"] });
    expect(absent.columns).toHaveLength(1);
  });

  it("puts categories in order, numbers among themselves as numbers", () => {
    const table = read('n,c\n10,red\n9,"blue, dark"\n10,\n', { categorical: ["n", "c"] });
    expect((table.columns[0] as CategoryColumn).categories).toEqual(["9", "10"]);
    expect(texts(table)).toEqual(["10", "9", "10"]);
    expect(texts(table, 1)).toEqual(["red", "blue, dark", undefined]);
  });

  it("keeps line ends and doubled quotation marks inside quotation marks", () => {
    const table = read('c,x\n"two\nlines",1\n"a ""word""",2\n', { categorical: ["c"] });
    expect(texts(table)).toEqual(["two\nlines", 'a "word"']);
    expect([...table.lines!]).toEqual([3, 4]);
  });
});

describe("a CSV file that is wrong", () => {
  it.each([
    ["a,b\n1,2\n3\n", "x.csv: row 2 (line 3): expected 2 fields, got 1"],
    ["a,b\n1,2,3\n", "x.csv: row 1 (line 2): expected 2 fields, got 3"],
    ["a,b\n1,2\n\n3,x y\n", 'x.csv: row 2 (line 4), column "b": expected a number, got "x y"'],
    ["a\ninf\n", 'x.csv: row 1 (line 2), column "a": expected a number, got "inf"'],
    ["a\n1e999\n", 'x.csv: row 1 (line 2), column "a": expected a number, got "1e999"'],
    ["a\n0x10\n", 'x.csv: row 1 (line 2), column "a": expected a number, got "0x10"'],
    [
      'a,b\n"3,14",1\n',
      'x.csv: row 1 (line 2), column "a": expected a number, got "3,14" (decimals are written with a point)',
    ],
    [`a\n${"z".repeat(99)}\n`, `x.csv: row 1 (line 2), column "a": expected a number, got "${"z".repeat(40)}"...`],
    ["a,a\n1,2\n", 'x.csv: two columns are called "a"'],
    ["", "x.csv: no rows"],
    ["a,b\n", "x.csv: no rows"],
    ['a\n"1\n2\n', "x.csv: line 3: a quotation mark is never closed"],
    ['a\n1"2\n', "x.csv: line 2: a quotation mark inside a field that does not begin with one"],
    ['a\n"1"2\n', "x.csv: line 2: text after the closing quotation mark of a field"],
    ["a;b\n1;2\n", 'x.csv: row 1 (line 2), column "a;b": expected a number, got "1;2"'],
  ])("%j is refused: %s", async (text, expected) => {
    expect(await message(text)).toBe(expected);
  });

  it("says which columns there are when one is not", async () => {
    expect(await message("a,b\n1,2\n", { columns: ["c"] })).toBe('x.csv: no column "c"; it has "a", "b"');
    const wide = Array.from({ length: 30 }, (_, i) => `c${i}`).join();
    expect(await message(`${wide}\n`, { categorical: ["z"] })).toMatch(/"c19", \.\.\. \(30 in all\)$/);
  });

  it("in another encoding is refused", async () => {
    for (const bytes of [Uint8Array.of(0x61, 0x0a, 0xe9), Uint8Array.of(0xff, 0xfe, 0x61, 0, 0x0a, 0, 0x31, 0)]) {
      const error = await isthmusError(() => readCsv(bytes, { name: "x.csv" }));
      expect(error).toMatchObject({ code: "DATA_CSV", message: "x.csv: expected UTF-8 text" });
    }
  });

  it("with a field that does not end is given up after 4 MiB", async () => {
    const text = `a\n"${"x".repeat(2 ** 22 + 10)}`;
    expect(await message(text)).toMatch(
      /line 2: a record of more than 4194304 bytes; is a quotation mark not closed\?/,
    );
  });

  it("is refused in time in proportion to its length", async () => {
    // Digits that could be taken in many ways, or a long row of nothing: what was quadratic would take hours.
    const long = 2 ** 21;
    expect(await message(`a\n${"1".repeat(long)}x\n`)).toMatch(
      /^x\.csv: row 1 \(line 2\), column "a": expected a number/,
    );
    expect(await message(`a\n${",".repeat(long)}\n`)).toMatch(/expected 1 fields, got 2097153$/);
    expect(await message(`${",".repeat(long)}\n`)).toMatch(/2097153 columns: at most 65536 are read$/);
    expect(await message(`a\n${'"'.repeat(long)}\n`)).toMatch(/expected a number/);
    expect(await message(`a\n${"\n".repeat(long)}`)).toBe("x.csv: no rows");
  });

  it("with more columns than anyone has is refused", async () => {
    expect(await message(`${"a,".repeat(2 ** 16)}a\n`)).toBe("x.csv: 65537 columns: at most 65536 are read");
  });

  it("cut anywhere, or with any byte changed, reads as a table or is refused by name", () => {
    const whole = new TextEncoder().encode('a,"b b",c\n1,2,"x"\n-3.5e2,NaN,"y, ""z"""\n');
    const attempt = (bytes: Uint8Array): void => {
      try {
        const table = readCsv(bytes, { name: "x.csv", ...(bytes.includes(0x63) ? { categorical: [] } : {}) });
        for (const { values } of table.columns) expect(values.length).toBe(table.rows);
      } catch (error) {
        expect(error).toMatchObject({ name: "IsthmusError", code: "DATA_CSV" });
      }
    };
    for (let length = 0; length <= whole.length; length++) attempt(whole.subarray(0, length));
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => attempt(whole.with(at, byte))),
      { numRuns: 2000 },
    );
  });
});

it.each(["", "ab", '"', "\n"])("refuses the delimiter %j", (delimiter) => {
  expect(() => read("a\n1\n", { delimiter })).toThrow(RangeError);
});

describe("writeCsv", () => {
  const text = fc.string({ minLength: 1, unit: fc.constantFrom("a", " ", '"', ",", ";", "\n", "\r", "é", "1") });
  const name = text.filter((value) => value.trim() === value && value !== "");
  const category = name.filter((value) => !["?"].includes(value));

  it("writes what readCsv reads back, for any names, numbers and categories", () => {
    const cell = fc.record({ x: fc.double({ noDefaultInfinity: true }), c: fc.nat(2) });
    const table = fc.record({
      names: fc.uniqueArray(name, { minLength: 2, maxLength: 2 }),
      categories: fc.uniqueArray(category, { minLength: 3, maxLength: 3 }),
      rows: fc.array(cell, { minLength: 1, maxLength: 20 }),
      delimiter: fc.constantFrom(",", ";", "\t"),
    });
    fc.assert(
      fc.property(table, ({ names: [x, c], categories, rows, delimiter }) => {
        const given: Table = {
          name: "x.csv",
          rows: rows.length,
          columns: [
            { name: x!, kind: "number", values: Float64Array.from(rows, (row) => row.x) },
            { name: c!, kind: "category", categories, values: Int32Array.from(rows, (row) => row.c) },
          ],
        };
        const back = read(writeCsv(given, { delimiter }), { delimiter, categorical: [c!] });
        expect(back.columns.map((column) => column.name)).toEqual([x, c]);
        expect(numbers(back)).toEqual(rows.map((row) => (Object.is(row.x, -0) ? 0 : row.x)));
        expect(texts(back, 1)).toEqual(rows.map((row) => categories[row.c]));
      }),
    );
  });
});
