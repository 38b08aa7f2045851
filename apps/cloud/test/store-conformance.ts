import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Arrival, FrameQuery, FrameStore, Put, StoredFrame } from "../src/store/frame-store.ts";

/** Where a kind of store keeps what it is given. */
export interface Place {
  /** Opens a store at the place; called again it opens another at the same. */
  open(): Promise<FrameStore>;
  /** Called when the test has ended, and its stores are closed. */
  remove(): Promise<void>;
}

const model = "0123456789abcdef";

/** A stream that tells which it is. */
function stream(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}

export function arrival(device: string, sequence: number, more: Partial<Arrival> = {}): Arrival {
  return {
    device,
    sequence,
    time: sequence,
    stream: stream(`${device} ${sequence}`),
    model,
    items: 2,
    rawBytes: 100,
    ...more,
  };
}

function sequences(frames: readonly StoredFrame[]): number[] {
  return frames.map(({ sequence }) => sequence);
}

/** What every store must do. `makePlace` gives an empty one. */
export function storeConformance(name: string, makePlace: () => Promise<Place>): void {
  /** A store at a place of its own, and how another is opened there; all are closed when the test ends. */
  async function fresh(): Promise<{ store: FrameStore; open: () => Promise<FrameStore> }> {
    const place = await makePlace();
    const opened: FrameStore[] = [];
    onTestFinished(async () => {
      for (const store of opened) await store.close();
      await place.remove();
    });
    const open = async (): Promise<FrameStore> => {
      const store = await place.open();
      opened.push(store);
      return store;
    };
    return { store: await open(), open };
  }

  describe(`${name} as a store`, () => {
    it("gives back what it was given, to the largest numbers and every byte", async () => {
      const { store } = await fresh();
      const most = Number.MAX_SAFE_INTEGER;
      const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 31) % 256);
      const large = arrival("a.-_Z9", most, { time: most, stream: bytes, items: 2 ** 24, rawBytes: 2 ** 40 });
      const before = Date.now();
      expect(await store.put([large])).toEqual([{ status: "stored" }]);
      const [found, ...others] = await store.frames({ device: "a.-_Z9", limit: 10 });
      expect(others).toEqual([]);
      const { received, ...rest } = found!;
      expect(rest).toEqual(large);
      expect(Object.getPrototypeOf(rest.stream)).toBe(Uint8Array.prototype);
      expect(received).toBeGreaterThanOrEqual(before);
      expect(received).toBeLessThanOrEqual(Date.now());
    });

    it("stores each device and sequence once, and answers in order", async () => {
      const { store } = await fresh();
      expect(await store.put([])).toEqual([]);
      expect(await store.put([arrival("a", 5), arrival("b", 5), arrival("a", 3)])).toEqual([
        { status: "stored" },
        { status: "stored" },
        { status: "stored" },
      ]);
      const other = arrival("a", 3, { stream: stream("another") });
      expect(await store.put([arrival("a", 4), arrival("a", 3), other, arrival("b", 5, { time: 77 })])).toEqual([
        { status: "stored" },
        { status: "duplicate" },
        { status: "taken", next: 6 },
        { status: "duplicate" },
      ]);
      const [first] = await store.frames({ device: "a", limit: 1 });
      expect(first!.stream).toEqual(stream("a 3"));
      const [unchanged] = await store.frames({ device: "b", limit: 10 });
      expect(unchanged!.time).toBe(5);
    });

    it("stores once what comes twice in one call", async () => {
      const { store } = await fresh();
      const twice = [arrival("a", 1), arrival("a", 1), arrival("a", 1, { stream: stream("another") })];
      expect(await store.put(twice)).toEqual([
        { status: "stored" },
        { status: "duplicate" },
        { status: "taken", next: 2 },
      ]);
      expect(await store.totals()).toMatchObject({ devices: 1, frames: 1, items: 2 });
    });

    it("stores once what many send at the same time, through two stores", async () => {
      const { store, open } = await fresh();
      const stores = [store, await open()];
      const sent = Array.from({ length: 40 }, (_, i) => stores[i % 2]!.put([arrival("a", 7), arrival(`d${i % 5}`, i)]));
      const results = await Promise.all(sent);
      const statuses = results.map(([one]) => one!.status).sort();
      expect(statuses).toEqual([...Array.from({ length: 39 }, () => "duplicate"), "stored"]);
      for (const one of stores) expect(await one.totals()).toMatchObject({ devices: 6, frames: 41, items: 82 });
    });

    it("lets one of several different streams win, and tells the others what comes next", async () => {
      const { store, open } = await fresh();
      const stores = [store, await open()];
      const sent = Array.from({ length: 12 }, (_, i) =>
        stores[i % 2]!.put([arrival("a", 7, { stream: stream(`${i}`) })]),
      );
      const results = (await Promise.all(sent)).flat();
      expect(results.filter(({ status }) => status === "stored")).toHaveLength(1);
      expect(results.filter(({ status }) => status === "taken")).toHaveLength(11);
      for (const result of results) if (result.status === "taken") expect(result.next).toBe(8);
    });

    it("keeps everything when it is closed and opened again", async () => {
      const { store, open } = await fresh();
      await store.put([arrival("a", 1), arrival("a", 2)]);
      await store.putModel(model, "model", stream("the file"));
      await store.revoke("device.a");
      const before = [await store.frames({ device: "a", limit: 9 }), await store.device("a"), await store.totals()];
      await store.close();
      const again = await open();
      expect([await again.frames({ device: "a", limit: 9 }), await again.device("a"), await again.totals()]).toEqual(
        before,
      );
      expect(await again.model(model, "model")).toEqual(stream("the file"));
      expect(await again.generation("device.a")).toBe(1);
      expect(await again.put([arrival("a", 2)])).toEqual([{ status: "duplicate" }]);
    });

    it("summarises each device", async () => {
      const { store } = await fresh();
      const other = "fedcba9876543210";
      const before = Date.now();
      await store.put([arrival("a", 9, { time: 500 }), arrival("b", 1, { time: 0 })]);
      await store.put([
        arrival("a", 4, { time: 300, model: other, items: 5, rawBytes: 7, stream: stream("longer than") }),
      ]);
      await store.put([arrival("a", 9, { time: 900 })]);
      const summary = await store.device("a");
      expect(summary).toEqual({
        device: "a",
        ...{ frames: 2, items: 7, bytes: 3 + 11, rawBytes: 107, from: 300, to: 500, lastSequence: 9, model: other },
        lastReceived: summary!.lastReceived,
      });
      expect(summary!.lastReceived).toBeGreaterThanOrEqual(before);
      expect(await store.device("b")).toMatchObject({ frames: 1, from: 0, to: 0, lastSequence: 1, model });
      expect(await store.device("c")).toBeUndefined();
      expect(await store.totals()).toEqual({ devices: 2, frames: 3, items: 9, bytes: 3 + 11 + 3, rawBytes: 207 });
    });

    it("has nothing at first", async () => {
      const { store } = await fresh();
      expect(await store.totals()).toEqual({ devices: 0, frames: 0, items: 0, bytes: 0, rawBytes: 0 });
      expect(await store.devices({ limit: 5 })).toEqual([]);
      expect(await store.frames({ device: "a", limit: 5 })).toEqual([]);
      expect(await store.models()).toEqual([]);
      expect(await store.model(model, "model")).toBeUndefined();
      expect(await store.generation("device.a")).toBe(0);
      await store.check();
    });

    it("lists devices by the bytes of their names, page by page", async () => {
      const { store } = await fresh();
      const names = ["Z", "a", "-x", "a.b", "a-b", "aB", "_", "0", "a_b"];
      await store.put(names.map((device) => arrival(device, 1)));
      const ordered = [...names].sort();
      const seen: string[] = [];
      for (let after: string | undefined; ;) {
        const page = await store.devices({ limit: 4, ...(after !== undefined && { after }) });
        if (page.length === 0) break;
        expect(page.length).toBeLessThanOrEqual(4);
        seen.push(...page.map(({ device }) => device));
        after = seen.at(-1);
      }
      expect(seen).toEqual(ordered);
    });

    it("finds frames by time, page by page", async () => {
      const { store } = await fresh();
      const times = [50, 10, 30, 30, 20, 0, 30];
      await store.put(times.map((time, sequence) => arrival("a", sequence, { time })));
      await store.put([arrival("b", 100, { time: 30 })]);
      const found = async (query: Omit<FrameQuery, "device" | "limit">, limit = 99) =>
        sequences(await store.frames({ device: "a", limit, ...query }));
      expect(await found({})).toEqual([5, 1, 4, 2, 3, 6, 0]);
      expect(await found({ from: 20, to: 50 })).toEqual([4, 2, 3, 6]);
      expect(await found({ to: 10 })).toEqual([5]);
      expect(await found({ from: 51 })).toEqual([]);
      expect(await found({ after: { time: 30, sequence: 2 } })).toEqual([3, 6, 0]);
      expect(await found({ after: { time: 30, sequence: 4 }, to: 50 }, 1)).toEqual([6]);
      expect(await found({ after: { time: 50, sequence: 0 } })).toEqual([]);
      expect(await found({}, 3)).toEqual([5, 1, 4]);
    });

    it("ends a page of frames where it has enough bytes", async () => {
      const { store } = await fresh();
      await store.put(
        [1, 2, 3, 4].map((sequence) => arrival("a", sequence, { stream: new Uint8Array(100).fill(sequence) })),
      );
      const found = async (maxBytes: number) => sequences(await store.frames({ device: "a", limit: 99, maxBytes }));
      expect(await found(1)).toEqual([1]);
      expect(await found(100)).toEqual([1]);
      expect(await found(101)).toEqual([1, 2]);
      expect(await found(300)).toEqual([1, 2, 3]);
      expect(await found(10_000)).toEqual([1, 2, 3, 4]);
      const behind = await store.frames({ device: "a", limit: 99, maxBytes: 101, after: { time: 1, sequence: 1 } });
      expect(sequences(behind)).toEqual([2, 3]);
    });

    it("keeps models by their ids, for all stores of the place", async () => {
      const { store, open } = await fresh();
      const other = "00000000000000ff";
      const file = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) % 251);
      await store.putModel(model, "model", file);
      await store.putModel(model, "bundle", stream("x"));
      await store.putModel(other, "model", stream("y"));
      await store.putModel(other, "model", stream("z"));
      await store.putModel("ffffffffffffffff", "bundle", stream("alone"));
      const again = await open();
      expect(await again.models()).toEqual([other, model]);
      expect(await again.model(model, "model")).toEqual(file);
      expect(await again.model(model, "bundle")).toEqual(stream("x"));
      expect(await again.model(other, "model")).toEqual(stream("z"));
      expect(await again.model(other, "bundle")).toBeUndefined();
    });

    it("raises the generation of a holder by one each time", async () => {
      const { store, open } = await fresh();
      const other = await open();
      const raised = await Promise.all([store, other, store, other].map((one) => one.revoke("device.a")));
      expect(raised.sort((a, b) => a - b)).toEqual([1, 2, 3, 4]);
      expect(await other.generation("device.a")).toBe(4);
      expect(await store.generation("reader.a")).toBe(0);
    });

    it("refuses what is asked of it after it was closed, and lets what was begun end", async () => {
      const { store, open } = await fresh();
      const begun = store.put([arrival("a", 1)]);
      const closing = [store.close(), store.close()];
      expect(await begun).toEqual([{ status: "stored" }]);
      await Promise.all(closing);
      const unavailable = expect.objectContaining({ name: "IsthmusError", code: "STORE_UNAVAILABLE" });
      await expect(store.put([arrival("a", 2)])).rejects.toEqual(unavailable);
      await expect(store.frames({ device: "a", limit: 1 })).rejects.toEqual(unavailable);
      await expect(store.check()).rejects.toEqual(unavailable);
      expect(await (await open()).totals()).toMatchObject({ frames: 1 });
    });

    it("is, after any calls in any order, what a map would be", async () => {
      const arrivals = fc.record({
        device: fc.constantFrom("a", "b", "B"),
        sequence: fc.nat({ max: 6 }),
        time: fc.nat({ max: 3 }),
        stream: fc.uint8Array({ minLength: 1, maxLength: 2, max: 1 }),
        items: fc.nat({ max: 9 }),
        rawBytes: fc.nat({ max: 99 }),
        model: fc.constantFrom(model, "ffffffffffffffff"),
      });
      const calls = fc.array(fc.array(arrivals, { maxLength: 4 }), { maxLength: 6 });
      await fc.assert(
        fc.asyncProperty(calls, async (puts) => {
          const place = await makePlace();
          const store = await place.open();
          try {
            const kept = new Map<string, Arrival>();
            const expected = puts.map((put) => put.map((one) => putIntoMap(kept, one)));
            const got = await Promise.all(puts.map((put) => store.put(put)));
            expect(got.flat().map(({ status }) => status)).toEqual(expected.flat().map(({ status }) => status));
            for (const [at, put] of got.flat().entries()) {
              if (put.status === "taken") expect(put.next).toBeGreaterThanOrEqual(expected.flat()[at]!.next!);
            }
            for (const device of ["a", "b", "B"]) {
              const own = [...kept.values()].filter((one) => one.device === device);
              own.sort((one, other) => one.time - other.time || one.sequence - other.sequence);
              const found = await store.frames({ device, limit: 100 });
              expect(found.map(({ received: _, ...frame }) => frame)).toEqual(own);
              expect((await store.device(device))?.frames).toBe(own.length || undefined);
            }
          } finally {
            await store.close();
            await place.remove();
          }
        }),
        { numRuns: 25 },
      );
    });
  });
}

/** `next` is the least that it may be: a store may know of more already. */
function putIntoMap(kept: Map<string, Arrival>, one: Arrival): { status: Put["status"]; next?: number } {
  const key = `${one.device} ${one.sequence}`;
  const there = kept.get(key);
  if (!there) {
    kept.set(key, one);
    return { status: "stored" };
  }
  if (Buffer.compare(there.stream, one.stream) === 0) return { status: "duplicate" };
  const own = [...kept.values()].filter(({ device }) => device === one.device);
  return { status: "taken", next: Math.max(...own.map(({ sequence }) => sequence)) + 1 };
}
