import { expect, it } from "vitest";
import { type Look, lookAtRegisters, QUIET, QuietMachine } from "../bench/quiet-machine.ts";

const BEST = 50;

/** A machine that shows these rates one look after the other, the first to whoever gets to know it, and counts pauses. */
function machine(patience: number, rates: readonly number[]) {
  const left = [BEST, ...rates];
  const pauses: number[] = [];
  const look: Look = (loops) => Array<number>(loops).fill(left.shift()!);
  const pause = (milliseconds: number): Promise<void> => Promise.resolve(void pauses.push(milliseconds));
  return { quiet: new QuietMachine(patience, look, pause), pauses };
}

it("a round waits until the cores are quiet", async () => {
  const { quiet, pauses } = machine(60_000, [30, 0.899 * BEST, QUIET * BEST, BEST]);
  await quiet.wait();
  expect(pauses).toEqual([500, 500]);
  await quiet.wait();
  expect(pauses).toHaveLength(2);
  expect(quiet.soFar()).toEqual({ share: QUIET, patience: 1, waited: 1 / 60, rounds: 2, disturbed: 0 });
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
