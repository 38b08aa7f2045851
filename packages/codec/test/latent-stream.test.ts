import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Frame, PayloadCoding } from "../src/index.ts";
import {
  checkLatents,
  codeLengthBits,
  countSymbols,
  decodeLatents,
  encodeLatents,
  encodeSymbols,
  fitFrequencyTables,
  frequencyTable,
  medianSymbol,
  readFrame,
  readFrames,
  writeFrame,
} from "../src/index.ts";
import { toEnd } from "../src/steps.ts";
import { bellSymbols, isthmusErrorOf, uniforms } from "./support/index.ts";
import { measuredSteps } from "./support/measured-steps.ts";

const modelId = Uint8Array.of(0xde, 0xad, 0xbe, 0xef, 0, 1, 2, 3);
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

const dims = 3;
const symbols = bellSymbols(30, dims, 7);
const tables = fitFrequencyTables(bellSymbols(500, dims, 8), dims);
const options = { tables, modelId };
const stream = encodeLatents(symbols, { ...options, itemsPerFrame: 12 }); // three frames

const framesOf = (bytes: Uint8Array): Uint8Array[] =>
  [...readFrames(bytes)].map(({ offset, byteLength }) => bytes.slice(offset, offset + byteLength));
const parts = framesOf(stream);
const joined = (...pieces: Uint8Array[]): Uint8Array => Uint8Array.from(pieces.flatMap((piece) => [...piece]));

/** What a check finds, which keeps no symbols. */
const facts = (bytes: Uint8Array, of: Parameters<typeof checkLatents>[1] = options) => toEnd(checkLatents(bytes, of));

/** The code of the error, which must be a BITSTREAM_ one and say where, within the bytes; a check ends in the same. */
function refusal(bytes: Uint8Array): string {
  const error = isthmusErrorOf(() => decodeLatents(bytes, options));
  const checked = isthmusErrorOf(() => facts(bytes));
  expect([checked.code, checked.message, checked.details]).toEqual([error.code, error.message, error.details]);
  const offset = error.details["offset"] as number;
  expect(error.code).toMatch(/^BITSTREAM_/);
  expect(offset).toBeGreaterThanOrEqual(0);
  expect(offset).toBeLessThanOrEqual(bytes.length);
  expect(error.message).toContain(`byte ${offset}`);
  return error.code;
}

