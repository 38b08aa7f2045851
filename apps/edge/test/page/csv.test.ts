import { describe, expect, it } from "vitest";
import { csvItems } from "../../page/src/inputs/csv.ts";
import { numberTable } from "../../page/src/inputs/number-table.ts";

describe("a table of numbers", () => {
  it("reads lines with commas, semicolons or tabs, whatever ends them", () => {
    const expected = { columns: 2, rows: 2, values: Float64Array.of(1, -2.5, 3e2, 4) };
    for (const text of ["1,-2.5\n3e2,4\n", "1;-2.5\r\n3e2;4", "\uFEFF1\t-2.5\r300\t+4", '"1", -2.5\n\n"300",4.0\n']) {
      expect(numberTable(text)).toEqual(expected);
    }
  });

  it("takes a first line that is no numbers for names, and empty cells for missing", () => {
    expect(numberTable("flow,NaN\n1,\nNA,?\n")).toEqual({
      ...{ columns: 2, rows: 2, names: ["flow", "NaN"] },
      values: Float64Array.of(1, NaN, NaN, NaN),
    });
  });

  it.each([
    ["", "it has no row of numbers"],
    ["a,b\n", "it has no row of numbers"],
    ["1,2\n3\n", "line 2: 1 cells, the first line has 2"],
    ["a,b\n\n1,x\n", 'line 3, column 2: expected a number, got "x"'],
    ["1,0x10\n1,0x10", 'line 2, column 2: expected a number, got "0x10"'],
  ])("refuses %j", (text, message) => {
    expect(() => numberTable(text)).toThrow(message);
  });
});

describe("items of a table", () => {
  const series = { shape: { kind: "series", length: 4 }, hasUnits: true } as const;
  const picture = { shape: { kind: "picture", width: 2, height: 2, channels: 1 }, hasUnits: false } as const;

  it("are rows, or some rows one below the other; what is left over is counted", () => {
    const samples = Float64Array.of(1, 2, 3, 4);
    expect(csvItems("1,2,3,4", series)).toEqual({ samples, items: 1, rowsOfItem: 1, left: 0 });
    expect(csvItems("x,y\n1,2\n3,4\n5,6", series)).toEqual({ samples, items: 1, rowsOfItem: 2, left: 1 });
  });

  it("are of pictures without units shares of white, or bytes where one is above 1", () => {
    expect(csvItems("0,1,0.5,0", picture).samples).toEqual(Float64Array.of(0, 1, 0.5, 0));
    expect(csvItems("0,255,51,0", picture).samples).toEqual(Float64Array.of(0, 1, 0.2, 0));
    expect(csvItems("0,255,51,0", { ...picture, hasUnits: true }).samples).toEqual(Float64Array.of(0, 255, 51, 0));
  });

  it("are refused where rows do not make any", () => {
    expect(() => csvItems("1,2,3", series)).toThrow("rows of 3 numbers: an item has 4");
    expect(() => csvItems("1", series)).toThrow("1 rows of 1 numbers: an item has 4 rows");
  });
});
