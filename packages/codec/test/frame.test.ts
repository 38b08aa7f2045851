import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Frame, FrameLimits } from "../src/index.ts";
import { crc32c, FRAME_LIMITS, readFrame, readFrames, writeFrame } from "../src/index.ts";
import { isthmusErrorOf } from "./support.ts";

const frame: Frame = {
  modelId: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
  quality: 0,
  items: 5,
  dims: 3,
  sequence: 0,
  last: true,
  payload: Uint8Array.of(9, 9, 9, 9),
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
  const bytes = Uint8Array.of(...base.subarray(0, 24), ...fields, ...frame.payload);
  return forged(bytes, { 3: fields.length > 0 ? 0x30 : 0x10, 14: fields.length });
}

const codeOf = (bytes: Uint8Array, limits: Partial<FrameLimits> = {}): string =>
  isthmusErrorOf(() => readFrame(bytes, 0, limits)).code;

const bytes8 = fc.uint8Array({ minLength: 8, maxLength: 8 });
const anyFrame: fc.Arbitrary<Frame> = fc.record({
  modelId: bytes8,
  quality: fc.nat(255),
  items: fc.nat(1000),
  dims: fc.integer({ min: 1, max: 65536 }),
  sequence: fc.nat(2 ** 32 - 1),
  last: fc.boolean(),
  payload: fc.uint8Array({ maxLength: 100 }),
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
        const { modelId, quality, items, dims, sequence, last, payload, ancillary } = read;
        expect({ modelId, quality, items, dims, sequence, last, payload, ancillary }).toEqual(written);
      }),
    );
  });

  it("is read by a reader of 1.0 when a later minor version wrote it", () => {
    expect(readFrame(forged(writeFrame(frame), { 2: 0x17 })).minorVersion).toBe(7);
  });

  it("follows another: readFrames gives all, in order, and says where each one is", () => {
    const parts = [0, 1, 2].map((sequence) => writeFrame({ ...frame, sequence, payload: new Uint8Array(sequence) }));
    const all = [...readFrames(Uint8Array.of(...parts[0]!, ...parts[1]!, ...parts[2]!))];
    expect(all.map(({ sequence }) => sequence)).toEqual([0, 1, 2]);
    expect(all.map(({ offset }) => offset)).toEqual([0, parts[0]!.length, parts[0]!.length + parts[1]!.length]);
  });

  it("is a view: reading does not copy the payload", () => {
    const bytes = writeFrame(frame);
    expect(readFrame(bytes).payload.buffer).toBe(bytes.buffer);
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
      { payload: new Uint8Array(2 ** 24 + 1) },
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

  it("the flags that this version reserves, and streams other than one", () => {
    for (const flag of [0x01, 0x02, 0x04, 0x08, 0x40, 0x80]) {
      expect(codeOf(forged(good, { 3: good[3]! | flag }))).toBe("BITSTREAM_UNSUPPORTED");
    }
    expect(isthmusErrorOf(() => readFrame(forged(good, { 3: good[3]! | 8 }))).message).toContain("deflate");
    for (const streams of [0, 2, 255]) expect(codeOf(forged(good, { 13: streams }))).toBe("BITSTREAM_UNSUPPORTED");
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
    expect(readFrame(good, 0, { payloadBytes: 4, items: 5, dims: 3, symbols: 15 }).items).toBe(5);
    expect(codeOf(withFields(1, 4, 0, 0, 0, 1, 2, 4, 0, 0, 1, 0))).toBe("BITSTREAM_LIMIT"); // 2^24 items of 65536
    expect(codeOf(withFields(1, 4, 1, 0, 0, 1, 2, 4, 1, 0, 0, 0))).toBe("BITSTREAM_LIMIT"); // 2^24 + 1 items
    expect(codeOf(withFields(1, 4, 1, 0, 0, 0, 2, 4, 1, 0, 1, 0))).toBe("BITSTREAM_LIMIT"); // 65537 dims
  });

  it("fields that are malformed, missing, repeated, out of order, or critical and unknown", () => {
    const items = [1, 4, 5, 0, 0, 0];
    const dims = [2, 4, 3, 0, 0, 0];
    expect(readFrame(withFields(...items, ...dims)).items).toBe(5);
    const wrong = [
      [],
      items,
      dims,
      [...dims, ...items],
      [...items, ...items, ...dims],
      [...items, ...dims, 3],
      [...items, ...dims, 3, 4, 1, 0, 0],
      [...items, ...dims, 3, 2, 1, 0],
      [...items, ...dims, 3, 4, 0, 0, 0, 0],
      [1, 3, 5, 0, 0, ...dims],
      [...items, 2, 4, 0, 0, 0, 0],
      [0, 0, ...items, ...dims],
      [...items, ...dims, 4, 0],
      [...items, ...dims, 0x7f, 1, 1],
    ];
    for (const fields of wrong) expect(codeOf(withFields(...fields))).toBe("BITSTREAM_TLV");
    expect(codeOf(forged(good, { 3: 0x10 }))).toBe("BITSTREAM_TLV");
    expect(isthmusErrorOf(() => readFrame(withFields(...items, ...dims, 4, 0)))).toMatchObject({
      details: { offset: 36, type: 4 },
    });
  });

  it("no unknown field that is ancillary", () => {
    const { ancillary } = readFrame(withFields(1, 4, 5, 0, 0, 0, 2, 4, 3, 0, 0, 0, 0x80, 0, 0xff, 1, 7));
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
    expect(() => readFrame(good, 0, { items: FRAME_LIMITS.items + 1 })).toThrow(/limits.items/);
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
