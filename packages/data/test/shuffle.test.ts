import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { permutation, split } from "../src/index.ts";

const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe("permutation", () => {
  it("holds each of 0..n-1 once and is a function of its arguments", () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(), fc.nat(50), (n, seed, epoch) => {
        const order = permutation(n, { seed, epoch });
        expect([...order].sort((a, b) => a - b)).toEqual(count(n));
        expect(permutation(n, { seed, epoch })).toEqual(order);
      }),
    );
  });

  it("differs between seeds, streams and epochs", () => {
    const orders = [
      permutation(50, { seed: 1 }),
      permutation(50, { seed: 2 }),
      permutation(50, { seed: 1, epoch: 1 }),
      permutation(50, { seed: 1, stream: "other" }),
    ].map(String);
    expect(new Set(orders).size).toBe(4);
  });

  it("gives all 24 orders of 4 items equally often", () => {
    const draws = 24_000;
    const counts = new Map<string, number>();
    for (let epoch = 0; epoch < draws; epoch++) {
      const order = String(permutation(4, { seed: 3, epoch }));
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    const expected = draws / 24;
    const chiSquare = [...counts.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    expect(counts.size).toBe(24);
    // Chi-square with 23 degrees of freedom exceeds 49.7 with probability 0.001; the seed is fixed.
    expect(chiSquare).toBeLessThan(49.7);
  });

  it("keeps its golden order", () => {
    const sha256 = createHash("sha256")
      .update(permutation(60_000, { seed: 1, epoch: 2 }))
      .digest("hex");
    expect(sha256).toBe("4458a6708ee3f0311d3af7496611fb6834001cd19df69fd026293468912be92f");
  });

  it.each([-1, 1.5, 2 ** 31])("refuses n = %d", (n) => {
    expect(() => permutation(n, { seed: 1 })).toThrow(RangeError);
  });
});

describe("split", () => {
  it("divides 0..n-1 into two ascending parts", () => {
    fc.assert(
      fc.property(fc.nat(200), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(), (n, share, seed) => {
        const held = Math.floor(n * share);
        const { kept, heldOut } = split(n, { heldOut: held, seed });
        expect(heldOut.length).toBe(held);
        for (const part of [kept, heldOut]) expect([...part]).toEqual([...part].sort((a, b) => a - b));
        expect([...kept, ...heldOut].sort((a, b) => a - b)).toEqual(count(n));
      }),
    );
  });

  it.each([-1, 11, 0.5])("refuses to hold out %d of 10", (heldOut) => {
    expect(() => split(10, { heldOut, seed: 1 })).toThrow(RangeError);
  });
});
