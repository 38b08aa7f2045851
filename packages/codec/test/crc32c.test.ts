import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32c } from "../src/index.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe("crc32c", () => {
  it("gives the check value of the Castagnoli CRC", () => {
    expect(crc32c(text("123456789"))).toBe(0xe3069283);
  });

  // RFC 3720, appendix B.4, where the bytes of the CRC are listed in transmission order (least significant first).
  it.each([
    ["32 bytes of zeroes", new Uint8Array(32), 0x8a9136aa],
    ["32 bytes of ones", new Uint8Array(32).fill(255), 0x62a8ab43],
    ["32 bytes of incrementing 00..1f", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ["32 bytes of decrementing 1f..00", Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
  ])("agrees with RFC 3720 on %s", (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  it("of no bytes is 0, and continues over parts", () => {
    expect(crc32c(new Uint8Array(0))).toBe(0);
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        expect(crc32c(b, crc32c(a))).toBe(crc32c(Uint8Array.of(...a, ...b)));
      }),
    );
  });
});
