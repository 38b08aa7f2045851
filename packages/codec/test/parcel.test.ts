import fc from "fast-check";
import { expect, it } from "vitest";
import { crc32c, type FoundParcel, isDeviceId, type Parcel, readParcels, writeParcel } from "../src/index.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const codes = (found: Iterable<FoundParcel>): string[] =>
  [...found].map((one) =>
    "error" in one ? `${one.error.code}@${one.offset}` : `${one.parcel.device}/${one.parcel.sequence}`,
  );

const parcel: Parcel = { device: "pump-7", sequence: 258, time: 2 ** 40 + 5, stream: Uint8Array.of(1, 2, 3) };

const parcels = fc.record({
  device: fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/),
  sequence: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  time: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  stream: fc.uint8Array({ minLength: 1, maxLength: 40 }),
});

it("is what docs/protocol.md says, byte by byte", () => {
  const bytes = writeParcel(parcel);
  const crc = crc32c(bytes.subarray(8), crc32c(bytes.subarray(0, 4)));
  const crcBytes = hex(new Uint8Array(Uint32Array.of(crc).buffer));
  expect(hex(bytes)).toBe(
    `c9501006${crcBytes}0300000002010000000000000500000000010000${hex(Buffer.from("pump-7"))}010203`,
  );
  // Made once by a bitwise CRC32C in Python over struct.pack("<4BIQQ6s3B", ...) without the checksum.
  expect(crcBytes).toBe("ccf7414b");
});

it("gives back what was written, in order, as views", () => {
  fc.assert(
    fc.property(fc.array(parcels, { maxLength: 5 }), (sent) => {
      const bytes = joined(...sent.map(writeParcel));
      const found = [...readParcels(bytes)];
      expect(found.map((one) => ("parcel" in one ? one.parcel : one.error))).toEqual(sent);
      expect(found.reduce((sum, one) => sum + ("length" in one ? one.length : 0), 0)).toBe(bytes.length);
    }),
  );
});

it("takes any change of one byte for damage, and reads on where the lengths still lead to the next", () => {
  const bytes = joined(writeParcel(parcel), writeParcel({ ...parcel, sequence: 7 }));
  const one = bytes.length / 2;
  for (let at = 0; at < one; at++) {
    for (const flip of [1, 0x80, 0xff]) {
      const damaged = bytes.slice();
      damaged[at]! ^= flip;
      const [first, ...rest] = codes(readParcels(damaged));
      expect(first).toMatch(/^PARCEL_(MAGIC|VERSION|TRUNCATED|CRC)@0$/);
      const lengthsHold = at >= 4 && (at < 8 || at >= 12);
      if (lengthsHold) expect(rest).toEqual(["pump-7/7"]);
      else if (at < 3) expect(rest.length).toBeLessThanOrEqual(1);
    }
  }
});

it("says at which byte a body ends too early", () => {
  const whole = writeParcel(parcel);
  for (let length = 1; length < whole.length; length++) {
    expect(codes(readParcels(joined(whole, whole.subarray(0, length))))).toEqual([
      "pump-7/258",
      `PARCEL_TRUNCATED@${whole.length}`,
    ]);
  }
  expect(codes(readParcels(new Uint8Array(0)))).toEqual([]);
});

it("refuses longer streams than its caller takes, if they are whole, and goes on with the next", () => {
  const body = joined(writeParcel(parcel), writeParcel({ ...parcel, stream: Uint8Array.of(9) }));
  expect(codes(readParcels(body, 2))).toEqual(["PARCEL_LIMIT@0", "pump-7/258"]);
  for (const byte of [8, 9, 10, 11]) {
    const longer = body.slice();
    longer[byte]! ^= 0x40;
    expect(codes(readParcels(longer, 2))[0]).toMatch(/^PARCEL_(TRUNCATED|CRC)@0$/);
  }
});

it("never throws and always ends, whatever the bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(parcels, { maxLength: 2 }), (noise, sent) => {
      const found = [...readParcels(joined(...sent.map(writeParcel), noise))];
      expect(found.length).toBeLessThanOrEqual(sent.length + noise.length);
      expect(codes(found).slice(0, sent.length)).toEqual(sent.map(({ device, sequence }) => `${device}/${sequence}`));
    }),
  );
});

it.each<[Partial<Parcel>, RegExp]>([
  [{ device: "" }, /"device" expected 1 to 64/],
  [{ device: ".." }, /"device"/],
  [{ device: "a/b" }, /"device"/],
  [{ device: "ä" }, /"device"/],
  [{ sequence: -1 }, /sequence/],
  [{ sequence: 2 ** 53 }, /sequence/],
  [{ time: 0.5 }, /time/],
  [{ stream: new Uint8Array(0) }, /stream\.length/],
])("refuses to write %j", (change, message) => {
  expect(() => writeParcel({ ...parcel, ...change })).toThrow(message);
});

it("knows names that no path, topic or page can be led astray by", () => {
  expect(["pump-7", "a", "A.b_c-9", "x".repeat(64)].every(isDeviceId)).toBe(true);
  expect(["", ".", "..", ".a", "a b", "a/b", "a\n", "+", "#", "x".repeat(65), "<b>"].some(isDeviceId)).toBe(false);
});