describe("a stream", () => {
  it("gives back any int32 symbols, in any number of frames", () => {
    const anySymbol = fc.oneof(fc.integer({ min: -6, max: 6 }), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1), int32);
    fc.assert(
      fc.property(fc.array(anySymbol, { maxLength: 90 }), fc.integer({ min: 1, max: 12 }), (values, itemsPerFrame) => {
        const whole = Int32Array.from(values.slice(0, values.length - (values.length % dims)));
        const bytes = encodeLatents(whole, { ...options, itemsPerFrame });
        const items = whole.length / dims;
        const told = { items, dims, streams: [{ items, quality: 0, ancillary: [], lost: [] }] };
        expect(decodeLatents(bytes, options)).toEqual({ ...told, symbols: whole });
        expect(facts(bytes)).toEqual(told);
      }),
      { numRuns: 300 },
    );
  });

  it("of no items is one frame, and not an empty file", () => {
    const bytes = encodeLatents(new Int32Array(0), options);
    expect(bytes).toHaveLength(24 + 6 + 1);
    expect(decodeLatents(bytes, options)).toMatchObject({ items: 0, dims, symbols: new Int32Array(0) });
  });

  it("may follow another: the items of both, in order", () => {
    const both = decodeLatents(joined(stream, stream), options);
    expect(both.items).toBe(60);
    expect(both.symbols).toEqual(Int32Array.of(...symbols, ...symbols));
  });

  it("may carry fields that a reader may ignore, in its first frame, and they come back", () => {
    const ancillary = [
      { type: 0x80, value: Uint8Array.of(1, 2, 3, 4) },
      { type: 0xff, value: new Uint8Array(0) },
    ];
    const noted = encodeLatents(symbols, { ...options, itemsPerFrame: 12, ancillary });
    expect([...readFrames(noted)].map((frame) => frame.ancillary)).toEqual([ancillary, [], []]);
    const { streams, ...decoded } = decodeLatents(joined(stream, noted), options);
    expect(streams).toEqual([
      { items: 30, quality: 0, ancillary: [], lost: [] },
      { items: 30, quality: 0, ancillary, lost: [] },
    ]);
    expect(decoded.symbols).toEqual(Int32Array.of(...symbols, ...symbols));
    const odd = [{ type: 0x7f, value: new Uint8Array(0) }];
    expect(() => encodeLatents(symbols, { ...options, ancillary: odd })).toThrow(RangeError);
  });

  it("does not depend on where its bytes lie in a buffer", () => {
    const shifted = joined(new Uint8Array(5), stream).subarray(5);
    expect(decodeLatents(shifted, options).symbols).toEqual(symbols);
    expect(encodeLatents(Int32Array.of(0, ...symbols).subarray(1), { ...options, itemsPerFrame: 12 })).toEqual(stream);
  });

  it("marks its frames: numbered from 0, the last one flagged", () => {
    const frames = [...readFrames(stream)];
    expect(frames.map(({ sequence, last, items }) => [sequence, last, items])).toEqual([
      [0, false, 12],
      [1, false, 12],
      [2, true, 6],
    ]);
  });

  it("is within 1 % and the fixed bytes of its code length and of the empirical entropy", () => {
    const many = bellSymbols(20_000, 4, 9);
    const fitted = fitFrequencyTables(many, 4);
    const bits = 8 * encodeLatents(many, { tables: fitted, modelId }).length;
    const fixed = 8 * (24 + 8 + 4); // header, two fields, coder state
    const entropy = [0, 1, 2, 3].reduce((sum, d) => sum + entropyBits(countSymbols(many, d, 4)), 0);
    expect(bits - fixed).toBeLessThan(1.01 * codeLengthBits(many, fitted));
    expect(bits - fixed).toBeLessThan(1.01 * entropy);
    expect(bits).toBeGreaterThan(entropy);
  });

  it("is refused to be written from what the format cannot hold", () => {
    expect(() => encodeLatents(new Int32Array(4), options)).toThrow(RangeError);
    expect(() => encodeLatents(symbols, { ...options, itemsPerFrame: 0 })).toThrow(/itemsPerFrame/);
    expect(() => encodeLatents(symbols, { tables, modelId: new Uint8Array(9) })).toThrow(/modelId/);
    expect(() => encodeLatents(new Int32Array(0), { tables: [], modelId })).toThrow(/tables/);
    expect(() => decodeLatents(stream, { tables: [], modelId })).toThrow(/tables/);
    expect(() => decodeLatents(stream, { tables, modelId: new Uint8Array(0) })).toThrow(/modelId/);
  });
});

describe("damage", () => {
  it("at the end: cut at any byte", () => {
    for (let length = 0; length < stream.length; length++)
      expect(refusal(stream.slice(0, length))).toBe("BITSTREAM_TRUNCATED");
  });

  it("by one bit, any bit", () => {
    const codes = new Set<string>();
    for (let bit = 0; bit < 8 * stream.length; bit++) {
      codes.add(refusal(stream.with(bit >> 3, stream[bit >> 3]! ^ (1 << (bit & 7)))));
    }
    expect([...codes].sort()).toEqual([
      "BITSTREAM_CRC",
      "BITSTREAM_LIMIT",
      "BITSTREAM_MAGIC",
      "BITSTREAM_TLV",
      "BITSTREAM_TRUNCATED",
      "BITSTREAM_VERSION",
    ]);
  });

  it("by splicing: what is left of two streams is refused unless every frame is one of theirs", () => {
    const other = encodeLatents(bellSymbols(30, dims, 70), { ...options, itemsPerFrame: 12 });
    const whole = new Set([...parts, ...framesOf(other)].map(String));
    let refused = 0;
    fc.assert(
      fc.property(fc.nat(stream.length), fc.nat(other.length), (head, tail) => {
        const bytes = joined(stream.subarray(0, head), other.subarray(tail));
        try {
          decodeLatents(bytes, options);
        } catch {
          refused++;
          refusal(bytes);
          return;
        }
        expect(framesOf(bytes).every((frame) => whole.has(String(frame)))).toBe(true);
      }),
      { numRuns: 500 },
    );
    expect(refused).toBeGreaterThan(400);
  });

  it("by frames lost, repeated or exchanged", () => {
    const [a, b, c] = parts as [Uint8Array, Uint8Array, Uint8Array];
    for (const wrong of [[b, c], [a, c], [a, a, b, c], [a, c, b], [b, a, c], [c]]) {
      expect(refusal(joined(...wrong))).toBe("BITSTREAM_SEQUENCE");
    }
    for (const cut of [[a], [a, b], [a, b, c, a]]) expect(refusal(joined(...cut))).toBe("BITSTREAM_TRUNCATED");
  });

  it("by anything after the last frame", () => {
    expect(refusal(joined(stream, Uint8Array.of(0)))).toBe("BITSTREAM_MAGIC");
    expect(refusal(joined(stream, Uint8Array.of(0xc9)))).toBe("BITSTREAM_TRUNCATED");
    expect(isthmusErrorOf(() => decodeLatents(joined(stream, Uint8Array.of(10)), options)).details["offset"]).toBe(
      stream.length,
    );
  });

  it("beyond recognition: random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void refusal(bytes)),
      { numRuns: 1000 },
    );
    const behindMagic = fc.uint8Array({ maxLength: 400 }).map((bytes) => Uint8Array.of(0xc9, 0x53, 0x10, ...bytes));
    fc.assert(
      fc.property(behindMagic, (bytes) => void refusal(bytes)),
      { numRuns: 1000 },
    );
  });

  it.each([
    ["PNG", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]],
    ["gzip", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
    ["text", [...new TextEncoder().encode("ISthmus is a strip of land that joins two lands")]],
    ["UTF-8 text", [...new TextEncoder().encode("É, Ισθμός")]],
    ["safetensors", [0x40, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x22]],
    ["zeros", new Array(100).fill(0)],
  ])("of being %s", (_, bytes) => {
    expect(refusal(Uint8Array.from(bytes))).toBe("BITSTREAM_MAGIC");
  });
});

