import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Frame, FrameLimits, ReadOptions } from "../src/index.ts";
import { crc32c, FRAME_LIMITS, noteFields, notesOf, readFrame, readFrames, writeFrame } from "../src/index.ts";
import { isthmusErrorOf } from "./support/index.ts";

const frame: Frame = {
  modelId: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
  quality: 0,
  items: 5,
  dims: 3,
  sequence: 0,
  last: true,
  payloads: [Uint8Array.of(9, 9, 9, 9)],
  ancillary: [],
};

/** The frame with bytes replaced and the checksum made right again, as a hostile writer would. */
function forged(base: Uint8Array, changes: Record<number, number>): Uint8Array {
  const bytes = base.slice();
  for (const [at, byte] of Object.entries(changes)) bytes[Number(at)] = byte;
  new DataView(bytes.buffer).setUint32(20, crc32c(bytes.subarray(24), crc32c(bytes.subarray(0, 20))), true);
  return bytes;
}

/** A frame with these bytes as its fields. */
function withFields(...fields: number[]): Uint8Array {
  const base = writeFrame(frame);
  const bytes = Uint8Array.of(...base.subarray(0, 24), ...fields, ...frame.payloads[0]!);
  return forged(bytes, { 3: fields.length > 0 ? 0x30 : 0x10, 14: fields.length });
}

const codeOf = (bytes: Uint8Array, limits: Partial<FrameLimits> = {}): string =>
  isthmusErrorOf(() => readFrame(bytes, 0, { limits })).code;

const bytes8 = fc.uint8Array({ minLength: 8, maxLength: 8 });
const anyFrame: fc.Arbitrary<Frame> = fc.record({
  modelId: bytes8,
  quality: fc.nat(255),
  items: fc.nat(1000),
  dims: fc.integer({ min: 1, max: 65536 }),
  sequence: fc.nat(2 ** 32 - 1),
  last: fc.boolean(),
  profile: fc.constantFrom("latents", "lossless"),
  coding: fc.constantFrom("learned", "raw", "deflated"),
  payloads: fc.array(fc.uint8Array({ maxLength: 100 }), { minLength: 1, maxLength: 16 }),
  ancillary: fc
    .uniqueArray(fc.record({ type: fc.integer({ min: 128, max: 255 }), value: fc.uint8Array({ maxLength: 255 }) }), {
      selector: ({ type }) => type,
      maxLength: 4,
    })
    .map((fields) => fields.sort((a, b) => a.type - b.type)),
});

describe("a frame", () => {
  it("is read as it was written, at any offset", () => {
    fc.assert(
      fc.property(anyFrame, fc.nat(50), (written, offset) => {
        const bytes = writeFrame(written);
        const read = readFrame(Uint8Array.of(...new Uint8Array(offset), ...bytes, 1, 2, 3), offset);
        expect(read).toMatchObject({ offset, byteLength: bytes.length, minorVersion: 0 });
        const { modelId, profile, coding, quality, items, dims, sequence, last, payloads, ancillary, found } = read;
        const rest = { modelId, profile, coding, quality, items, dims, sequence, last, payloads, ancillary };
        expect(rest).toEqual(written);
        expect(found.map(({ state }) => state)).toEqual(
          written.payloads.map(({ length }, _k, { length: count }) =>
            length > 0 || count === 1 ? "whole" : "left out",
          ),
        );
      }),
    );
  });

  it("is read by a reader of 1.0 when a later minor version wrote it", () => {
    expect(readFrame(forged(writeFrame(frame), { 2: 0x17 })).minorVersion).toBe(7);
  });

  it("follows another: readFrames gives all, in order, and says where each one is", () => {
    const parts = [0, 1, 2].map((sequence) => writeFrame({ ...frame, sequence, payloads: [new Uint8Array(sequence)] }));
    const all = [...readFrames(Uint8Array.of(...parts[0]!, ...parts[1]!, ...parts[2]!))];
    expect(all.map(({ sequence }) => sequence)).toEqual([0, 1, 2]);
    expect(all.map(({ offset }) => offset)).toEqual([0, parts[0]!.length, parts[0]!.length + parts[1]!.length]);
  });

  it("is a view: reading does not copy the payload", () => {
    const bytes = writeFrame(frame);
    expect(readFrame(bytes).payloads[0]!.buffer).toBe(bytes.buffer);
  });

  it("is written only from what the format can hold", () => {
    const wrong: Partial<Frame>[] = [
      { modelId: new Uint8Array(7) },
      { quality: 256 },
      { quality: 0.5 },
      { items: -1 },
      { items: 2 ** 24 + 1, dims: 1 },
      { items: 2 ** 20, dims: 65 },
      { dims: 0 },
      { dims: 65537 },
      { sequence: 2 ** 32 },
      { ancillary: [{ type: 0x7f, value: new Uint8Array(0) }] },
      { ancillary: [{ type: 0x80, value: new Uint8Array(256) }] },
      {
        ancillary: [
          { type: 0x81, value: new Uint8Array(0) },
          { type: 0x81, value: new Uint8Array(0) },
        ],
      },
      { payloads: [new Uint8Array(2 ** 24 + 1)] },
      { payloads: [new Uint8Array(2 ** 23), new Uint8Array(2 ** 23)] },
      { payloads: [] },
      { payloads: new Array(17).fill(new Uint8Array(1)) },
      { profile: "other" as never },
      { coding: "zip" as never },
    ];
    for (const part of wrong) expect(() => writeFrame({ ...frame, ...part })).toThrow(RangeError);
    expect(() => writeFrame({ ...frame, modelId: "0102030405060708" as never })).toThrow(TypeError);
  });
});

