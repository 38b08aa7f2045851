import { expect, it } from "vitest";
import { Backlog } from "../src/http/backlog.ts";

/** A backlog whose work ends when it is told to, and whose clock is set by hand. */
function fixture() {
  let now = 0;
  const backlog = new Backlog({ waitMs: 500, alwaysTaken: 2, now: () => now });
  const ends: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const begin = (): Promise<string> =>
    backlog
      .take(() => new Promise<void>((resolve, reject) => ends.push({ resolve, reject })))
      .then(
        () => "done",
        (error: { code?: string }) => error.code ?? "failed",
      );
  /** One after the other, each taking so long. */
  const work = async (times: number, milliseconds: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      const one = begin();
      await Promise.resolve();
      now += milliseconds;
      ends.shift()!.resolve();
      expect(await one).toBe("done");
    }
  };
  /** How many more are taken now. */
  const room = async (): Promise<number> => {
    const before = ends.length;
    const asked = Array.from({ length: 500 }, begin);
    await Promise.resolve();
    const taken = ends.splice(before);
    for (const { reject } of taken) reject(new Error("only tried"));
    const became = await Promise.all(asked);
    expect(became.filter((one) => one === "OVERLOADED").length).toBe(500 - taken.length);
    return taken.length;
  };
  return { backlog, begin, work, room, ends, pass: (milliseconds: number) => void (now += milliseconds) };
}

it("takes a few always, however long they take", async () => {
  const { backlog, begin, ends, pass } = fixture();
  const first = begin();
  pass(3_600_000);
  const second = begin();
  await Promise.resolve();
  pass(3_600_000);
  expect(await begin()).toBe("OVERLOADED");
  expect(() => backlog.requireRoom()).toThrow(expect.objectContaining({ code: "OVERLOADED" }));
  ends.shift()!.resolve();
  expect(await first).toBe("done");
  backlog.requireRoom();
  ends.shift()!.resolve();
  expect(await second).toBe("done");
});

it("takes as much as is done within the wait", async () => {
  const { work, room } = fixture();
  expect(await room()).toBe(2);
  await work(1000, 5);
  // 100 in 500 ms; up to one more, as the last was done just now.
  expect(await room()).toBeGreaterThanOrEqual(100);
  expect(await room()).toBeLessThanOrEqual(101);
});

it("takes less when work gets slower, and when none is done any more", async () => {
  const { begin, work, room, ends, pass } = fixture();
  await work(1000, 5);
  await work(100, 50);
  expect(await room()).toBeLessThanOrEqual(11);
  await work(1000, 5);
  const held = begin();
  await Promise.resolve();
  const before = await room();
  pass(500);
  // Both are whole numbers, less by up to one than what they stand for.
  expect(Math.abs((await room()) + 1 - (before + 1) / Math.E)).toBeLessThanOrEqual(1 + 1 / Math.E);
  pass(10_000);
  expect(await room()).toBe(1);
  ends.shift()!.resolve();
  await held;
});

it("forgets nothing while nothing is to be done", async () => {
  const { work, room, pass } = fixture();
  await work(1000, 5);
  const before = await room();
  pass(86_400_000);
  expect(await room()).toBe(before);
});

it("does not take what fails for done", async () => {
  const { begin, room, ends } = fixture();
  for (let i = 0; i < 1000; i++) {
    const one = begin();
    await Promise.resolve();
    ends.shift()!.reject(new Error("no"));
    expect(await one).toBe("failed");
  }
  expect(await room()).toBe(2);
});

it("begins work when it may", async () => {
  let begin = (): void => undefined;
  const backlog = new Backlog({ alwaysTaken: 1, mayBegin: () => new Promise((resolve) => (begin = resolve)) });
  let hasBegun = false;
  const done = backlog.take(async () => void (hasBegun = true));
  await new Promise(setImmediate);
  expect(hasBegun).toBe(false);
  // It counts while it waits.
  expect(() => backlog.requireRoom()).toThrow(expect.objectContaining({ code: "OVERLOADED" }));
  begin();
  await done;
  expect(hasBegun).toBe(true);
  backlog.requireRoom();
});
