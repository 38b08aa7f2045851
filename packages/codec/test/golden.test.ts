/**
 * The format is a promise. Each folder of `fixtures/corpus` holds streams as one minor version of the format wrote them, with the
 * tables of their models and what they mean; every later reader decodes all of them. What a failure here means:
 *
 * - A stream no longer decodes: everyone's stored streams are unreadable. That is never right within a major version.
 * - A stream is no longer written byte for byte: two builds of one model disagree about what they send, so hashes of streams
 *   and tests of our users break. That is a breaking change: a new major version of `@isthmus/codec` and its siblings.
 * - `SHA256SUMS` no longer holds: someone changed what was frozen. Put it back; a new version of the format gets a new folder.
 *
 * `tools/fixtures/codec_golden.ts` wrote them, once, and `tools/fixtures/codec_reference.py` decoded them from
 * docs/format.md alone.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  decodeLatents,
  encodeLatents,
  fitFrequencyTables,
  joinSessions,
  openSession,
  packTables,
  readFrame,
  readFrames,
  streamPackets,
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
  readonly ancillary?: readonly { readonly type: number; readonly value: string }[];
  /** The stream was spoilt after it was written. */
  readonly lost?: "replace";
  readonly symbols: readonly number[];
  readonly stream: string;
}

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const corpus = new URL("./fixtures/corpus/", import.meta.url);
const versions = readdirSync(corpus).filter((name) => name !== "SHA256SUMS");
const all = <T>(name: string): T[] =>
  versions.flatMap((one) => JSON.parse(read(`./fixtures/corpus/${one}/${name}.json`)) as T[]);
const golden = all<Golden>("streams");
/** What the reference decoded from the same streams. */
const reference = all<{
  name: string;
  items: number;
  dims: number;
  frames: { quality: number; coding: string; whole: boolean[] }[];
  symbols: number[];
}>("streams-reference");
const packets = all<{
  name: string;
  modelId: string;
  tables: number[];
  dims: number;
  packets: string[];
  messages: number[][];
}>("packets");

const fromHex = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe.each(golden)("the frozen stream '$name'", ({ name, symbols, stream, modelId, tables: packed, ...rest }) => {
  const tables = unpackTables(Int32Array.from(packed));
  const ancillary = (rest.ancillary ?? []).map(({ type, value }) => ({ type, value: fromHex(value) }));
  const options = { ...rest, ancillary, tables, modelId: fromHex(modelId) };

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

it("the corpus has a folder of the version that is written now, and is as it was frozen", () => {
  expect(versions).toContain(`1.${readFrame(fromHex(golden[0]!.stream)).minorVersion}`);
  const files = versions.flatMap((version) =>
    readdirSync(new URL(version, corpus)).map((name) => `${version}/${name}`),
  );
  const sums = files.map(
    (file) =>
      `${createHash("sha256")
        .update(read(`./fixtures/corpus/${file}`))
        .digest("hex")}  ${file}`,
  );
  expect(sums.sort()).toEqual(read("./fixtures/corpus/SHA256SUMS").trim().split("\n").sort());
});

describe.each(packets)(
  "the frozen packets of $name",
  ({ modelId, tables: packed, dims, packets: sent, messages, name }) => {
    const model = { tables: unpackTables(Int32Array.from(packed)), modelId: fromHex(modelId), dims };

    it("arrive as the messages that the Python reader found too", () => {
      const receiver = joinSessions({ models: [model] });
      const arrived = sent
        .flatMap((packet) => receiver.receive(fromHex(packet)))
        .flatMap((event) => {
          if (event.kind === "latents") return [[...event.symbols]];
          return event.kind === "stream" ? [[...decodeLatents(event.bytes, model).symbols]] : [];
        });
      expect(arrived).toEqual(messages);
      const found = all<{ name: string; messages: number[][] }>("packets-reference").find((one) => one.name === name);
      expect(found!.messages).toEqual(messages);
    });

    it("are still sent byte for byte", () => {
      const symbols = messages.map((message) => Int32Array.from(message));
      if (name === "a stream in packets") {
        return void expect(streamPackets(encodeLatents(symbols[0]!, model), 9).map(hex)).toEqual(sent);
      }
      const geometry = { height: 480, width: 640, channels: 3 };
      const sender = openSession({ ...model, session: 7, parity: true, firstSequence: 65_534, geometry });
      const again = [sender.hello(), ...symbols.flatMap((message) => sender.encode(message))].map(hex);
      expect(again).toEqual(expect.arrayContaining(sent));
      expect(again).toHaveLength(sent.length + 1); // one fragment was lost
    });
  },
);

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
