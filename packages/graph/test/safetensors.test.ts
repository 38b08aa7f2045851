import { IsthmusError } from "@isthmus/math";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSafetensors, type Safetensors, type StoredTensor, writeSafetensors } from "../src/index.ts";

const sample: Safetensors = {
  metadata: { "b/é": "two", a: 'one\n"' },
  tensors: {
    zeta: { shape: [2, 3], data: Float32Array.of(0, -0, 1.5, Infinity, 1e-45, -3) },
    bytes: { shape: [3], data: Uint8Array.of(1, 2, 255) },
    alpha: { shape: [], data: Int32Array.of(-(2 ** 31)) },
    empty: { shape: [0, 4], data: new Float32Array() },
  },
};

/** A file with any header text and data. */
function file(header: unknown, dataBytes = 0, headerLength?: number): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength ?? text.length), true);
  bytes.set(text, 8);
  return bytes;
}

function codeOf(bytes: Uint8Array): string {
  try {
    readSafetensors(bytes);
    return "none";
  } catch (error) {
    if (error instanceof IsthmusError) return error.code;
    throw error;
  }
}

const sorted = (record: object): [string, unknown][] => Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));

const headerOf = (bytes: Uint8Array) => {
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  return { length, json: JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<string, any> };
};

const tensor: fc.Arbitrary<StoredTensor> = fc
  .tuple(fc.array(fc.nat(3), { maxLength: 3 }), fc.constantFrom(Float32Array, Int32Array, Uint8Array), fc.nat(255))
  .map(([shape, Kind, fill]) => ({ shape, data: new Kind(shape.reduce((a, b) => a * b, 1)).fill(fill) }));
const name = fc
  .oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "7"))
  .filter((text) => text !== "__metadata__");
const content: fc.Arbitrary<Safetensors> = fc.record({
  metadata: fc.array(fc.tuple(name, fc.string())).map((pairs) => Object.fromEntries(pairs)),
  tensors: fc.array(fc.tuple(name, tensor)).map((pairs) => Object.fromEntries(pairs)),
});

describe("a file", () => {
  it("survives a round trip, bits and all", () => {
    const read = readSafetensors(writeSafetensors(sample));
    expect(read).toEqual(sample);
    expect(Object.is(read.tensors["zeta"]!.data[1], -0)).toBe(true);
  });

  it("survives it whatever it holds, and depends on content alone", () => {
    fc.assert(
      fc.property(content, (given) => {
        const bytes = writeSafetensors(given);
        const read = readSafetensors(bytes);
        expect(sorted(read.tensors)).toEqual(sorted(given.tensors));
        expect(sorted(read.metadata)).toEqual(sorted(given.metadata));
        const reversed = (record: object) => Object.fromEntries(Object.entries(record).reverse());
        expect(writeSafetensors({ metadata: reversed(given.metadata), tensors: reversed(given.tensors) })).toEqual(
          bytes,
        );
        expect(writeSafetensors(read)).toEqual(bytes);
      }),
      { numRuns: 300 },
    );
  });

  it("is laid out as the format says: header padded to 8, data sorted, without gaps, aligned", () => {
    const bytes = writeSafetensors(sample);
    const { length, json } = headerOf(bytes);
    expect(length % 8).toBe(0);
    const { __metadata__: metadata, ...entries } = json;
    expect(Object.keys(metadata)).toEqual(["a", "b/é"]);
    expect(Object.keys(entries)).toEqual(["alpha", "empty", "zeta", "bytes"]);
    let end = 0;
    for (const entry of Object.values(entries)) {
      expect(entry.data_offsets[0]).toBe(end);
      expect((8 + length + end) % (entry.dtype === "U8" ? 1 : 4)).toBe(0);
      end = entry.data_offsets[1];
    }
    expect(8 + length + end).toBe(bytes.length);
  });

  it("is read from a view at any offset, into copies", () => {
    const bytes = writeSafetensors(sample);
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    const read = readSafetensors(shifted.subarray(3));
    shifted.fill(0);
    expect(read).toEqual(sample);
  });

  it("may have no metadata", () => {
    const header = { x: { dtype: "U8", shape: [1], data_offsets: [0, 1] } };
    expect(readSafetensors(file(header, 1))).toEqual({
      metadata: {},
      tensors: { x: { shape: [1], data: Uint8Array.of(0) } },
    });
    expect(readSafetensors(file("{}"))).toEqual({ metadata: {}, tensors: {} });
  });
});

