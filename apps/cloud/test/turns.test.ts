import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it } from "vitest";
import { Turns } from "../src/turns.ts";

/** Work that takes as long as it says on a clock that is set by hand, and writes down in which turn it began. */
function fixture() {
  let now = 0;
  let turn = 0;
  const log: string[] = [];
  const turns = new Turns(() => now);
  const begin = (name: string, milliseconds: number): Promise<void> =>
    turns.mine().then(() => {
      log.push(`${turn} ${name}`);
      now += milliseconds;
    });
  /** Lets so many turns pass. */
  const go = async (times: number, each: () => void = () => undefined): Promise<void> => {
    for (let i = 0; i < times; i++) {
      each();
      await nextTurn();
      turn++;
    }
  };
  return { turns, log, begin, go, pass: (milliseconds: number) => void (now += milliseconds) };
}

it("begins all in one turn where that is short", async () => {
  const { log, begin, go } = fixture();
  const all = ["a", "b", "c"].map((name) => begin(name, 1));
  await go(1);
  await Promise.all(all);
  expect(log).toEqual(["0 a", "0 b", "0 c"]);
});

it("begins what takes long in turns of its own, in the order in which it was asked for", async () => {
  const { log, begin, go } = fixture();
  const all = ["a", "b", "c"].map((name) => begin(name, 11));
  await go(1);
  expect(log).toEqual(["0 a"]);
  all.push(begin("d", 1), begin("e", 1));
  await go(3);
  await Promise.all(all);
  expect(log).toEqual(["0 a", "1 b", "2 c", "3 d", "3 e"]);
});

it("lets connections in first, and goes on when none comes", async () => {
  const { turns, log, begin, go } = fixture();
  const all = ["a", "b"].map((name) => begin(name, 5));
  await go(1);
  all.push(begin("c", 5));
  await go(4, turns.connected);
  await go(1);
  await Promise.all(all);
  expect(log).toEqual(["0 a", "0 b", "5 c"]);
});

it("goes on all the same when connections come and come", async () => {
  const { turns, log, begin, go, pass } = fixture();
  const all = ["a", "b", "c"].map((name) => begin(name, 1));
  await go(12, () => {
    turns.connected();
    pass(4);
  });
  await Promise.all(all);
  expect(log.map((line) => line.slice(2))).toEqual(["a", "b", "c"]);
  expect(new Set(log.map((line) => line[0])).size).toBe(3);
});
