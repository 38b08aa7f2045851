import { writeParcel } from "@isthmus/codec";
import { IsthmusError } from "@isthmus/math";
import { expect, it } from "vitest";
import type { Holder } from "../src/auth/holder.ts";
import { Ingest, type IngestLimits } from "../src/ingest/ingest.ts";
import type { Result } from "../src/ingest/result.ts";
import type { Arrival, Put } from "../src/store/frame-store.ts";
import { KNOWN_MODEL, streamOf } from "./support/frames.ts";

const device: Holder = { role: "device", name: "pump-7" };
const operator: Holder = { role: "operator", name: "ann" };

function parcel(sequence: number, more: { device?: string; stream?: Uint8Array } = {}): Uint8Array {
  return writeParcel({ device: "pump-7", sequence, time: 1, stream: streamOf(sequence), ...more });
}

const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

/** A service of one model, whose streams end in an even symbol, with a store that answers as it is told. */
function fixture(limits: IngestLimits = {}, put?: (arrivals: readonly Arrival[]) => Promise<Put[]>) {
  const stored: Arrival[] = [];
  const told: Result[] = [];
  const ingest = new Ingest({
    store: {
      put: async (arrivals) => {
        if (put) return await put(arrivals);
        stored.push(...arrivals);
        return arrivals.map(() => ({ status: "stored" }));
      },
    },
    models: {
      find: async (id) => {
        if (id !== KNOWN_MODEL) return undefined;
        return {
          id,
          check: async (bytes) => {
            if (bytes.at(-1)! % 2 === 0) return { items: 1, rawBytes: 28 };
            throw new IsthmusError("BITSTREAM_STATE", "byte 31: odd", { offset: 31 });
          },
        };
      },
    },
    limits,
    onResult: (result) => told.push(result),
  });
  return { ingest, stored, told };
}

it("stores what is whole and says of the rest what is wrong, in the order of the body", async () => {
  const { ingest, stored, told } = fixture();
  const parts = [
    parcel(2),
    parcel(4, { device: "other" }),
    parcel(6, { stream: streamOf(6, "ffffffffffffffff") }),
    parcel(7),
    parcel(8, { stream: Uint8Array.of(1, 2, 3) }),
    parcel(10),
  ];
  parts[0]![40]! ^= 1;
  const at = (index: number) => parts.slice(0, index).reduce((sum, { length }) => sum + length, 0);
  const results = await ingest.accept(joined(...parts), device);
  expect(results).toEqual([
    { offset: 0, status: "refused", reason: "bad-frame", code: "PARCEL_CRC", detail: expect.any(String) },
    { device: "other", sequence: 4, status: "refused", reason: "other-device", detail: expect.any(String) },
    {
      ...{ device: "pump-7", sequence: 6, status: "refused", reason: "unknown-model" },
      ...{ model: "ffffffffffffffff", detail: expect.any(String) },
    },
    {
      ...{ device: "pump-7", sequence: 7, status: "refused", reason: "bad-frame", code: "BITSTREAM_STATE" },
      ...{ offset: at(3) + 28 + 6 + 31, detail: "odd" },
    },
    {
      ...{ device: "pump-7", sequence: 8, status: "refused", reason: "bad-frame", code: "BITSTREAM_MAGIC" },
      ...{ offset: at(4) + 28 + 6, detail: expect.any(String) },
    },
    { device: "pump-7", sequence: 10, status: "stored" },
  ]);
  expect(told).toEqual(results);
  expect(stored).toEqual([
    { device: "pump-7", sequence: 10, time: 1, stream: streamOf(10), model: KNOWN_MODEL, items: 1, rawBytes: 28 },
  ]);
});

