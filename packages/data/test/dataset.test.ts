import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batches, gather, itemSize, parseRange, permutation, take } from "../src/index.ts";
import type { Dataset } from "../src/index.ts";

const bytes: Dataset = {
  name: "bytes",
  items: 256,
  shape: [1],
  values: Uint8Array.from({ length: 256 }, (_, i) => i),
  scale: 1 / 255,
  labels: Uint8Array.from({ length: 256 }, (_, i) => i % 10),
  classes: 10,
  provenance: { source: "test" },
};

function numbered(items: number, shape: readonly number[]): Dataset {
  const size = shape.reduce((product, n) => product * n, 1);
  const values = Float32Array.from({ length: items * size }, (_, i) => i);
  return { name: "numbered", items, shape, values, scale: 1, provenance: { source: "test" } };
}

describe("scale", () => {
  it("gives the float32 quotient u8 / 255 for every byte, as PyTorch's ToTensor does", () => {
    const out = new Float32Array(256);
    gather(
      bytes,
      Int32Array.from({ length: 256 }, (_, i) => i),
      out,
    );
    expect([...out]).toEqual(Array.from({ length: 256 }, (_, i) => Math.fround(i / 255)));
  });
});

describe("take", () => {
  it("is the items from..to, sharing memory", () => {
    const part = take(bytes, 10, 13);
    expect(part.items).toBe(3);
    expect([...part.values]).toEqual([10, 11, 12]);
    expect([...part.labels!]).toEqual([0, 1, 2]);
    expect(part.values.buffer).toBe(bytes.values.buffer);
  });

  it("composes: take(take(d, a, b), c, e) = take(d, a + c, a + e)", () => {
    expect(take(take(bytes, 20, 90), 5, 9)).toEqual(take(bytes, 25, 29));
  });

  it.each([
    [-1, 3],
    [5, 4],
    [0, 257],
    [0.5, 2],
  ])("refuses %d..%d", (from, to) => {
    expect(() => take(bytes, from, to)).toThrow(RangeError);
  });
});

describe("gather", () => {
  it("writes items in the order of the indices and nothing past them", () => {
    const out = new Float32Array(5).fill(-1);
    gather(numbered(4, [2]), [3, 0], out);
    expect([...out]).toEqual([6, 7, 0, 1, -1]);
  });

  it.each([[[4]], [[-1]], [[Number.NaN]]])("refuses the index %j", (indices) => {
    expect(() => gather(numbered(4, [2]), indices, new Float32Array(2))).toThrow(RangeError);
  });

  it("refuses a buffer that is too short", () => {
    expect(() => gather(numbered(4, [2]), [0, 1], new Float32Array(3))).toThrow("at least 4 elements, got 3");
  });
});

describe("batches", () => {
  it("together are every item of the order once, in order, only the last one short", () => {
    fc.assert(
      fc.property(fc.nat(40), fc.integer({ min: 1, max: 12 }), fc.nat(1000), (items, batchSize, seed) => {
        const dataset = numbered(items, [3, 1]);
        const order = permutation(items, { seed });
        const all = [...batches(dataset, { batchSize, order })].map(({ index, size, indices }) => ({
          index,
          size,
          indices: [...indices],
        }));
        expect(all.flatMap(({ indices }) => indices)).toEqual([...order]);
        expect(all.map(({ index }) => index)).toEqual(all.map((_, i) => i));
        expect(all.slice(0, -1).every(({ size }) => size === batchSize)).toBe(true);
      }),
    );
  });

  it("hold the scaled elements of their items", () => {
    const dataset = numbered(7, [2, 2]);
    for (const batch of batches(dataset, { batchSize: 3, order: permutation(7, { seed: 4 }) })) {
      const expected = new Float32Array(batch.size * itemSize(dataset));
      gather(dataset, batch.indices, expected);
      expect(batch.values).toEqual(expected);
    }
  });

  it("are all in order by default", () => {
    const seen = [...batches(numbered(5, [1]), { batchSize: 2 })].flatMap(({ indices }) => [...indices]);
    expect(seen).toEqual([0, 1, 2, 3, 4]);
  });

  it("use one buffer", () => {
    const buffers = new Set([...batches(numbered(9, [2]), { batchSize: 2 })].map(({ values }) => values.buffer));
    expect(buffers.size).toBe(1);
  });

  it.each([0, -1, 1.5, Number.NaN])("refuse a batch size of %d", (batchSize) => {
    expect(() => [...batches(bytes, { batchSize })]).toThrow(RangeError);
  });
});

describe("parseRange", () => {
  it.each([
    ["0:100", 0, 100],
    [":100", 0, 100],
    ["100:", 100, 256],
    [":", 0, 256],
    ["7:7", 7, 7],
  ])("%s is items %d..%d of 256", (text, from, to) => {
    expect(parseRange(text, 256)).toEqual({ from, to });
  });

  it.each(["", "5", "a:b", "-1:5", "0:257", "9:8", "1.5:2", "0:1:2", "0:1e2"])("refuses %j", (text) => {
    expect(() => parseRange(text, 256)).toThrow(RangeError);
  });
});
