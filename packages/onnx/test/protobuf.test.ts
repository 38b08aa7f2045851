import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Field, readMessage } from "../src/protobuf-reader.ts";
import { ProtobufWriter } from "../src/protobuf-writer.ts";

const hex = (writer: ProtobufWriter) =>
  Array.from(writer.finish(), (byte) => byte.toString(16).padStart(2, "0")).join(" ");

describe("the encodings that protobuf's own documentation shows", () => {
  test("field 1 = 150", () => {
    expect(hex(new ProtobufWriter().int(1, 150))).toBe("08 96 01");
  });
  test('field 2 = "testing"', () => {
    expect(hex(new ProtobufWriter().string(2, "testing"))).toBe("12 07 74 65 73 74 69 6e 67");
  });
  test("field 3 = a message with field 1 = 150", () => {
    expect(hex(new ProtobufWriter().message(3, new ProtobufWriter().int(1, 150)))).toBe("1a 03 08 96 01");
  });
  test("-2 takes ten bytes", () => {
    expect(hex(new ProtobufWriter().int(1, -2))).toBe("08 fe ff ff ff ff ff ff ff ff 01");
  });
  test("packed integers are read", () => {
    const bytes = Uint8Array.from([0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05]);
    let values: number[] = [];
    readMessage(bytes, { 6: (field) => (values = field.ints()) });
    expect(values).toEqual([3, 270, 86942]);
  });
});

test("integers that are not safe are refused", () => {
  expect(() => new ProtobufWriter().int(1, 2 ** 53)).toThrow(RangeError);
  expect(() => new ProtobufWriter().int(1, 0.5)).toThrow(RangeError);
});

test("what is written is read", () => {
  const record = fc.record({
    int: fc.maxSafeInteger(),
    float: fc.float(),
    text: fc.string({ unit: "grapheme" }),
    bytes: fc.uint8Array(),
    skipped: fc.uint8Array(),
  });
  fc.assert(
    fc.property(record, (value) => {
      const inner = new ProtobufWriter().string(1, value.text).bytes(16, value.bytes);
      const bytes = new ProtobufWriter()
        .int(1, value.int)
        .bytes(7, value.skipped)
        .float(2, value.float)
        .message(3000, inner)
        .finish();
      const read: Record<string, unknown> = {};
      readMessage(bytes, {
        1: (field) => (read["int"] = field.int()),
        2: (field) => (read["float"] = field.float()),
        3000: (field) =>
          field.message({
            1: (part) => (read["text"] = part.string()),
            16: (part) => (read["bytes"] = part.bytes()),
          }),
      });
      expect({ ...read, skipped: value.skipped }).toEqual(value);
    }),
  );
});

describe("bytes that are not protobuf are refused with the offset", () => {
  const accept = (field: Field) => field.bytes();
  const refused: Record<string, readonly [number[], number]> = {
    "a key without a value": [[0x08], 1],
    "a length beyond the end": [[0x0a, 0x05, 1, 2], 2],
    "a length of 2^63": [[0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], 11],
    "a number without an end": [[0x08, ...Array.from({ length: 11 }, () => 0xff)], 1],
    "a group": [[0x0b], 0],
    "an integer where bytes belong": [[0x08, 0x01], 0],
  };
  test.each(Object.entries(refused))("%s", (_, [bytes, offset]) => {
    expect(() => readMessage(Uint8Array.from(bytes), { 1: accept })).toThrow(
      expect.objectContaining({ code: "ONNX_INVALID", details: expect.objectContaining({ offset }) }),
    );
  });
});

test("more fields than any network has are refused before they fill the memory", () => {
  const bytes = new Uint8Array(2 * 1_000_001).map((_, i) => (i % 2 ? 0 : 0x0a));
  let kept = 0;
  expect(() => readMessage(bytes, { 1: () => kept++ })).toThrow(expect.objectContaining({ code: "ONNX_INVALID" }));
  expect(kept).toBe(1_000_000);
});
