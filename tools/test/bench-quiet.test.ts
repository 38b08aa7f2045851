import { availableParallelism } from "node:os";
import { expect, it } from "vitest";
import { lookAtHandshakes } from "../bench/handshakes.ts";
import { type Look, lookAtRegisters, NEAR, QUIET, QuietMachine } from "../bench/quiet-machine.ts";

const BEST = 50;
const NEAREST = 8;

/** These rates one look after the other. */
function lookAt(rates: readonly number[]): Look {
  const left = [...rates];
  return (loops) => Array<number>(loops).fill(left.shift()!);
}

/** A machine that shows these rates, the first to whoever gets to know it, and counts pauses. */
function machine(patience: number, rates: readonly number[], handshakes?: readonly number[]) {
  const pauses: number[] = [];
  const pause = (milliseconds: number): Promise<void> => Promise.resolve(void pauses.push(milliseconds));
  const near = handshakes && lookAt([NEAREST, ...handshakes]);
  return { quiet: new QuietMachine(patience, lookAt([BEST, ...rates]), near, pause), pauses };
}

it("a round waits until the cores are quiet", async () => {
  const { quiet, pauses } = machine(60_000, [30, 0.899 * BEST, QUIET * BEST, BEST]);
  await quiet.wait();
  expect(pauses).toEqual([500, 500]);
  await quiet.wait();
  expect(pauses).toHaveLength(2);
  expect(quiet.soFar()).toEqual({ share: QUIET, patience: 1, waited: 1 / 60, rounds: 2, disturbed: 0 });
});

it("a round waits until two cores are near each other, too", async () => {
  const { quiet, pauses } = machine(60_000, [BEST, BEST, BEST], [0.2 * NEAREST, 0.499 * NEAREST, NEAR * NEAREST]);
  await quiet.wait();
  expect(pauses).toEqual([500, 500]);
  expect(quiet.soFar()).toMatchObject({ handshakes: NEAR, rounds: 1, disturbed: 0 });
});

it("rounds begin all the same when patience is used up, and are counted", async () => {
  const { quiet, pauses } = machine(1000, [30, 30, 30, 30, BEST]);
  for (let round = 0; round < 3; round++) await quiet.wait();
  expect(pauses).toEqual([500, 500]);
  expect(quiet.soFar()).toEqual({ share: QUIET, patience: 1 / 60, waited: 1 / 60, rounds: 3, disturbed: 2 });
});

it("a rate better than all before raises what is asked for", async () => {
  const { quiet } = machine(0, [BEST, 60, BEST]);
  for (let round = 0; round < 3; round++) await quiet.wait();
  expect(quiet.soFar().disturbed).toBe(1);
});

it("a look at this machine finds a rate for each loop", () => {
  const rates = lookAtRegisters()(3);
  expect(rates).toHaveLength(3);
  for (const rate of rates) expect(rate).toBeGreaterThan(0);
});

it.skipIf(availableParallelism() === 1)(
  "a look at two threads, where there are two cores, finds a rate of handshakes for each loop",
  async () => {
    const look = await lookAtHandshakes();
    for (const loops of [3, 5]) {
      const rates = look(loops);
      expect(rates).toHaveLength(loops);
      for (const rate of rates) expect(rate).toBeGreaterThan(0);
    }
  },
);
