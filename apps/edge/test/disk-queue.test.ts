import { readParcels } from "@isthmus/codec";
import fc from "fast-check";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { DiskQueue, type QueuedFrame, type QueueOptions } from "../src/queue/disk-queue.ts";
import { failingDisk, SmallDisk } from "./support/disks.ts";
import { newFolder } from "./support/folder.ts";

afterEach(() => void vi.restoreAllMocks());

const options: QueueOptions = { device: "pump-7", bytes: 2 ** 20, whenFull: "stop", fsync: "never", retryMs: 1 };
const ALL = { bytes: 2 ** 30, frames: 2 ** 20 };

/** A stream that says its number; only its length and its model's id matter to the queue. */
function stream(number: number, length = 24, model = 1): Uint8Array {
  const bytes = new Uint8Array(length).fill(model);
  new DataView(bytes.buffer).setUint32(12, number);
  return bytes;
}

function numberOf({ parcel }: QueuedFrame): number {
  const [found] = readParcels(parcel);
  if (!found || !("parcel" in found)) throw new Error("no parcel");
  const { stream: bytes } = found.parcel;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(12);
}

const numbers = (queue: DiskQueue): number[] => queue.take(ALL).map(numberOf);
const put = (queue: DiskQueue, number: number, length?: number, model?: number) =>
  queue.append({ time: 0, stream: stream(number, length, model) }, `after ${number}`);

async function filled(folder: string, count: number, more: Partial<QueueOptions> = {}): Promise<DiskQueue> {
  const queue = new DiskQueue(folder, { ...options, ...more });
  for (let i = 0; i < count; i++) await put(queue, i);
  return queue;
}

const segments = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".seg"))
    .sort();

describe("frames", () => {
  test("stay in order until they are finished, and are taken up by the next process", async () => {
    const folder = newFolder();
    const queue = await filled(folder, 5);
    queue.finish(queue.take(ALL).filter((frame) => [0, 3].includes(numberOf(frame))));
    expect(numbers(queue)).toEqual([1, 2, 4]);
    queue.close();
    const next = new DiskQueue(folder, options);
    expect(numbers(next)).toEqual([1, 2, 4]);
    expect(next.cursor).toBe("after 4");
    expect(next.frames).toBe(3);
    next.close();
  });

  test("are taken up to so many bytes and frames, the first whatever its size, and none that is held", async () => {
    const queue = await filled(newFolder(), 6);
    expect(queue.take({ bytes: 1, frames: 9 }).map(numberOf)).toEqual([0]);
    expect(queue.take({ bytes: 2 ** 20, frames: 2 }).map(numberOf)).toEqual([0, 1]);
    const [first] = queue.take(ALL);
    expect(queue.take({ ...ALL, isHeld: (key) => key === first!.key }).map(numberOf)).toEqual([1, 2, 3, 4, 5]);
    await put(queue, 6, 24, 2);
    expect(queue.take({ ...ALL, isHeld: (_, model) => model === "01".repeat(8) }).map(numberOf)).toEqual([6]);
    queue.close();
  });

  test("ring when they arrive, and tell how long they wait by a clock that nobody sets", async () => {
    vi.spyOn(performance, "now").mockReturnValue(5000);
    const queue = new DiskQueue(newFolder(), options);
    let rung = false;
    void queue.arrived.heard().then(() => (rung = true));
    await put(queue, 0);
    await Promise.resolve();
    expect(rung).toBe(true);
    vi.spyOn(performance, "now").mockReturnValue(65_000);
    vi.spyOn(Date, "now").mockReturnValue(0);
    expect(queue.oldestSeconds).toBe(60);
    queue.close();
  });
});