describe("a frame with a good checksum", () => {
  const first = readFrame(encodeLatents(symbols, options));
  const rewritten = (changes: Partial<Frame>): Uint8Array => writeFrame({ ...first, ...changes });

  it("of another model is refused by both ids, after the checksum held", () => {
    const bytes = rewritten({ modelId: new Uint8Array(8).fill(0x1f) });
    const error = isthmusErrorOf(() => decodeLatents(bytes, options));
    expect(error).toMatchObject({
      code: "BITSTREAM_MODEL",
      details: { expected: "deadbeef00010203", got: "1f1f1f1f1f1f1f1f", offset: 4 },
    });
    expect(error.message).toContain("deadbeef00010203");
    expect(error.message).toContain("1f1f1f1f1f1f1f1f");
    expect(refusal(bytes.with(30, bytes[30]! ^ 1))).toBe("BITSTREAM_CRC");
  });

  it("is refused for another number of dimensions or another quality", () => {
    expect(refusal(rewritten({ dims: 2 }))).toBe("BITSTREAM_DIMS");
    expect(refusal(rewritten({ quality: 1 }))).toBe("BITSTREAM_QUALITY");
  });

  it("is refused when payload and item count disagree", () => {
    const [payload] = first.payloads as [Uint8Array];
    expect(refusal(rewritten({ items: 29 }))).toBe("BITSTREAM_END");
    expect(refusal(rewritten({ items: 31 }))).toBe("BITSTREAM_END");
    expect(refusal(rewritten({ payloads: [payload.subarray(0, payload.length - 2)] }))).toBe("BITSTREAM_END");
    for (const short of [0, 1, 2]) {
      expect(refusal(rewritten({ payloads: [payload.subarray(0, short)], items: 0 }))).toBe("BITSTREAM_STATE");
    }
  });

  it("is refused when its state has a byte too many", () => {
    expect(refusal(rewritten({ payloads: [Uint8Array.of(0, 0, 1)], items: 0 }).slice(0, -1))).toBe(
      "BITSTREAM_TRUNCATED",
    );
    expect(decodeLatents(rewritten({ payloads: [Uint8Array.of(0, 0, 1)], items: 0 }), options).items).toBe(0);
    expect(refusal(rewritten({ payloads: [Uint8Array.of(0, 0, 1, 0)], items: 0 }))).toBe("BITSTREAM_STATE");
    expect(refusal(rewritten({ payloads: [Uint8Array.of(0, 0, 0)], items: 0 }))).toBe("BITSTREAM_STATE");
  });

  it("of raw or deflated symbols is refused when they are not all there, or more is", () => {
    const raw = [Uint8Array.of(4, 0x21, 0x43), Uint8Array.of(4, 0x21), Uint8Array.of(4, 0x21, 0x13)];
    const coded = (coding: "raw" | "deflated", payload: Uint8Array) =>
      rewritten({ coding, payloads: [payload], items: 1 });
    expect(decodeLatents(coded("raw", raw[2]!.with(2, 0x03)), options).symbols).toEqual(Int32Array.of(1, 2, 3));
    expect(raw.map((payload) => refusal(coded("raw", payload)))).toEqual(new Array(3).fill("BITSTREAM_END"));
    expect(refusal(coded("raw", Uint8Array.of(33, ...new Uint8Array(13))))).toBe("BITSTREAM_STATE");
    const good = Uint8Array.of(8, ...deflateRawSync(Uint8Array.of(1, 2, 255)));
    expect(decodeLatents(coded("deflated", good), options).symbols).toEqual(Int32Array.of(1, 2, -1));
    expect(refusal(coded("deflated", good.with(0, 12)))).toBe("BITSTREAM_STATE");
    expect(refusal(coded("deflated", Uint8Array.of(...good, 0)))).toBe("BITSTREAM_END");
    expect(refusal(coded("deflated", good.slice(0, -1)))).toBe("BITSTREAM_DEFLATE");
    expect(refusal(coded("deflated", Uint8Array.of(8, ...deflateRawSync(new Uint8Array(4)))))).toBe("BITSTREAM_END");
    expect(refusal(coded("deflated", Uint8Array.of(8, ...deflateRawSync(new Uint8Array(2)))))).toBe("BITSTREAM_END");
  });

  it("of items that are no latents is refused", () => {
    expect(refusal(rewritten({ profile: "lossless" }))).toBe("BITSTREAM_UNSUPPORTED");
  });

  it("with other tables ends badly, but ends", () => {
    const others = fitFrequencyTables(
      bellSymbols(500, dims, 8).map((s) => -s),
      dims,
    );
    const error = isthmusErrorOf(() => decodeLatents(stream, { tables: others, modelId }));
    expect(error.code).toMatch(/^BITSTREAM_(END|SYMBOL)$/);
  });

  it("of random payload ends in an error, or in the only symbols that have this payload", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(60), (payload, items) => {
        const bytes = rewritten({ payloads: [payload], items });
        let latents;
        try {
          latents = decodeLatents(bytes, options);
        } catch {
          expect(refusal(bytes)).toMatch(/^BITSTREAM_(STATE|SYMBOL|END|LIMIT)$/);
          return;
        }
        expect(encodeSymbols(latents.symbols, tables)).toEqual(payload);
        expect(facts(bytes).items).toBe(items);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("a claim", () => {
  const claim = (items: number, set: typeof tables, payload = Uint8Array.of(0, 0, 0, 1)): (() => unknown) => {
    const bytes = writeFrame({
      modelId,
      quality: 0,
      items,
      dims: set.length,
      sequence: 0,
      last: true,
      payloads: [payload],
      ancillary: [],
    });
    return () => decodeLatents(bytes, { tables: set, modelId });
  };

  it("of more items than the payload can hold is refused before anything is allocated", () => {
    expect(isthmusErrorOf(claim(2 ** 24, tables)).code).toBe("BITSTREAM_LIMIT");
    expect(isthmusErrorOf(claim(1000, tables)).code).toBe("BITSTREAM_LIMIT");
  });

  it("is held against 17 bits of ideal length for each byte of payload", () => {
    const oneBit = [frequencyTable(12, 0, [2048, 2047, 1])];
    expect(isthmusErrorOf(claim(4 * 17, oneBit)).code).toBe("BITSTREAM_END");
    expect(isthmusErrorOf(claim(4 * 17 + 1, oneBit)).code).toBe("BITSTREAM_LIMIT");
  });

  it("is believed when symbols cost next to nothing, and then decoded in time that the caps bound", () => {
    const nearlyFree = [frequencyTable(16, 0, [65535, 1])];
    const zeros = new Int32Array(2 ** 20);
    const bytes = encodeLatents(zeros, { tables: nearlyFree, modelId });
    expect(bytes.length).toBeLessThan(60); // 2^20 symbols of 2.2e-5 bits: 23 bits
    const { items, symbols: decoded } = decodeLatents(bytes, { tables: nearlyFree, modelId });
    expect([items, decoded.every((symbol) => symbol === 0)]).toEqual([2 ** 20, true]);
    const limits = { symbols: 2 ** 20 - 1 };
    expect(isthmusErrorOf(() => decodeLatents(bytes, { tables: nearlyFree, modelId, limits })).code).toBe(
      "BITSTREAM_LIMIT",
    );
  });

  it("is checked in steps, in the memory of one of them", () => {
    const nearlyFree = [frequencyTable(16, 0, [65535, 1])];
    const claimed = 2 ** 23;
    const bytes = encodeLatents(new Int32Array(claimed), { tables: nearlyFree, modelId, itemsPerFrame: claimed });
    const { steps, mostBytes } = measuredSteps(checkLatents(bytes, { tables: nearlyFree, modelId }));
    expect(steps).toBeGreaterThanOrEqual(claimed / 2 ** 15);
    // The symbols are 32 MiB.
    expect(mostBytes).toBeLessThan(2 ** 20);
    const wrong = writeFrame({ ...readFrame(bytes), items: claimed - 1 });
    const error = isthmusErrorOf(() => facts(wrong, { tables: nearlyFree, modelId }));
    expect(error.code).toBe("BITSTREAM_END");
  });

  it("never refuses what was encoded: the likeliest symbols, under any tables, in frames of any size", () => {
    const table = fc.tuple(fc.integer({ min: 12, max: 16 }), fc.nat({ max: 2 ** 16 })).map(([precision, at]) => {
      const half = 2 ** (precision - 1);
      const f = half + (at % (half - 1));
      return frequencyTable(precision, 0, [f, 2 ** precision - f]);
    });
    fc.assert(
      fc.property(fc.array(table, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 400 }), (set, items) => {
        const likeliest = Int32Array.from({ length: items * set.length }, () => 0);
        const bytes = encodeLatents(likeliest, { tables: set, modelId });
        expect(decodeLatents(bytes, { tables: set, modelId }).items).toBe(items);
      }),
      { numRuns: 300 },
    );
  });

  it("is added up over frames", () => {
    const part = encodeLatents(symbols, options);
    const limits = { items: 59 };
    const error = isthmusErrorOf(() => decodeLatents(joined(part, part), { ...options, limits }));
    expect(error).toMatchObject({ code: "BITSTREAM_LIMIT", details: { offset: part.length } });
    expect(decodeLatents(joined(part, part), { ...options, limits: { items: 60, symbols: 180 } }).items).toBe(60);
  });
});

describe("the dearest stream", () => {
  it("takes four bytes a symbol at the most, one for each payload, and what stands before them", () => {
    const uniform = uniforms(12);
    const far = Int32Array.from({ length: 60_000 }, () => Math.floor(uniform() * 2 ** 32) - 2 ** 31);
    const narrow = new Array(3).fill(frequencyTable(16, 0, [65535, 1]));
    for (const payloads of [1, 3]) {
      const bytes = encodeLatents(far, { tables: narrow, modelId, payloads });
      expect(readFrame(bytes).coding).toBe("raw");
      // Header, two fields of a number below 2^21 and one below 2^7, the directory; then one byte and the symbols.
      expect(bytes.length).toBe(24 + 5 + 3 + (payloads > 1 ? 7 * payloads : 0) + payloads + 4 * far.length);
      expect(decodeLatents(bytes, { tables: narrow, modelId }).symbols).toEqual(far);
    }
  });
});

function entropyBits(histogram: ReadonlyMap<number, number>): number {
  const total = [...histogram.values()].reduce((a, b) => a + b, 0);
  return [...histogram.values()].reduce((bits, count) => bits - count * Math.log2(count / total), 0);
}

describe("tables shared by the positions of a convolutional latent", () => {
  // Items of 4 positions and 3 channels are 4 times as many items of 3 dimensions: another count, the same payload.
  it("code what they code of as many items of the channels alone", () => {
    const many = bellSymbols(20, 12, 3);
    const shared = encodeLatents(many, { ...options, dims: 12 });
    const apart = encodeLatents(many, options);
    expect(readFrame(shared)).toMatchObject({ items: 20, dims: 12 });
    expect(readFrame(shared).payloads).toEqual(readFrame(apart).payloads);
    expect(decodeLatents(shared, { ...options, dims: 12 })).toMatchObject({ items: 20, dims: 12, symbols: many });
  });

  it("bound what a small payload may claim by the whole item", () => {
    const one = readFrame(encodeLatents(new Int32Array(12), { ...options, dims: 12 }));
    const claim = (items: number) => () => decodeLatents(writeFrame({ ...one, items }), { ...options, dims: 12 });
    expect(isthmusErrorOf(claim(2 ** 20)).code).toBe("BITSTREAM_LIMIT");
  });

  it("are refused where the dimensions are no multiple of the channels", () => {
    expect(() => encodeLatents(symbols, { ...options, dims: 10 })).toThrow(/dims: expected a multiple of 3 channels/);
    expect(isthmusErrorOf(() => decodeLatents(stream, { ...options, dims: 6 })).code).toBe("BITSTREAM_DIMS");
  });
});

describe("several qualities", () => {
  const coarse = symbols.map((symbol) => Math.trunc(symbol / 2));
  const two = { tables: [...tables, ...fitFrequencyTables(coarse, dims)], qualities: 2, modelId };

  it("have tables of their own, and streams of both may follow each other", () => {
    const [fine, rough] = [encodeLatents(symbols, two), encodeLatents(coarse, { ...two, quality: 1 })];
    expect(fine).toEqual(encodeLatents(symbols, options));
    expect(rough.length).toBeLessThan(fine.length);
    const { streams, symbols: decoded } = decodeLatents(joined(fine, rough), two);
    expect(streams.map(({ items, quality }) => [items, quality])).toEqual([
      [30, 0],
      [30, 1],
    ]);
    expect(decoded).toEqual(Int32Array.of(...symbols, ...coarse));
  });

  it("are refused where there are no tables for one, or where it changes within a stream", () => {
    expect(() => encodeLatents(symbols, { ...two, quality: 2 })).toThrow(/quality: expected an integer 0 to 1, got 2/);
    expect(() => encodeLatents(symbols, { ...two, qualities: 4 })).toThrow(/tables: expected a multiple of 4/);
    const [first, ...rest] = [...readFrames(stream)];
    const mixed = joined(writeFrame({ ...first!, quality: 1 }), ...rest.map((frame) => writeFrame(frame)));
    const error = isthmusErrorOf(() => decodeLatents(mixed, two));
    expect(error).toMatchObject({ code: "BITSTREAM_QUALITY", message: expect.stringContaining("began with 1") });
  });
});

describe("payloads by groups of channels", () => {
  const many = bellSymbols(40, 12, 5); // 2 positions of 6 channels
  const six = fitFrequencyTables(bellSymbols(500, 6, 8), 6);
  const shared = { tables: six, dims: 12, modelId };
  const medians = six.map(medianSymbol);

  it("give back what they were given, however many there are", () => {
    for (let payloads = 1; payloads <= 6; payloads++) {
      const bytes = encodeLatents(many, { ...shared, payloads, itemsPerFrame: 15 });
      expect(readFrame(bytes).payloads).toHaveLength(payloads);
      expect(decodeLatents(bytes, shared).symbols).toEqual(many);
    }
    expect(() => encodeLatents(many, { ...shared, payloads: 7 })).toThrow(/payloads: expected an integer 1 to 6/);
  });

  it.each([0, 1, 2])("where payload %i is damaged, its channels alone become medians", (lost) => {
    const bytes = encodeLatents(many, { ...shared, payloads: 3 });
    const at = readFrame(bytes).found[lost]!.offset;
    const damaged = bytes.with(at, bytes[at]! ^ 1);
    const error = isthmusErrorOf(() => decodeLatents(damaged, shared));
    expect(error).toMatchObject({ code: "BITSTREAM_PAYLOAD", details: { offset: at, payload: lost } });
    const { symbols: decoded, streams } = decodeLatents(damaged, { ...shared, lost: "replace" });
    const channels = [2 * lost, 2 * lost + 2];
    expect(streams[0]!.lost).toEqual([{ frame: 0, payload: lost, channels, state: "damaged" }]);
    decoded.forEach((symbol, i) => {
      const isLost = Math.floor((i % 6) / 2) === lost;
      if (symbol !== (isLost ? medians[i % 6] : many[i])) throw new Error(`symbol ${i} is ${symbol}`);
    });
  });

  it("may be cut off at the end of the bytes, the last ones first", () => {
    const bytes = encodeLatents(many, { ...shared, payloads: 3 });
    const { found } = readFrame(bytes);
    const states = (length: number) => {
      const { streams } = decodeLatents(bytes.subarray(0, length), { ...shared, lost: "replace" });
      return streams[0]!.lost.map(({ payload, state }) => `${payload} ${state}`);
    };
    expect(states(bytes.length)).toEqual([]);
    expect(states(bytes.length - 1)).toEqual(["2 cut off"]);
    expect(states(found[2]!.offset - 1)).toEqual(["1 cut off", "2 cut off"]);
    expect(isthmusErrorOf(() => states(found[1]!.offset - 1)).code).toBe("BITSTREAM_PAYLOAD");
    expect(isthmusErrorOf(() => states(found[0]!.offset - 1)).code).toBe("BITSTREAM_TRUNCATED");
  });

  it("may be left out by whoever passes a frame on", () => {
    const frame = readFrame(encodeLatents(many, { ...shared, payloads: 3 }));
    const thinned = writeFrame({ ...frame, payloads: frame.payloads.with(2, new Uint8Array(0)) });
    const { streams } = decodeLatents(thinned, { ...shared, lost: "replace" });
    expect(streams[0]!.lost).toMatchObject([{ payload: 2, state: "left out" }]);
  });

  it("are refused where there are more of them than channels", () => {
    const frame = readFrame(encodeLatents(symbols, options));
    const bytes = writeFrame({ ...frame, payloads: new Array(4).fill(Uint8Array.of(0, 0, 1)), items: 0 });
    expect(refusal(bytes)).toBe("BITSTREAM_UNSUPPORTED");
  });
});

describe("what stands in for rANS", () => {
  it("is chosen where it is shorter, and never makes a stream longer", () => {
    const strangers = fc.array(fc.oneof(fc.integer({ min: -6, max: 6 }), int32), { maxLength: 60 });
    fc.assert(
      fc.property(strangers, fc.integer({ min: 1, max: 3 }), fc.boolean(), (values, payloads, tryDeflate) => {
        const whole = Int32Array.from(values.slice(0, values.length - (values.length % dims)));
        const bytes = encodeLatents(whole, { ...options, payloads, tryDeflate });
        const [frame] = [...readFrames(bytes)];
        const size = frame!.payloads.reduce((sum, { length }) => sum + length, 0);
        expect(size).toBeLessThanOrEqual(payloads + 4 * whole.length);
        if (payloads === 1) expect(size).toBeLessThanOrEqual(encodeSymbols(whole, tables).length);
        expect(decodeLatents(bytes, options).symbols).toEqual(whole);
      }),
    );
  });

  it("finds that items repeat themselves when it is asked to try", () => {
    const some = bellSymbols(10, dims, 4);
    const stuck = Int32Array.from({ length: 3000 * dims }, (_, i) => some[i % some.length]!);
    const [plain, tried] = [false, true].map((tryDeflate) => encodeLatents(stuck, { ...options, tryDeflate }));
    expect(readFrame(plain!).coding).toBe("learned");
    expect(readFrame(tried!).coding).toBe("deflated");
    expect(tried!.length).toBeLessThan(plain!.length / 4);
    expect(decodeLatents(tried!, options).symbols).toEqual(stuck);
  });

  it("cannot claim more than its bytes can hold", () => {
    const frame = readFrame(encodeLatents(symbols, options));
    const claimed = (coding: PayloadCoding, items: number) =>
      refusal(writeFrame({ ...frame, coding, items, payloads: [Uint8Array.of(8, 3, 0, 0)] }));
    expect(claimed("raw", 11)).toBe("BITSTREAM_LIMIT"); // 32 bits hold 10 items of 3 symbols
    expect(claimed("raw", 10)).toBe("BITSTREAM_END");
    expect(claimed("deflated", 1377)).toBe("BITSTREAM_LIMIT"); // 4 * 1032 bytes hold 1376
    expect(claimed("deflated", 1376)).toBe("BITSTREAM_END");
  });
});

describe("the median of a table", () => {
  it("has half of the others at or below it, the escape left out", () => {
    expect(medianSymbol(frequencyTable(12, -1, [1024, 1024, 1024, 1024]))).toBe(0);
    expect(medianSymbol(frequencyTable(12, -1, [2000, 48, 24, 2024]))).toBe(-1);
    expect(medianSymbol(frequencyTable(12, 7, [1, 4095]))).toBe(7);
    expect(medianSymbol(frequencyTable(12, 0, [1, 1, 4093, 1]))).toBe(2);
  });
});