it("decodes no more of a body than it may, so that many small bombs are no large one", async () => {
  const { ingest, stored } = fixture({ bodySymbols: 2 });
  const results = await ingest.accept(joined(parcel(2), parcel(4), parcel(6), parcel(8)), device);
  expect(results).toMatchObject([
    { status: "stored" },
    { status: "stored" },
    { status: "refused", reason: "too-large", sequence: 6 },
    { status: "refused", reason: "too-large", sequence: 8 },
  ]);
  expect(stored).toHaveLength(2);
  expect(await ingest.accept(joined(parcel(6), parcel(8)), device)).toMatchObject([
    { status: "stored" },
    { status: "stored" },
  ]);
});

it("counts those that do not decode as well, which take as long", async () => {
  const { ingest, stored } = fixture({ bodySymbols: 2 });
  expect(await ingest.accept(joined(parcel(3), parcel(5), parcel(6)), device)).toMatchObject([
    { status: "refused", reason: "bad-frame" },
    { status: "refused", reason: "bad-frame" },
    { status: "refused", reason: "too-large", sequence: 6 },
  ]);
  expect(stored).toHaveLength(0);
});

it("lets an operator send for every device and a reader for none", async () => {
  const { ingest } = fixture();
  expect(await ingest.accept(parcel(2, { device: "any" }), operator)).toMatchObject([{ status: "stored" }]);
  expect(await ingest.accept(parcel(2), { role: "reader", name: "pump-7" })).toMatchObject([
    { reason: "other-device" },
  ]);
});

it("passes on what the store says", async () => {
  const { ingest } = fixture({}, async () => [{ status: "duplicate" }, { status: "taken", next: 12 }]);
  expect(await ingest.accept(joined(parcel(2), parcel(4)), device)).toEqual([
    { device: "pump-7", sequence: 2, status: "duplicate" },
    {
      ...{ device: "pump-7", sequence: 4, status: "refused", reason: "sequence-taken", next: 12 },
      detail: expect.stringContaining("12"),
    },
  ]);
});

it("names the limit that a stream is beyond, and the version that it cannot read", async () => {
  const { ingest } = fixture({ streamBytes: 20 });
  expect(await ingest.accept(parcel(2), device)).toMatchObject([
    { reason: "too-large", limit: 20, code: "PARCEL_LIMIT" },
  ]);
  // A length that was damaged on the way: said to be too large, a device would set a good parcel aside.
  const damaged = parcel(2);
  damaged[10]! ^= 0x40;
  expect(await ingest.accept(damaged, device)).toMatchObject([{ reason: "bad-frame", code: "PARCEL_TRUNCATED" }]);
  const newer = parcel(2);
  newer[2] = 0x20;
  expect(await ingest.accept(newer, device)).toMatchObject([
    { reason: "unsupported-media-type", code: "PARCEL_VERSION", offset: 0 },
  ]);
});

it("refuses a body while too many are waiting, and takes it afterwards", async () => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const put = async (arrivals: readonly Arrival[]) => {
    await held;
    return arrivals.map(() => ({ status: "stored" as const }));
  };
  const { ingest } = fixture({ pendingBodies: 2, pendingBytes: 1000 }, put);
  const first = ingest.accept(parcel(2), device);
  const overloaded = expect.objectContaining({ code: "OVERLOADED" });
  await expect(ingest.accept(joined(...Array.from({ length: 20 }, () => parcel(4))), device)).rejects.toEqual(
    overloaded,
  );
  const second = ingest.accept(parcel(4), device);
  await expect(ingest.accept(parcel(6), device)).rejects.toEqual(overloaded);
  release();
  expect(await Promise.all([first, second])).toMatchObject([[{ status: "stored" }], [{ status: "stored" }]]);
  expect(await ingest.accept(parcel(6), device)).toMatchObject([{ status: "stored" }]);
});

it("lets an unreachable store be known as that", async () => {
  const failure = new IsthmusError("STORE_UNAVAILABLE", "no disk");
  const { ingest } = fixture({}, () => Promise.reject(failure));
  await expect(ingest.accept(parcel(2), device)).rejects.toBe(failure);
});
