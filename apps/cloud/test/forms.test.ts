import {
  arrayOf,
  decodedCsv,
  decodedTable,
  describeArray,
  describeTable,
  shortestFloat,
  tableOf,
  type Table,
} from "@isthmus/data";
import { expect, it } from "vitest";
import type { Decoded } from "../src/decode/decoded.ts";
import { itemsJson } from "../src/forms/items-json.ts";
import { tableCsv } from "../src/forms/table-csv.ts";
import type { ServedModel } from "../src/models/served-model.ts";

// Written in pieces, texts are those that are made of everything at once.

const wave = (length: number, scale = 1): Float32Array =>
  Float32Array.from({ length }, (_, i) => scale * Math.sin(i * i));

function decodedOf(count: number, shape: readonly number[], more: Partial<Decoded> = {}): Decoded {
  const values = wave(shape.reduce((product, size) => product * size, count));
  const symbols = Int32Array.from({ length: 3 * count }, (_, i) => (i % 11) - 5);
  return { count, shape, values, symbols, isPicture: false, filledRows: 0, ...more };
}

const served = (shape: readonly number[], description?: unknown): ServedModel =>
  ({ facts: { shape }, description }) as unknown as ServedModel;

const textOf = (pieces: Iterable<string>): string => [...pieces].join("");

/** Two numbers and a category of three, so five features. */
function table(rows: number): Table {
  return {
    name: "pump",
    rows,
    columns: [
      { kind: "number", name: "flow", values: Float64Array.from({ length: rows }, (_, row) => 20 + row) },
      { kind: "number", name: "heat, raw", values: Float64Array.from({ length: rows }, (_, row) => row % 7) },
      { ...{ kind: "category", name: "state", categories: ["idle", "on", 'a "b"'] }, values: new Int32Array(rows) },
    ],
  };
}

it.each([
  ["many small items", 9000, [2]],
  ["items longer than a piece", 3, [10_000]],
  ["items that do not end where pieces do", 5, [3000]],
  ["no items", 0, [4]],
])("%s as JSON", (_, count, shape) => {
  const decoded = decodedOf(count, shape);
  const size = shape[0]!;
  const items = Array.from({ length: count }, (_unused, item) => ({
    values: Array.from(decoded.values.subarray(item * size, (item + 1) * size), shortestFloat),
    code: Array.from(decoded.symbols.subarray(3 * item, 3 * (item + 1))),
  }));
  expect(`[${textOf(itemsJson(served(shape), [decoded]))}]`).toBe(JSON.stringify(items));
  expect(`[${textOf(itemsJson(served(shape), [decoded, decoded]))}]`).toBe(JSON.stringify([...items, ...items]));
});

it("a picture as JSON: bytes, and its shape", () => {
  const shape = [120, 90, 3];
  const values = wave(120 * 90 * 3, 0.5).map((value) => value + 0.5);
  const symbols = Int32Array.from({ length: 20_000 }, (_, i) => i - 10_000);
  const decoded = decodedOf(1, shape, { values, symbols, isPicture: true });
  const expected = { values: Array.from(values, (value) => Math.round(255 * value)), code: [...symbols], shape };
  expect(textOf(itemsJson(served([16, 16, 3]), [decoded]))).toBe(JSON.stringify(expected));
});

it.each([
  ["bytes", "u8", Uint8Array.from({ length: 12_000 }, (_, i) => i)],
  ["wide numbers", "i64", BigInt64Array.from({ length: 12_000 }, (_, i) => 1_000_003n * BigInt(i))],
] as const)("whole numbers of an array as JSON: %s", (_, type, values) => {
  const description = describeArray("a.npy", { type, shape: [4, 3000], values });
  const decoded = decodedOf(4, [3000]);
  const whole = Array.from(arrayOf(description, decoded.values as Float32Array).values as Float64Array, Number);
  expect(new Set(whole).size).toBeGreaterThan(100);
  const items = JSON.parse(`[${textOf(itemsJson(served([3000], description), [decoded]))}]`) as { values: number[] }[];
  expect(items.map((item) => item.values)).toEqual([0, 1, 2, 3].map((i) => whole.slice(3000 * i, 3000 * (i + 1))));
});

it("a stream that claims more filled rows than a window has keeps a row of it, as JSON and as CSV", () => {
  const description = describeTable(table(80), { window: 4 });
  const [claims, most] = [9, 3].map((filledRows) => [decodedOf(2, [4, 5], { filledRows })] as const);
  const model = served([4, 5], description);
  expect(textOf(itemsJson(model, claims!))).toBe(textOf(itemsJson(model, most!)));
  const rows = textOf(tableCsv(model, claims!)).trimEnd().split("\n");
  expect(rows.length).toBe(1 + 5);
  expect(rows).toEqual(textOf(tableCsv(model, most!)).trimEnd().split("\n"));
});

it.each([undefined, 4])("rows of a table, in windows of %s, as JSON and as CSV", (window) => {
  const description = describeTable(table(80), window === undefined ? {} : { window });
  const shape = window === undefined ? [5] : [window, 5];
  const [count, filledRows] = window === undefined ? [5000, 0] : [1500, 3];
  const decoded = decodedOf(count, shape, { filledRows });
  const model = served(shape, description);
  const floats = decoded.values as Float32Array;

  const whole = tableOf(description, floats);
  const cells = Array.from({ length: whole.rows - filledRows }, (_, row) =>
    whole.columns.map((column) =>
      column.kind === "number" ? column.values[row]! : column.categories[column.values[row]!]!,
    ),
  );
  const rows = window ?? 1;
  const items = Array.from({ length: count }, (_, item) => ({
    values: cells.slice(item * rows, (item + 1) * rows).flat(),
    code: Array.from(decoded.symbols.subarray(3 * item, 3 * (item + 1))),
  }));
  expect(`[${textOf(itemsJson(model, [decoded]))}]`).toBe(JSON.stringify(items));

  const twice = Float32Array.of(...floats, ...floats);
  const parts = [
    { items: count, filledRows },
    { items: count, filledRows },
  ];
  const csv = decodedCsv(description, decodedTable(description, twice, parts));
  expect(textOf(tableCsv(model, [decoded, decoded]))).toBe(csv);
  const bare = { ...description, writing: { ...description.writing, header: false, delimiter: ";" } };
  expect(textOf(tableCsv(served(shape, bare), [decoded, decoded]))).toBe(
    decodedCsv(bare, decodedTable(bare, twice, parts)),
  );
});