describe("what a crash leaves", () => {
  test("cut at any byte: every frame before it is there, what comes after is kept beside, and no number is given twice", async () => {
    const original = newFolder();
    const queue = await filled(original, 4);
    const given = queue.take(ALL).map(({ sequence }) => sequence);
    const [name] = segments(original);
    const bytes = readFileSync(join(original, name!));
    const ends = queue.take(ALL).map(({ segment, index }) => segment.offset(index) + segment.length(index));
    for (let end = 0; end <= bytes.length; end++) {
      const folder = newFolder();
      for (const file of readdirSync(original)) writeFileSync(join(folder, file), readFileSync(join(original, file)));
      writeFileSync(join(folder, name!), bytes.subarray(0, end));
      const next = new DiskQueue(folder, options);
      const whole = ends.filter((one) => one <= end).length;
      expect(numbers(next), `cut at ${end}`).toEqual([0, 1, 2, 3].slice(0, whole));
      expect(next.cursor).toBe(whole === 0 ? undefined : `after ${whole - 1}`);
      const sequence = await put(next, 9);
      expect(given).not.toContain(sequence);
      expect(numbers(next)).toEqual([...[0, 1, 2, 3].slice(0, whole), 9]);
      next.close();
    }
    queue.close();
  });

  test("damaged at any byte: all frames but the one that was hit", async () => {
    const folder = newFolder();
    const queue = await filled(folder, 4);
    const ends = queue.take(ALL).map(({ segment, index }) => segment.offset(index) + segment.length(index));
    const path = join(folder, segments(folder)[0]!);
    const bytes = readFileSync(path);
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Uint8Array.from(bytes);
      damaged[at]! ^= 0x41;
      writeFileSync(path, damaged);
      const hit = ends.findIndex((end) => at < end);
      const next = new DiskQueue(folder, options);
      expect(numbers(next), `damaged at ${at}`).toEqual([0, 1, 2, 3].filter((i) => i !== hit));
      next.close();
    }
    queue.close();
  });

  test("of the acknowledgements, cut or damaged at any byte: no frame is lost, at most some are there again", async () => {
    const folder = newFolder();
    const queue = await filled(folder, 6);
    queue.finish(queue.take(ALL).filter((frame) => [1, 2].includes(numberOf(frame))));
    queue.finish(queue.take(ALL).filter((frame) => numberOf(frame) === 4));
    const path = join(folder, "acknowledged");
    const bytes = readFileSync(path);
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Uint8Array.from(bytes);
      damaged[at]! ^= 0x41;
      for (const [left, most] of [
        [bytes.subarray(0, at), at < 32 ? 6 : 4],
        [damaged, 5],
      ] as const) {
        writeFileSync(path, left);
        const next = new DiskQueue(folder, options);
        expect(numbers(next)).toEqual(expect.arrayContaining([0, 3, 5]));
        expect(numbers(next).length).toBeLessThanOrEqual(most);
        next.close();
      }
    }
    queue.close();
  });

  test("a disk that fails to read is asked again, and costs a frame only when it keeps failing", async () => {
    const faults = { calls: 0 };
    const queue = await filled(newFolder(), 2, { disk: failingDisk(faults) });
    faults.calls = 1;
    expect(numbers(queue)).toEqual([1]);
    expect(numbers(queue)).toEqual([0, 1]);
    queue.close();
    const lasting = await filled(newFolder(), 1, { disk: failingDisk(faults) });
    faults.calls = 10;
    for (let i = 0; i < 10; i++) expect(numbers(lasting)).toEqual([]);
    expect({ frames: lasting.frames, damaged: lasting.counts.damaged }).toEqual({ frames: 0, damaged: 1 });
    lasting.close();
  });

  test("a file that was damaged while it was open costs the frame and is counted", async () => {
    const folder = newFolder();
    const problem = vi.fn<(kind: string, message: string) => void>();
    const queue = await filled(folder, 3, { problem });
    const path = join(folder, segments(folder)[0]!);
    const bytes = readFileSync(path);
    bytes[20]! ^= 1;
    writeFileSync(path, bytes);
    expect(numbers(queue)).toEqual([1, 2]);
    expect(queue.counts.damaged).toBe(1);
    expect(problem).toHaveBeenCalledTimes(1);
    queue.close();
  });
});

describe("sequences", () => {
  test("begin at the milliseconds since 1970 and go on, with a gap after a crash and none after a close", async () => {
    const folder = newFolder();
    vi.spyOn(Date, "now").mockReturnValue(1_790_000_000_000);
    const first = new DiskQueue(folder, options);
    const given = [await put(first, 0), await put(first, 1)] as number[];
    expect(given[0]).toBeGreaterThanOrEqual(1_790_000_000_000);
    expect(given[0]).toBeLessThan(1_790_000_000_010);
    const crashed = new DiskQueue(folder, options);
    const after = (await put(crashed, 2))!;
    expect(after).toBeGreaterThan(given[1]!);
    crashed.close();
    const closed = new DiskQueue(folder, options);
    // One more than the last, and one that a new file is named by.
    expect(await put(closed, 3)).toBe(after + 2);
    closed.close();
    first.close();
  });

  test.each([0, 5, 4_000_000_000_000])("are never given twice when the clock says %d", async (clock) => {
    const folder = newFolder();
    const given = new Set<number>();
    for (let run = 0; run < 5; run++) {
      vi.spyOn(Date, "now").mockReturnValue(run % 2 === 0 ? 1_790_000_000_000 : clock);
      const queue = new DiskQueue(folder, options);
      for (let i = 0; i < 3; i++) given.add((await put(queue, i))!);
      if (run % 2 === 0) queue.finish(queue.take(ALL));
      if (run === 2) queue.close();
      if (run === 3) rmSync(join(folder, "sequence"));
    }
    expect(given.size).toBe(15);
  });

  test("of a frame that is renumbered is another, above what was asked for, and stays so after a crash", async () => {
    const folder = newFolder();
    const queue = await filled(folder, 3);
    const [, second] = queue.take(ALL);
    const from = queue.nextSequence + 5000;
    expect(queue.renumber(second!, from)).toBe(true);
    const renumbered = queue.take(ALL)[1]!;
    expect(renumbered.sequence).toBe(from);
    expect(numberOf(renumbered)).toBe(1);
    const crashed = new DiskQueue(folder, options);
    expect(crashed.take(ALL).map(({ sequence }) => sequence)).toEqual(queue.take(ALL).map(({ sequence }) => sequence));
    expect(await put(crashed, 3)).toBeGreaterThan(from);
    crashed.close();
    queue.close();
  });
});

