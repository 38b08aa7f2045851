import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FrequencyTable } from "../src/index.ts";
import {
  codeLengthBits,
  countSymbols,
  fitFrequencyTable,
  fitFrequencyTables,
  frequencyTable,
  packTables,
  unpackTables,
} from "../src/index.ts";
import { bellSymbols, isthmusErrorOf } from "./support/index.ts";

const precision = fc.integer({ min: 12, max: 16 });
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const symbol = fc.oneof(fc.integer({ min: -40, max: 40 }), fc.integer({ min: -3000, max: 3000 }), int32);
const counts = fc
  .array(fc.tuple(symbol, fc.integer({ min: 1, max: 1_000_000 })), { minLength: 1, maxLength: 60 })
  .map((entries) => new Map(entries));

const sum = (values: Uint32Array): number => values.reduce((a, b) => a + b, 0);

describe("fitting", () => {
  it("always gives frequencies >= 1 that sum to 2^precision, over symbols that were seen at both ends", () => {
    fc.assert(
      fc.property(counts, precision, fc.integer({ min: 1, max: 4095 }), (histogram, p, maxSymbols) => {
        const table = fitFrequencyTable(histogram, { precision: p, maxSymbols });
        const n = table.frequencies.length - 1;
        expect(sum(table.frequencies)).toBe(2 ** p);
        expect(Math.min(...table.frequencies)).toBeGreaterThanOrEqual(1);
        expect(n).toBeLessThanOrEqual(maxSymbols);
        expect(histogram.has(table.minimum) && histogram.has(table.minimum + n - 1)).toBe(true);
      }),
    );
  });

  it("does not depend on the order of the histogram", () => {
    fc.assert(
      fc.property(counts, (histogram) => {
        const reversed = new Map([...histogram].reverse());
        expect(fitFrequencyTable(reversed)).toEqual(fitFrequencyTable(histogram));
      }),
    );
  });

  it("gives a symbol that was seen more often no smaller frequency", () => {
    fc.assert(
      fc.property(counts, precision, (histogram, p) => {
        const { minimum, frequencies } = fitFrequencyTable(histogram, { precision: p });
        const seen = [...histogram].filter(([s]) => s >= minimum && s - minimum < frequencies.length - 1);
        const byCount = seen.sort(([, a], [, b]) => a - b).map(([s]) => frequencies[s - minimum]!);
        // Equal counts may differ by one unit of rounding; so may never be more than one below a rarer symbol.
        let most = 0;
        for (const frequency of byCount) {
          expect(frequency).toBeGreaterThanOrEqual(most - 1);
          most = Math.max(most, frequency);
        }
      }),
    );
  });

  it("shares exactly by hand: counts 3 and 1 with a gap between, 4 seen in all", () => {
    // n = 3, pseudo-count min(1/2, 2/3) = 1/2: weights 3.5, 0.5, 1.5, escape 0.5, of 6, times 4096:
    // 2389.33, 341.33, 1024, 341.33: one unit is left, the remainders tie, the lowest index gets it.
    const table = fitFrequencyTable(
      new Map([
        [7, 1],
        [5, 3],
      ]),
      { precision: 12 },
    );
    expect(table.minimum).toBe(5);
    expect([...table.frequencies]).toEqual([2390, 341, 1024, 341]);
    expect([...table.cumulative]).toEqual([0, 2390, 2731, 3755, 4096]);
  });

  it("keeps the window that holds most, and escapes the rest", () => {
    const table = fitFrequencyTable(
      new Map([
        [-2147483648, 5],
        [0, 50],
        [1, 60],
        [900, 70],
        [2147483647, 5],
      ]),
      { maxSymbols: 8 },
    );
    expect(table.minimum).toBe(0);
    expect(table.frequencies).toHaveLength(3);
    const escaped = table.frequencies[2]! / 2 ** 16;
    expect(escaped).toBeCloseTo(80.5 / 191.5, 4); // 80 outside, half an observation each for two symbols and the escape
  });

  it("does not let one far outlier cost the others more than a few hundredths of a bit", () => {
    const symbols = bellSymbols(10_000, 1, 3);
    const clean = codeLengthBits(symbols, [fitFrequencyTable(countSymbols(symbols))]) / symbols.length;
    const withOutlier = fitFrequencyTable(countSymbols(Int32Array.of(...symbols, 1500)));
    expect(codeLengthBits(symbols, [withOutlier]) / symbols.length - clean).toBeLessThan(0.05);
  });

  it("costs no more than 0.5 % above the empirical entropy of the symbols it was fitted on", () => {
    const symbols = bellSymbols(20_000, 4, 4);
    const tables = fitFrequencyTables(symbols, 4);
    const entropy = [0, 1, 2, 3].reduce((bits, d) => bits + entropyBits(countSymbols(symbols, d, 4)), 0);
    expect(codeLengthBits(symbols, tables)).toBeGreaterThanOrEqual(entropy);
    expect(codeLengthBits(symbols, tables)).toBeLessThan(entropy * 1.005);
  });

  it("refuses options and histograms out of range", () => {
    const one = new Map([[0, 1]]);
    for (const p of [11, 17, 12.5, NaN]) expect(() => fitFrequencyTable(one, { precision: p })).toThrow(/precision/);
    for (const m of [0, 65536, 1.5]) expect(() => fitFrequencyTable(one, { maxSymbols: m })).toThrow(/maxSymbols/);
    expect(() => fitFrequencyTable(new Map())).toThrow(RangeError);
    expect(() => fitFrequencyTable(new Map([[0.5, 1]]))).toThrow(/int32/);
    expect(() => fitFrequencyTable(new Map([[2 ** 31, 1]]))).toThrow(/int32/);
    for (const c of [0, -1, 1.5, NaN]) expect(() => fitFrequencyTable(new Map([[0, c]]))).toThrow(/symbol 0/);
    expect(() => fitFrequencyTables(new Int32Array(5), 2)).toThrow(RangeError);
    expect(() => fitFrequencyTables(new Int32Array(4), 0)).toThrow(/dims/);
    expect(() => countSymbols(new Int32Array(4), 0, 0)).toThrow(/stride/);
  });
});