describe("a reader refuses", () => {
  const good = writeFrame(frame);

  it("an empty file", () => {
    const error = isthmusErrorOf(() => [...readFrames(new Uint8Array(0))]);
    expect(error).toMatchObject({ code: "BITSTREAM_TRUNCATED", details: { offset: 0 } });
  });

  it("another magic, however short the file", () => {
    expect(codeOf(Uint8Array.of(0x89, 0x50))).toBe("BITSTREAM_MAGIC");
    expect(codeOf(Uint8Array.of(0xc9, 0x50))).toBe("BITSTREAM_MAGIC");
    expect(codeOf(Uint8Array.of(0x49))).toBe("BITSTREAM_MAGIC");
    expect(codeOf(Uint8Array.of(0xc9))).toBe("BITSTREAM_TRUNCATED");
  });

  it("another major version, before it looks at anything else", () => {
    const error = isthmusErrorOf(() => readFrame(Uint8Array.of(0xc9, 0x53, 0x25)));
    expect(error).toMatchObject({ code: "BITSTREAM_VERSION", details: { offset: 2, major: 2, minor: 5 } });
    expect(error.message).toContain("2.5");
    expect(codeOf(forged(good, { 2: 0x00 }))).toBe("BITSTREAM_VERSION");
  });

  it("the flags that this version reserves, and payloads other than 1 to 16", () => {
    for (const flag of [0x02, 0x03, 0x0c, 0x40, 0x80]) {
      expect(codeOf(forged(good, { 3: good[3]! | flag }))).toBe("BITSTREAM_UNSUPPORTED");
    }
    for (const payloads of [0, 17, 255]) expect(codeOf(forged(good, { 13: payloads }))).toBe("BITSTREAM_UNSUPPORTED");
  });

  it("lengths above the caps, without looking for the bytes", () => {
    const header = forged(good, { 16: 1, 17: 0, 18: 0, 19: 1 }).slice(0, 24);
    expect(isthmusErrorOf(() => readFrame(header))).toMatchObject({
      code: "BITSTREAM_LIMIT",
      details: { name: "payloadBytes", value: 2 ** 24 + 1, limit: 2 ** 24, offset: 16 },
    });
    expect(codeOf(good, { payloadBytes: 3 })).toBe("BITSTREAM_LIMIT");
    expect(codeOf(good, { items: 4 })).toBe("BITSTREAM_LIMIT");
    expect(codeOf(good, { dims: 2 })).toBe("BITSTREAM_LIMIT");
    expect(codeOf(good, { symbols: 14 })).toBe("BITSTREAM_LIMIT");
    expect(readFrame(good, 0, { limits: { payloadBytes: 4, items: 5, dims: 3, symbols: 15 } }).items).toBe(5);
    expect(codeOf(withFields(1, 4, 128, 128, 128, 8, 2, 3, 128, 128, 4))).toBe("BITSTREAM_LIMIT"); // 2^24 items of 65536
    expect(codeOf(withFields(1, 4, 129, 128, 128, 8, 2, 1, 1))).toBe("BITSTREAM_LIMIT"); // 2^24 + 1 items
    expect(codeOf(withFields(1, 1, 1, 2, 3, 129, 128, 4))).toBe("BITSTREAM_LIMIT"); // 65537 dims
  });

  it("fields that are malformed, missing, repeated, out of order, or critical and unknown", () => {
    const items = [1, 1, 5];
    const dims = [2, 1, 3];
    expect(readFrame(withFields(...items, ...dims)).items).toBe(5);
    const wrong = [
      [],
      items,
      dims,
      [...dims, ...items],
      [...items, ...items, ...dims],
      [...items, ...dims, 3],
      [...items, ...dims, 3, 4, 1],
      [...items, ...dims, 3, 1, 0],
      [...items, ...dims, 3, 2, 1, 0], // a number and something after it
      [...items, 2, 1, 0],
      [...items, 2, 0],
      [1, 2, 0x85, 0, ...dims], // 5, but not in its shortest form
      [1, 1, 0x85, ...dims], // a number that does not end
      [1, 5, 0x80, 0x80, 0x80, 0x80, 0x10, ...dims], // 2^32
      [0, 0, ...items, ...dims],
      [...items, ...dims, 4, 0],
      [...items, ...dims, 0x7f, 1, 1],
    ];
    for (const fields of wrong) expect(codeOf(withFields(...fields))).toBe("BITSTREAM_TLV");
    expect(codeOf(forged(good, { 3: 0x10 }))).toBe("BITSTREAM_TLV");
    expect(isthmusErrorOf(() => readFrame(withFields(...items, ...dims, 4, 0)))).toMatchObject({
      details: { offset: 30, type: 4 },
    });
  });

  it("no unknown field that is ancillary", () => {
    const { ancillary } = readFrame(withFields(1, 1, 5, 2, 1, 3, 0x80, 0, 0xff, 1, 7));
    expect(ancillary).toEqual([
      { type: 0x80, value: new Uint8Array(0) },
      { type: 0xff, value: Uint8Array.of(7) },
    ]);
  });

  it("a checksum that does not hold, and says both", () => {
    const error = isthmusErrorOf(() => readFrame(good.with(good.length - 1, 8)));
    expect(error).toMatchObject({ code: "BITSTREAM_CRC", details: { offset: 20, frameOffset: 0 } });
  });

  it("limits above the format's, and offsets outside the bytes", () => {
    expect(() => readFrame(good, 0, { limits: { items: FRAME_LIMITS.items + 1 } })).toThrow(/limits.items/);
    expect(() => readFrame(good, -1)).toThrow(RangeError);
    expect(() => readFrame(good, good.length + 1)).toThrow(RangeError);
    expect(() => readFrame([...good] as never)).toThrow(TypeError);
  });

  it("forged headers of any kind with an IsthmusError, or reads them", () => {
    const changes = fc.dictionary(fc.integer({ min: 0, max: good.length - 1 }).map(String), fc.nat(255), {
      maxKeys: 4,
    });
    fc.assert(
      fc.property(changes, (change) => {
        try {
          expect(readFrame(forged(good, change)).byteLength).toBeLessThanOrEqual(good.length);
        } catch (error) {
          expect(error).toMatchObject({ name: "IsthmusError", code: expect.stringMatching(/^BITSTREAM_/) });
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("several payloads", () => {
  const payloads = [Uint8Array.of(1, 2, 3), Uint8Array.of(4), Uint8Array.of(5, 6)];
  const bytes = writeFrame({ ...frame, payloads });
  const body = bytes.length - 6;
  const states = (read: Uint8Array, options: ReadOptions = {}) =>
    readFrame(read, 0, options).found.map(({ state }) => state);

  it("have lengths and checksums of their own, so that damage to one is known to be its own", () => {
    expect(bytes.length).toBe(writeFrame({ ...frame, payloads: [new Uint8Array(6)] }).length + 3 * 7);
    expect(states(bytes)).toEqual(["whole", "whole", "whole"]);
    for (let at = body; at < bytes.length; at++) {
      const hit = at < body + 3 ? 0 : at < body + 4 ? 1 : 2;
      const expected = [0, 1, 2].map((k) => (k === hit ? "damaged" : "whole"));
      expect(states(bytes.with(at, bytes[at]! ^ 0x10))).toEqual(expected);
    }
  });

  it("do not make up for damage to anything else", () => {
    for (let bit = 0; bit < 8 * body; bit++) {
      const damaged = bytes.with(bit >> 3, bytes[bit >> 3]! ^ (1 << (bit & 7)));
      expect(isthmusErrorOf(() => readFrame(damaged, 0, { partial: true })).code).toMatch(/^BITSTREAM_/);
    }
  });

  it("may be cut off at the end of the bytes, where the reader takes what there is", () => {
    for (let length = body; length < bytes.length; length++) {
      const cut = bytes.subarray(0, length);
      expect(codeOf(cut)).toBe("BITSTREAM_TRUNCATED");
      const whole = [3, 4, 6].map((end) => (length - body >= end ? "whole" : "cut off"));
      expect(states(cut, { partial: true })).toEqual(whole);
      expect(readFrame(cut, 0, { partial: true }).byteLength).toBe(length);
    }
    expect(isthmusErrorOf(() => readFrame(bytes.subarray(0, body - 1), 0, { partial: true })).code).toBe(
      "BITSTREAM_TRUNCATED",
    );
    const single = writeFrame(frame);
    expect(isthmusErrorOf(() => readFrame(single.subarray(0, -1), 0, { partial: true })).code).toBe(
      "BITSTREAM_TRUNCATED",
    );
  });

  it("may be left out", () => {
    expect(states(writeFrame({ ...frame, payloads: payloads.with(1, new Uint8Array(0)) }))).toEqual([
      "whole",
      "left out",
      "whole",
    ]);
  });

  it("are refused where the directory says more or less than the header", () => {
    const entry = body - 3 * 7;
    const lied = (changes: Record<number, number>): string => {
      const lie = bytes.slice();
      for (const [at, byte] of Object.entries(changes)) lie[Number(at)] = byte;
      new DataView(lie.buffer).setUint32(20, crc32c(lie.subarray(24, body), crc32c(lie.subarray(0, 20))), true);
      return codeOf(lie);
    };
    expect(lied({ [entry]: 2 })).toBe("BITSTREAM_TLV");
    expect(lied({ [entry]: 4 })).toBe("BITSTREAM_TLV");
    expect(lied({ [entry + 2]: 255 })).toBe("BITSTREAM_TLV");
    expect(lied({ 16: 20 })).toBe("BITSTREAM_TLV"); // 20 bytes do not hold three entries of 7
  });
});

describe("notes", () => {
  it("come back as they were written, and none is no field", () => {
    const notes = fc.record(
      {
        filledRows: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
        geometry: fc.record({
          height: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
          width: fc.integer({ min: 1, max: 5000 }),
          channels: fc.integer({ min: 1, max: 4 }),
        }),
        timestamp: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        nonce: fc.uint8Array({ minLength: 1, maxLength: 32 }),
        seamless: fc.constant(true),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(notes, (written) => {
        const read = readFrame(writeFrame({ ...frame, ancillary: noteFields(written) }));
        expect(notesOf(read.ancillary)).toEqual(written);
      }),
    );
    expect(noteFields({ filledRows: 0, seamless: false })).toEqual([]);
  });

  it("of another form are none of ours, and are passed over", () => {
    const odd = [0x80, 0x81, 0x82, 0x84].map((type) => ({ type, value: Uint8Array.of(0x80) }));
    expect(notesOf(odd)).toEqual({});
    expect(notesOf([{ type: 0x81, value: Uint8Array.of(4, 0, 1) }])).toEqual({});
  });

  it("are written only from what they can hold", () => {
    for (const wrong of [
      { filledRows: -1 },
      { geometry: { height: 0, width: 1, channels: 1 } },
      { timestamp: -1n },
      { timestamp: 2n ** 64n },
      { nonce: new Uint8Array(0) },
      { nonce: new Uint8Array(33) },
    ]) {
      expect(() => noteFields(wrong)).toThrow(RangeError);
    }
  });
});
