/**
 * The format is a promise: a change of the bytes below breaks every stream that anyone has stored, and is a new major
 * version of the frame, never a new fixture. `tools/fixtures/codec_golden.ts` wrote them, once.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  decodeLatents,
  encodeLatents,
  fitFrequencyTables,
  packTables,
  readFrames,
  unpackTables,
} from "../src/index.ts";

interface Golden {
  readonly name: string;
  readonly modelId: string;
  readonly tables: readonly number[];
  readonly itemsPerFrame: number;
  readonly qualities?: number;
  readonly quality?: number;
  readonly dims?: number;
  readonly payloads?: number;
  /** The stream was spoilt after it was written. */
  readonly lost?: "replace";
  readonly symbols: readonly number[];
  readonly stream: string;
}

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const golden = JSON.parse(read("./fixtures/golden.json")) as Golden[];
/** What `tools/fixtures/codec_reference.py`, written from docs/format.md, decoded from the same streams. */
const reference = JSON.parse(read("./fixtures/reference.json")) as {
  name: string;
  items: number;
  dims: number;
  frames: { quality: number; coding: string; whole: boolean[] }[];
  symbols: number[];
}[];

const fromHex = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));

describe.each(golden)("the frozen stream '$name'", ({ name, symbols, stream, modelId, tables: packed, ...rest }) => {
  const tables = unpackTables(Int32Array.from(packed));
  const options = { ...rest, tables, modelId: fromHex(modelId) };

  it.skipIf(rest.lost)("is still written byte for byte", () => {
    expect(encodeLatents(Int32Array.from(symbols), options)).toEqual(fromHex(stream));
  });

  it("decodes to its symbols, which the Python decoder found too", () => {
    const { items, dims, symbols: decoded, streams } = decodeLatents(fromHex(stream), options);
    const found = [...readFrames(fromHex(stream), { partial: true })];
    const frames = found.map(({ quality, coding, found: payloads }) => {
      return { quality, coding, whole: payloads.map(({ state }) => state === "whole") };
    });
    const whole = frames.every((frame) => frame.whole.every(Boolean));
    expect(whole).toBe(rest.lost === undefined);
    expect(streams[0]!.lost.length > 0).toBe(!whole);
    if (whole) expect([...decoded]).toEqual(symbols);
    const expected = reference.find((one) => one.name === name);
    expect({ name, items, dims, frames, symbols: [...decoded] }).toEqual(expected);
  });

  it("has tables that pack as they did", () => {
    expect([...packTables(tables)]).toEqual(packed);
  });
});

it("the frozen streams show every way to write a payload", () => {
  const codings = new Set(reference.flatMap(({ frames }) => frames.map(({ coding }) => coding)));
  expect([...codings].sort()).toEqual(["deflated", "learned", "raw"]);
});

it("the tables fitted on the frozen symbols are still the same", () => {
  const { symbols, tables } = golden.find(({ name }) => name === "three frames")!;
  expect([...packTables(fitFrequencyTables(Int32Array.from(symbols), 3, { maxSymbols: 9 }))]).toEqual(tables);
});

describe("docs/format.md", () => {
  const page = read("../../../docs/format.md");

  it("shows the worked example as it is", () => {
    const example = golden.find(({ name }) => name === "worked example")!;
    const table = page.slice(page.indexOf("## Worked example"));
    const rows = [...table.matchAll(/^\| *\d+ \| `([0-9a-f ]+)`/gm)].map(([, bytes]) => bytes!.replaceAll(" ", ""));
    expect(rows.join("")).toBe(example.stream);
    expect(table).toContain(JSON.stringify(example.symbols).replaceAll(",", ", "));
    expect(table).toContain(JSON.stringify(example.tables).replaceAll(",", ", "));
  });

  it("lists every error code that the sources can throw, and no other", () => {
    const sources = ["bitstream-error", "frequency-table"].map((file) => read(`../src/${file}.ts`)).join("\n");
    const codes = (text: string, quote: string): string[] =>
      [...new Set(text.match(new RegExp(`${quote}(BITSTREAM|TABLE)_[A-Z]+${quote}`, "g")))]
        .map((code) => code.slice(1, -1))
        .sort();
    expect(codes(page, "`")).toEqual(codes(sources, '"'));
  });
});
