import { expect, it } from "vitest";
import type { Arrival, Put } from "../src/store/frame-store.ts";
import { GatheredPuts } from "../src/store/gathered-puts.ts";
import { arrival } from "./store-conformance.ts";

/** Puts that end when they are told to; what each was given, as sequences. */
function slowStore() {
  const given: number[][] = [];
  const endings: ((error?: Error) => void)[] = [];
  const puts = new GatheredPuts((arrivals: readonly Arrival[]) => {
    given.push(arrivals.map(({ sequence }) => sequence));
    return new Promise<Put[]>((resolve, reject) => {
      const results = arrivals.map(({ sequence }): Put => ({ status: "taken", next: sequence }));
      endings.push((error) => (error ? reject(error) : resolve(results)));
    });
  });
  return { given, puts, end: (error?: Error) => endings.shift()!(error) };
}

const arrivals = (from: number, count: number, bytes = 1): Arrival[] =>
  Array.from({ length: count }, (_, i) => arrival("a", from + i, { stream: new Uint8Array(bytes) }));
const nexts = (puts: Put[]): number[] => puts.map((put) => (put.status === "taken" ? put.next : -1));
const turn = (): Promise<void> => new Promise(setImmediate);

it("puts together what comes while a put is under way, in order, and gives each caller its own results", async () => {
  const { given, puts, end } = slowStore();
  const first = puts.put(arrivals(1, 1));
  await turn();
  const others = [puts.put(arrivals(2, 2)), puts.put(arrivals(4, 1))];
  expect(given).toEqual([[1]]);
  end();
  expect(nexts(await first)).toEqual([1]);
  await turn();
  expect(given).toEqual([[1], [2, 3, 4]]);
  end();
  expect((await Promise.all(others)).map(nexts)).toEqual([[2, 3], [4]]);
  await puts.settled();
});

it("keeps to a thousand arrivals and four megabytes where it can, and never divides a caller's", async () => {
  const { given, puts, end } = slowStore();
  const sent = [
    puts.put(arrivals(0, 1500)),
    puts.put(arrivals(1500, 600)),
    puts.put(arrivals(2100, 400)),
    puts.put(arrivals(2500, 1)),
    puts.put(arrivals(2501, 1, 2 ** 22)),
    puts.put(arrivals(2502, 1)),
  ];
  for (let i = 0; i < 5; i++) {
    await turn();
    end();
  }
  await Promise.all(sent);
  expect(given.map(({ length }) => length)).toEqual([1500, 1000, 1, 1, 1]);
  expect(given.flat()).toEqual(Array.from({ length: 2503 }, (_, i) => i));
});

it("tells all callers of a put that failed, and goes on", async () => {
  const { puts, end } = slowStore();
  const sent = [puts.put(arrivals(1, 1)), puts.put(arrivals(2, 1))];
  await turn();
  const broken = new Error("the disk is full");
  const outcomes = Promise.allSettled(sent);
  end(broken);
  expect(await outcomes).toEqual([
    { status: "rejected", reason: broken },
    { status: "rejected", reason: broken },
  ]);
  const next = puts.put(arrivals(3, 1));
  await turn();
  end();
  expect(nexts(await next)).toEqual([3]);
});
