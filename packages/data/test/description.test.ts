import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type DataDescription,
  describeArray,
  describeTable,
  featureUnits,
  type ImagesDescription,
  parseDescription,
  type Table,
} from "../src/index.ts";
import { isthmusError } from "./support/error.ts";

const table: Table = {
  name: "x.csv",
  rows: 2,
  columns: [
    { name: "x", kind: "number", values: Float64Array.of(1, 2) },
    { name: "c", kind: "category", categories: ["a", "b"], values: Int32Array.of(0, 1) },
    { name: "l", kind: "category", categories: ["u"], values: Int32Array.of(0, 0) },
  ],
};
const images: ImagesDescription = {
  version: 1,
  item: { kind: "images", width: 4, height: 3, channels: 3 },
  reading: { fit: "crop" },
  writing: {},
  source: { testShare: 0.1 },
};
const descriptions: DataDescription[] = [
  describeTable(table, { missing: "mean", label: "l", source: { testShare: 0.2 } }),
  describeTable(table, { window: 2, standardise: "none", writing: { type: "f32" }, source: { stride: 1 } }),
  describeArray("x.npy", { type: "i16", shape: [2, 2, 2], values: Int16Array.of(1, 2, 3, 4, 5, 6, 7, 8) }),
  images,
];
const copy = (description: DataDescription): any => JSON.parse(JSON.stringify(description));

describe("parseDescription", () => {
  it.each(descriptions)("reads what is written: %#", (description) => {
    expect(parseDescription(copy(description))).toEqual(description);
  });

  it.each([
    [0, (json: any): void => void (json.version = 2), "version 2 is not 1"],
    [0, (json: any): void => void (json.item.kind = "sound"), 'items of kind "sound": expected table, array, images'],
    [0, (json: any): void => void (json.item.more = 1), 'expected "item": no "more"'],
    [0, (json: any): void => void (json.item.columns = []), 'expected "item": "columns": a list of at least 1'],
    [
      0,
      (json: any): void => void (json.item.columns[0].scale = -1),
      `expected "item": "columns": "scale": a number >= 0 at 0`,
    ],
    [
      0,
      (json: any): void => void (json.reading.missing = "guess"),
      'expected "reading": "missing": one of refuse, mean, drop',
    ],
    [0, (json: any): void => void json.reading.fills.pop(), 'expected "fills": a number or category for each column'],
    [
      0,
      (json: any): void => void (json.reading.fills[1] = "z"),
      'expected "fills": a number or category for each column',
    ],
    [1, (json: any): void => void (json.item.window = 0), 'expected "item": "window": a whole number > 0'],
    [2, (json: any): void => void (json.item.shape = [5]), 'expected "stored" and "shape" of as many elements'],
    [3, (json: any): void => void (json.item.channels = 2), 'expected "item": "channels": one of 1, 3'],
  ] as const)("of description %i, spoiled, says what it expected: %#", async (at, spoil, expected) => {
    const json = copy(descriptions[at]!);
    spoil(json);
    const error = await isthmusError(() => parseDescription(json));
    expect(error.code).toBe("DATA_DESCRIPTION");
    expect(error.message).toBe(`the description of the data: ${expected}`);
  });

  it("refuses any other JSON by name", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        expect(() => parseDescription(json)).toThrow(expect.objectContaining({ code: "DATA_DESCRIPTION" }));
      }),
    );
  });
});

describe("featureUnits", () => {
  it("of a table are its columns', a category standing for itself", () => {
    expect(featureUnits(descriptions[0]!)).toEqual({ offsets: [1.5, 0, 0], scales: [0.5, 1, 1], fills: [1.5, 1, 0] });
  });

  it("of a window repeat for each row", () => {
    const once = { offsets: [0, 0, 0, 0], scales: [1, 1, 1, 1] };
    const { offsets, scales, fills } = featureUnits(descriptions[1]!);
    expect({ offsets: offsets.slice(0, 4), scales: scales.slice(0, 4) }).toEqual(once);
    expect(offsets).toHaveLength(8);
    expect(fills).toBeUndefined();
  });

  it("of arrays and pictures are one for all", () => {
    expect(featureUnits(descriptions[2]!)).toEqual({ offsets: [1], scales: [7] });
    expect(featureUnits(images)).toEqual({ offsets: [0], scales: [255] });
  });
});
