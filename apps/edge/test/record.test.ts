import fc from "fast-check";
import { expect, test } from "vitest";
import { recordAt, recordsIn, writeRecord } from "../src/queue/record.ts";

const record = fc.record({
  parcel: fc.uint8Array({ minLength: 1, maxLength: 60 }),
  cursor: fc.string({ maxLength: 20 }),
});
const joined = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));
const read = (bytes: Uint8Array) =>
  [...recordsIn(bytes)].map(({ parcel, cursor }) => ({ parcel: [...parcel], cursor }));
const plain = (records: readonly { parcel: Uint8Array; cursor: string }[]) =>
  records.map(({ parcel, cursor }) => ({ parcel: [...parcel], cursor }));

test("records are read as they were written", () => {
  fc.assert(
    fc.property(fc.array(record), (records) => {
      expect(read(joined(records.map(writeRecord)))).toEqual(plain(records));
    }),
  );
});

test("of bytes that end anywhere, all records before the end are read, and nothing else", () => {
  const records = fc.sample(record, { numRuns: 4, seed: 3 });
  const parts = records.map(writeRecord);
  const all = joined(parts);
  for (let end = 0; end <= all.length; end++) {
    let whole = 0;
    for (let bytes = 0; whole < parts.length && bytes + parts[whole]!.length <= end; whole++)
      bytes += parts[whole]!.length;
    expect(read(all.subarray(0, end))).toEqual(plain(records.slice(0, whole)));
  }
});

test("damage to any byte costs its own record and no other", () => {
  const records = fc.sample(record, { numRuns: 4, seed: 4 });
  const parts = records.map(writeRecord);
  for (let at = 0; at < joined(parts).length; at++) {
    const bytes = joined(parts);
    bytes[at]! ^= 0x20;
    let [hit, end] = [0, parts[0]!.length];
    while (at >= end) end += parts[++hit]!.length;
    expect(read(bytes)).toEqual(plain(records.filter((_, i) => i !== hit)));
  }
});

test("a length beyond the bytes is no record", () => {
  const bytes = writeRecord({ parcel: Uint8Array.of(1, 2, 3), cursor: "x" });
  bytes.set([0xff, 0xff, 0xff, 0xff], 8);
  expect(recordAt(bytes, 0)).toBeUndefined();
});
