import { expect, it } from "vitest";
import { LongWork } from "../src/long-work.ts";

/** A clock that is set by hand, and turns that are counted. */
function fixture() {
  const clock = { now: 0, turns: 0 };
  const mine = async (): Promise<void> => {
    clock.turns++;
    clock.now += 100;
  };
  return { clock, work: new LongWork({ mine }, () => clock.now) };
}

/** Steps of so many milliseconds each. */
function* steps(clock: { now: number }, count: number, each: number): Generator<void, string, void> {
  for (let i = 0; i < count; i++) {
    clock.now += each;
    yield;
  }
  return "done";
}

it("goes on while its slice lasts, and lets others have their turn when it is over", async () => {
  const { clock, work } = fixture();
  expect(await work.run(steps(clock, 5, 1))).toBe("done");
  expect(clock.turns).toBe(0);
  expect(await work.run(steps(clock, 12, 1))).toBe("done");
  // Of 17 milliseconds the first six are the first slice, and the next six the second.
  expect(clock.turns).toBe(2);
});

it("rests once for many short pieces of work, and once for each that is long", async () => {
  const { clock, work } = fixture();
  for (let i = 0; i < 12; i++) {
    await work.rest();
    clock.now += 1;
  }
  expect(clock.turns).toBe(1);
  expect(await work.run(steps(clock, 3, 50))).toBe("done");
  expect(clock.turns).toBe(4);
});

it("throws what a step throws", async () => {
  const { work } = fixture();
  const failing = (function* (): Generator<void, void, void> {
    yield;
    throw new RangeError("too far");
  })();
  await expect(work.run(failing)).rejects.toThrow("too far");
});