describe("a full queue", () => {
  const small = { bytes: 16 * 1024 };

  test("drops its oldest frames, counted, and keeps within its bytes", async () => {
    const problem = vi.fn<(kind: string, message: string) => void>();
    const folder = newFolder();
    const queue = new DiskQueue(folder, { ...options, ...small, whenFull: "oldest-first", problem });
    for (let i = 0; i < 1000; i++) {
      await put(queue, i, 80);
      expect(queue.bytes).toBeLessThanOrEqual(small.bytes);
    }
    const left = numbers(queue);
    expect(left).toEqual(Array.from({ length: left.length }, (_, i) => 1000 - left.length + i));
    expect(queue.counts.dropped).toBe(1000 - left.length);
    expect(left.length).toBeGreaterThan(90);
    expect(problem).toHaveBeenCalled();
    const onDisk = segments(folder).reduce((sum, name) => sum + readFileSync(join(folder, name)).length, 0);
    expect(onDisk).toBe(queue.bytes);
    queue.close();
  });

  test("or holds its source until there is room", async () => {
    const queue = new DiskQueue(newFolder(), { ...options, ...small });
    let taken = 0;
    const all = (async () => {
      for (; taken < 400; taken++) await put(queue, taken, 80);
    })();
    await vi.waitFor(() => expect(queue.bytes).toBeGreaterThan(small.bytes - 200));
    const before = taken;
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    expect(taken).toBe(before);
    const seen: number[] = [];
    while (seen.length < 400) {
      const batch = queue.take({ bytes: 1000, frames: 100 });
      seen.push(...batch.map(numberOf));
      queue.finish(batch);
      await Promise.resolve();
    }
    await all;
    expect(seen).toEqual(Array.from({ length: 400 }, (_, i) => i));
    expect(queue.counts.dropped).toBe(0);
    queue.close();
  });

  test("stops waiting when it is told to", async () => {
    const queue = new DiskQueue(newFolder(), { ...options, ...small });
    const stop = new AbortController();
    const append = (i: number) => queue.append({ time: 0, stream: stream(i, 80) }, "", stop.signal);
    let last: number | undefined = 0;
    const all = (async () => {
      for (let i = 0; last !== undefined; i++) last = await append(i);
    })();
    await vi.waitFor(() => expect(queue.bytes).toBeGreaterThan(small.bytes - 200));
    stop.abort();
    await all;
    expect(last).toBeUndefined();
    queue.close();
  });

  test("is not kept full by a few frames that nobody takes", async () => {
    const queue = new DiskQueue(newFolder(), { ...options, ...small });
    const isHeld = (_: string, model: string | undefined) => model === "02".repeat(8);
    for (let i = 0; i < 2000; i++) {
      await put(queue, i, 80, i % 50 === 0 ? 2 : 1);
      queue.finish(queue.take({ ...ALL, isHeld }));
    }
    const held = Array.from({ length: 40 }, (_, i) => 50 * i);
    expect(numbers(queue).toSorted((a, b) => a - b)).toEqual(held);
    expect(queue.bytes).toBeLessThanOrEqual(small.bytes);
    expect(queue.cursor).toBe("after 1999");
    queue.close();
  });

  test("refuses a frame that would take a quarter of it", async () => {
    const queue = new DiskQueue(newFolder(), { ...options, ...small });
    await expect(put(queue, 0, 4096)).rejects.toThrow(RangeError);
    queue.close();
  });
});

