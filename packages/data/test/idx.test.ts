import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseIdx, readIdx, writeIdx } from "../src/index.ts";
import type { IdxArray } from "../src/index.ts";
import { isthmusError } from "./support/error.ts";

const ARRAYS: readonly IdxArray[] = [
  { type: "u8", shape: [2, 3], values: Uint8Array.of(0, 1, 127, 128, 254, 255) },
  { type: "i8", shape: [4], values: Int8Array.of(-128, -1, 0, 127) },
  { type: "i16", shape: [3], values: Int16Array.of(-32768, 258, 32767) },
  { type: "i32", shape: [1, 2], values: Int32Array.of(-(2 ** 31), 2 ** 31 - 1) },
  { type: "f32", shape: [3], values: Float32Array.of(1 / 3, -0, Infinity) },
  { type: "f64", shape: [2, 1], values: Float64Array.of(Math.PI, Number.MIN_VALUE) },
];

describe("IDX", () => {
  it.each(ARRAYS)("$type: parse(write(array)) = array, plain and gzip", async (array) => {
    const bytes = writeIdx(array);
    expect(parseIdx(bytes)).toEqual(array);
    expect(await readIdx(bytes)).toEqual(array);
    expect(await readIdx(gzipSync(bytes))).toEqual(array);
  });

  it("is the layout of the format's description: zeros, type, rank, big-endian sizes, big-endian elements", () => {
    const array: IdxArray = { type: "i16", shape: [2, 1], values: Int16Array.of(258, -2) };
    const bytes = [0, 0, 0x0b, 2, 0, 0, 0, 2, 0, 0, 0, 1, 1, 2, 0xff, 0xfe];
    expect([...writeIdx(array)]).toEqual(bytes);
    expect(parseIdx(Uint8Array.from(bytes))).toEqual(array);
  });

  it("reads bytes that stand anywhere in a larger buffer", () => {
    for (const array of ARRAYS) {
      const bytes = writeIdx(array);
      const larger = new Uint8Array(bytes.length + 9);
      larger.set(bytes, 5);
      expect(parseIdx(larger.subarray(5, 5 + bytes.length))).toEqual(array);
    }
  });

  it("holds no items too", () => {
    const none: IdxArray = { type: "u8", shape: [0, 28, 28], values: new Uint8Array(0) };
    expect(parseIdx(writeIdx(none))).toEqual(none);
  });

  it("refuses a shape that does not describe the values", () => {
    expect(() => writeIdx({ type: "u8", shape: [2, 2], values: new Uint8Array(5) })).toThrow(RangeError);
    expect(() => writeIdx({ type: "u8", shape: [], values: new Uint8Array(1) })).toThrow(RangeError);
  });
});

describe("a damaged IDX file", () => {
  const good = writeIdx({ type: "i32", shape: [2, 3], values: Int32Array.of(1, 2, 3, 4, 5, 6) });

  it("cut at any byte is refused, plain and gzip", async () => {
    const zipped = gzipSync(good);
    for (let length = 0; length < good.length; length++) {
      const error = await isthmusError(() => parseIdx(good.subarray(0, length), "digits.idx"));
      expect(error.code).toBe("DATA_IDX");
      expect(error.message).toMatch(/^digits\.idx: /);
      expect(error.details["offset"]).toBe(length);
    }
    for (let length = 2; length < zipped.length; length++) {
      const error = await isthmusError(() => readIdx(zipped.subarray(0, length), "digits.gz"));
      expect(["DATA_GZIP", "DATA_IDX"]).toContain(error.code);
    }
  });

  it("with bytes after its end is refused, plain and gzip", async () => {
    const longer = Uint8Array.of(...good, 0);
    expect((await isthmusError(() => parseIdx(longer))).message).toContain("expected 36 bytes, got 1 more");
    expect((await isthmusError(() => readIdx(gzipSync(longer)))).code).toBe("DATA_GZIP");
  });

  it.each([
    ["another file", [0x89, 0x50, 0x4e, 0x47], 0],
    ["an unknown type", [0, 0, 0x0a, 1, 0, 0, 0, 1, 7], 2],
    ["no dimensions", [0, 0, 8, 0], 3],
    ["more elements than memory", [0, 0, 8, 4, ...Array.from({ length: 16 }, () => 0xff)], 4],
    ["4 GB claimed, 1 byte there", [0, 0, 8, 1, 0xff, 0xff, 0xff, 0xff, 1], 9],
  ])("%s is refused with its offset", async (_name, bytes, offset) => {
    const error = await isthmusError(() => parseIdx(Uint8Array.from(bytes)));
    expect(error.code).toBe("DATA_IDX");
    expect(error.details["offset"]).toBe(offset);
  });

  it("that inflates to far more than its header says is stopped there", async () => {
    const inflated = new Uint8Array(50_000_000);
    inflated.set([0, 0, 8, 1, 0, 0, 0, 4]);
    const error = await isthmusError(() => readIdx(gzipSync(inflated)));
    expect(error.code).toBe("DATA_GZIP");
    expect(error.details["maxBytes"]).toBe(12);
  });

  it("never throws anything else, whatever the bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), fc.boolean(), async (noise, headed) => {
        const bytes = headed ? Uint8Array.of(0, 0, 8 + ((noise[0] ?? 0) % 8), (noise[1] ?? 0) % 4, ...noise) : noise;
        await readIdx(bytes).then(
          ({ values, shape }) => expect(values.length).toBe(shape.reduce((product, n) => product * n, 1)),
          (error: unknown) => expect(error).toMatchObject({ name: "IsthmusError" }),
        );
      }),
    );
  });
});
