import { expect, it } from "vitest";
import { setImmediate as turn } from "node:timers/promises";
import { Batcher } from "../src/decode/batcher.ts";
import { preferred } from "../src/forms/accept.ts";
import { RateLimit } from "../src/http/rate-limit.ts";

/** A network that doubles, and is done when it is told to. */
function fixture(options: { batchItems?: number; mostItems?: number; patienceMs?: number } = {}) {
  const batches: number[] = [];
  const ends: (() => void)[] = [];
  const batcher = new Batcher({
    patienceMs: 1e6,
    ...options,
    run: async (latents, items) => {
      batches.push(items);
      await new Promise<void>((resolve) => ends.push(resolve));
      return latents.map((value) => 2 * value);
    },
  });
  const decode = (...values: number[]) => batcher.decode(Float32Array.from(values), values.length);
  return { batcher, batches, decode, end: () => ends.shift()!() };
}

it("runs a lone call at once, and together what comes meanwhile; each gets its own", async () => {
  const { batches, decode, end } = fixture();
  const first = decode(1);
  await turn();
  expect(batches).toEqual([1]);
  const others = [decode(2, 3), decode(4)];
  await turn();
  expect(batches).toEqual([1]);
  end();
  expect(await first).toEqual(Float32Array.of(2));
  await turn();
  expect(batches).toEqual([1, 3]);
  end();
  expect(await Promise.all(others)).toEqual([Float32Array.of(4, 6), Float32Array.of(8)]);
});

it("does not wait for more than a batch, nor longer than it has patience", async () => {
  const { batches, decode, end } = fixture({ batchItems: 3 });
  const all = [decode(1)];
  await turn();
  all.push(decode(2), decode(3), decode(4));
  expect(batches).toEqual([1, 3]);
  end();
  end();
  await Promise.all(all);
  const impatient = fixture({ patienceMs: 1 });
  const two = [impatient.decode(1)];
  await turn();
  two.push(impatient.decode(2));
  while (impatient.batches.length < 2) await turn();
  impatient.end();
  impatient.end();
  await Promise.all(two);
});

it("refuses what is too much, and takes more again", async () => {
  const { batcher, decode, end } = fixture({ mostItems: 3 });
  const first = decode(1, 2);
  await expect(decode(3, 4)).rejects.toMatchObject({ code: "OVERLOADED" });
  const second = decode(3);
  await turn();
  end();
  await Promise.all([first, second]);
  expect(batcher.queued).toBe(0);
  const large = decode(1, 2, 3, 4, 5);
  await turn();
  end();
  expect((await large).length).toBe(5);
});

it("tells all of a batch that it failed", async () => {
  const batcher = new Batcher({ run: () => Promise.reject(new Error("no")) });
  const results = await Promise.allSettled([
    batcher.decode(Float32Array.of(1), 1),
    batcher.decode(Float32Array.of(2), 1),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(batcher.queued).toBe(0);
});

it("reads what is asked for, as RFC 9110 has it", () => {
  const types = ["application/json", "image/png", "text/csv"];
  const cases: readonly (readonly [string | undefined, string | undefined])[] = [
    [undefined, "application/json"],
    ["", "application/json"],
    ["*/*", "application/json"],
    ["image/png", "image/png"],
    ["image/*", "image/png"],
    ["IMAGE/PNG;q=0.5, text/csv;q=0.9", "text/csv"],
    ["application/json;q=0, */*;q=0.1", "image/png"],
    ["text/html", undefined],
    ["image/png;q=0", undefined],
    ["text/csv;q=x", undefined],
  ];
  for (const [accept, expected] of cases) expect(preferred(accept, types), accept).toBe(expected);
});

it("gives tokens back at a steady rate, and no more than the burst", () => {
  let now = 0;
  const limit = new RateLimit(2, 4, () => now);
  const took = (who: string, times: number) => Array.from({ length: times }, () => limit.take(who));
  expect(took("a", 5)).toEqual([0, 0, 0, 0, 1]);
  expect(took("b", 1)).toEqual([0]);
  now = 500;
  expect(took("a", 2)).toEqual([0, 1]);
  now = 1e9;
  expect(took("a", 5)).toEqual([0, 0, 0, 0, 1]);
});