describe("a full disk", () => {
  test("costs the oldest frames where these may go", async () => {
    const small = new SmallDisk(8 * 1024);
    const queue = new DiskQueue(newFolder(), {
      ...options,
      bytes: 64 * 1024,
      whenFull: "oldest-first",
      disk: small.disk,
    });
    for (let i = 0; i < 300; i++) await put(queue, i, 200);
    const left = numbers(queue);
    expect(left.at(-1)).toBe(299);
    expect(left.length + queue.counts.dropped).toBe(300);
    expect(left.length).toBeGreaterThan(5);
    expect(queue.counts.diskErrors).toBeGreaterThan(0);
    queue.close();
  });

  test("else holds the source until there is room, and loses nothing", async () => {
    const small = new SmallDisk(4 * 1024);
    const folder = newFolder();
    const queue = new DiskQueue(folder, { ...options, disk: small.disk });
    let taken = 0;
    const all = (async () => {
      for (; taken < 50; taken++) await put(queue, taken, 200);
    })();
    await vi.waitFor(() => expect(queue.counts.diskErrors).toBeGreaterThan(3));
    expect(taken).toBeLessThan(50);
    small.room = 2 ** 20;
    await all;
    expect(numbers(queue)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    const next = new DiskQueue(folder, options);
    expect(numbers(next)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    next.close();
    queue.close();
  });

  test("at the start is no obstacle: what is there is sent, and makes room", async () => {
    const folder = newFolder();
    const before = await filled(folder, 300, { bytes: 2 ** 16 });
    before.finish(before.take(ALL).slice(0, 10));
    const small = new SmallDisk(0);
    const queue = new DiskQueue(folder, { ...options, bytes: 2 ** 16, disk: small.disk });
    expect(queue.counts.diskErrors).toBeGreaterThan(0);
    expect(numbers(queue)).toEqual(Array.from({ length: 290 }, (_, i) => 10 + i));
    const waiting = put(queue, 300);
    queue.finish(queue.take(ALL).slice(0, 200));
    expect(small.room).toBeGreaterThan(0);
    await waiting;
    expect(numbers(queue).at(-1)).toBe(300);
    before.close();
    queue.close();
  });

  test("that keeps acknowledgements from being noted sends frames again, and loses none", async () => {
    const folder = newFolder();
    const faults = { calls: 0 };
    const queue = new DiskQueue(folder, { ...options, disk: failingDisk(faults, "ENOSPC") });
    for (let i = 0; i < 4; i++) await put(queue, i);
    const [first, second] = queue.take(ALL);
    faults.calls = 1;
    queue.finish([first!]);
    queue.finish([second!]);
    expect(numbers(queue)).toEqual([2, 3]);
    const crashed = new DiskQueue(folder, options);
    expect(numbers(crashed)).toEqual([0, 2, 3]);
    faults.calls = 1;
    expect(queue.renumber(queue.take(ALL)[0]!, 0)).toBe(false);
    crashed.close();
    queue.close();
  });
});

test("any mixture of frames, answers, crashes, torn ends and failing disks loses nothing that was taken in and gives no number twice", async () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant("put" as const), length: fc.integer({ min: 16, max: 300 }) }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("finish" as const), of: fc.integer({ min: 1, max: 7 }) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("renumber" as const), by: fc.integer({ min: 0, max: 3000 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("crash" as const), torn: fc.uint8Array({ maxLength: 40 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("close" as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("fault" as const), calls: fc.integer({ min: 1, max: 4 }) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      const folder = newFolder();
      const faults = { calls: 0 };
      const open = () => new DiskQueue(folder, { ...options, bytes: 2 ** 16, disk: failingDisk(faults) });
      let queue = open();
      const given = new Set<number>();
      const waiting = new Set<number>();
      let [count, sequences] = [0, 0];
      for (const one of steps) {
        if (one.kind === "put") {
          given.add((await put(queue, count, one.length))!);
          sequences++;
          waiting.add(count++);
        } else if (one.kind === "finish") {
          const frames = queue.take(ALL).filter((_, i) => i % one.of === 0);
          queue.finish(frames);
          for (const frame of frames) waiting.delete(numberOf(frame));
        } else if (one.kind === "renumber") {
          const [frame] = queue.take(ALL);
          if (frame && queue.renumber(frame, frame.sequence + one.by)) {
            const again = queue.take(ALL).find(({ key }) => key === frame.key)!;
            given.add(again.sequence);
            sequences++;
          }
        } else if (one.kind === "fault") {
          faults.calls = one.calls;
        } else {
          faults.calls = 0;
          if (one.kind === "close") queue.close();
          else {
            const last = segments(folder).at(-1);
            if (last) writeFileSync(join(folder, last), one.torn, { flag: "a" });
          }
          queue = open();
        }
      }
      faults.calls = 0;
      const left = numbers(queue);
      for (const number of waiting) expect(left).toContain(number);
      expect(new Set(left).size).toBe(left.length);
      expect(given.size).toBe(sequences);
      expect(queue.cursor).toBe(count === 0 ? undefined : `after ${count - 1}`);
      queue.close();
    }),
    { numRuns: 60 },
  );
});