describe("writing", () => {
  const write =
    (given: unknown, called = "x") =>
    () =>
      writeSafetensors({ metadata: {}, tensors: { [called]: given as StoredTensor } });

  it("refuses what does not fill its shape, other kinds of data and the reserved name", () => {
    expect(write({ shape: [2], data: Float32Array.of(1) })).toThrow(
      new RangeError(`writeSafetensors: tensor "x" of shape [2] has 1 values`),
    );
    expect(write({ shape: [-1, -1], data: Float32Array.of(1) })).toThrow(RangeError);
    expect(write({ shape: [1], data: Float64Array.of(1) })).toThrow(TypeError);
    expect(write({ shape: [1], data: Float32Array.of(1) }, "__metadata__")).toThrow(RangeError);
  });
});

describe("hostile bytes", () => {
  const bytes = writeSafetensors(sample);

  it("cut anywhere are refused", () => {
    for (let length = 0; length < bytes.length; length++)
      expect(codeOf(bytes.subarray(0, length))).toBe("SAFETENSORS_INVALID");
    expect(codeOf(Uint8Array.of(...bytes, 0))).toBe("SAFETENSORS_INVALID");
  });

  it("with any bit of length or header flipped are refused or read, never worse", () => {
    const { length } = headerOf(bytes);
    for (let bit = 0; bit < 8 * (8 + length); bit++) {
      const spoiled = bytes.slice();
      spoiled[bit >> 3]! ^= 1 << (bit & 7);
      const code = codeOf(spoiled);
      expect(["none", "SAFETENSORS_INVALID"]).toContain(code);
      // Any other length makes the header end elsewhere.
      if (bit < 64) expect(code).toBe("SAFETENSORS_INVALID");
    }
  });

  it("of any kind are refused or read", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.boolean(), (any, isFramed) => {
        const given = isFramed ? file(`{${new TextDecoder().decode(any)}`) : any;
        expect(codeOf(given)).toMatch(/^(none|SAFETENSORS_INVALID)$/);
      }),
    );
  });

  const entry = (changes: object) => ({ x: { dtype: "F32", shape: [1], data_offsets: [0, 4], ...changes } });
  it.each<[string, Uint8Array]>([
    ["a header of 2^63 bytes", file("{}", 0, 2 ** 63)],
    ["a header longer than the file", file("{}", 0, 3)],
    ["a header that is a list", file("[]")],
    ["a header that starts with a space", file(" {}")],
    ["a header with a byte order mark", file("\uFEFF{}")],
    ["a header that is no UTF-8", Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff, 0x7d)],
    ["metadata that are a list", file({ __metadata__: ["a"] })],
    ["metadata that are null", file({ __metadata__: null })],
    ["metadata that are no strings", file({ __metadata__: { a: 1 } })],
    ["an entry that is null", file({ x: null })],
    ["an entry that is a list", file({ x: [] })],
    ["an unknown dtype", file(entry({ dtype: "F16" }), 4)],
    ["a dtype that is a list", file(entry({ dtype: ["F32"] }), 4)],
    ["a dtype that cannot be printed", file(entry({ dtype: { toString: 1 } }), 4)],
    ["a dtype every object has", file(entry({ dtype: "constructor" }), 4)],
    ["a negative dimension", file(entry({ shape: [-1, -1] }), 4)],
    ["a fractional dimension", file(entry({ shape: [0.5, 2] }), 4)],
    ["dimensions beyond counting", file(entry({ shape: [2 ** 53 - 1, 2 ** 53 - 1, 2 ** 53 - 1] }), 4)],
    ["offsets that run backwards", file(entry({ data_offsets: [4, 0] }), 4)],
    ["three offsets", file(entry({ data_offsets: [0, 4, 4] }), 4)],
    ["offsets beyond the data", file(entry({ data_offsets: [4, 8] }), 4)],
    ["a gap at the start", file(entry({ data_offsets: [4, 8] }), 8)],
    ["data nobody owns", file(entry({}), 8)],
    ["tensors that overlap", file({ ...entry({}), y: { dtype: "F32", shape: [1], data_offsets: [0, 4] } }, 8)],
    ["tensors that overlap in part", file({ ...entry({}), y: { dtype: "F32", shape: [1], data_offsets: [2, 6] } }, 8)],
    [
      "an empty tensor in the middle of another",
      file({ ...entry({}), y: { dtype: "U8", shape: [0], data_offsets: [2, 2] } }, 4),
    ],
  ])("%s is refused", (_, bad) => expect(codeOf(bad)).toBe("SAFETENSORS_INVALID"));

  it("take no more memory than the file: a thousand claims on the same megabyte are refused before one is copied", () => {
    const size = 2 ** 20;
    const claim = { dtype: "U8", shape: [size], data_offsets: [0, size] };
    const bad = file(Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`t${i}`, claim])), size);
    const before = process.memoryUsage().arrayBuffers;
    expect(codeOf(bad)).toBe("SAFETENSORS_INVALID");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(size);
  });
});