describe("checking", () => {
  it.each([
    ["a precision of 11", 11, 0, [1024, 1024]],
    ["a precision of 17", 17, 0, [65536, 65536]],
    ["a zero frequency", 12, 0, [4096, 0]],
    ["a fraction", 12, 0, [4095.5, 0.5]],
    ["a negative frequency", 12, 0, [4097, -1]],
    ["NaN", 12, 0, [NaN, 1]],
    ["a sum one too small", 12, 0, [4094, 1]],
    ["a sum one too large", 12, 0, [4096, 1]],
    ["no symbol beside the escape", 12, 0, [4096]],
    ["nothing", 12, 0, []],
    ["symbols beyond int32", 12, 2 ** 31 - 1, [2048, 2047, 1]],
    ["a minimum that is no int32", 12, 0.5, [4095, 1]],
  ])("refuses %s", (_, p, minimum, frequencies) => {
    expect(isthmusErrorOf(() => frequencyTable(p, minimum, frequencies)).code).toBe("TABLE_INVALID");
  });

  it("accepts the widest and the narrowest", () => {
    expect(frequencyTable(12, -(2 ** 31), new Array(4096).fill(1)).frequencies).toHaveLength(4096);
    expect(frequencyTable(16, 2 ** 31 - 1, [65535, 1]).cumulative).toEqual(Uint32Array.of(0, 65535, 65536));
  });
});

describe("packing", () => {
  const tables = fc.array(
    fc.tuple(counts, precision).map(([histogram, p]): FrequencyTable => fitFrequencyTable(histogram, { precision: p })),
    { minLength: 1, maxLength: 5 },
  );

  it("is undone by unpacking", () => {
    fc.assert(
      fc.property(tables, (set) => {
        expect(unpackTables(packTables(set))).toEqual(set);
      }),
    );
  });

  it("has the layout it says", () => {
    expect([...packTables([frequencyTable(12, -3, [4000, 90, 6])])]).toEqual([1, 1, 12, -3, 2, 4000, 90, 6]);
  });

  it("refuses every number changed, every length cut and anything added", () => {
    const packed = packTables([frequencyTable(12, -3, [4000, 90, 6]), frequencyTable(13, 0, [8000, 192])]);
    const code = (numbers: Int32Array): string => isthmusErrorOf(() => unpackTables(numbers)).code;
    for (let length = 0; length < packed.length; length++) expect(code(packed.slice(0, length))).toBe("TABLE_INVALID");
    expect(code(Int32Array.of(...packed, 0))).toBe("TABLE_INVALID");
    expect(code(Int32Array.of(2, ...packed.subarray(1)))).toBe("TABLE_VERSION");
    const minimums = [3, 9]; // any minimum that keeps the symbols in int32 is as good as another
    for (let i = 1; i < packed.length; i++) {
      for (const value of [packed[i]! + 1, packed[i]! - 1, 0, -1, 2 ** 31 - 1, -(2 ** 31)]) {
        if (value === packed[i] || minimums.includes(i)) continue;
        expect(code(packed.with(i, value))).toBe("TABLE_INVALID");
      }
    }
    expect(code(packed.with(3, 2 ** 31 - 1))).toBe("TABLE_INVALID");
  });

  it("answers arbitrary numbers with tables or an error that says where", () => {
    const numbers = fc.array(fc.oneof(fc.integer({ min: 0, max: 16 }), int32), { maxLength: 30 });
    fc.assert(
      fc.property(numbers, (rest) => {
        const packed = Int32Array.of(1, ...rest);
        const error = isthmusErrorOf(() => unpackTables(packed));
        expect(error.code).toBe("TABLE_INVALID");
      }),
      { numRuns: 1000 },
    );
  });

  it("names the table and the index", () => {
    const packed = packTables([frequencyTable(12, 0, [4095, 1]), frequencyTable(12, 0, [4095, 1])]);
    packed[10] = 4094;
    expect(isthmusErrorOf(() => unpackTables(packed))).toMatchObject({ details: { table: 1, index: 7 } });
  });
});

function entropyBits(histogram: ReadonlyMap<number, number>): number {
  const total = [...histogram.values()].reduce((a, b) => a + b, 0);
  return [...histogram.values()].reduce((bits, count) => bits - count * Math.log2(count / total), 0);
}
