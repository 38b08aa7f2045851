import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FrequencyTable } from "../src/index.ts";
import { codeLengthBits, decodeSymbols, encodeSymbols, fitFrequencyTables, frequencyTable } from "../src/index.ts";
import { bellSymbols, isthmusErrorOf } from "./support/index.ts";

const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;
const int32 = fc.integer({ min: INT32_MIN, max: INT32_MAX });

function decoded(payload: Uint8Array, tables: readonly FrequencyTable[], length: number): Int32Array {
  const symbols = new Int32Array(length);
  decodeSymbols(payload, tables, symbols);
  return symbols;
}

/** Any valid table: cuts of [0, 2^precision] at random, at any place of int32. */
const anyTable = fc.integer({ min: 12, max: 16 }).chain((precision) =>
  fc
    .tuple(
      fc.uniqueArray(fc.integer({ min: 1, max: 2 ** precision - 1 }), { minLength: 1, maxLength: 40 }),
      fc.oneof(
        fc.integer({ min: -20, max: 20 }),
        fc.constant(INT32_MIN),
        fc.integer({ min: INT32_MAX - 60, max: INT32_MAX - 40 }),
      ),
    )
    .map(([cuts, minimum]) => {
      const edges = [0, ...cuts.sort((a, b) => a - b), 2 ** precision];
      return frequencyTable(
        precision,
        minimum,
        edges.slice(1).map((edge, i) => edge - edges[i]!),
      );
    }),
);

const symbolNear = fc.oneof(
  fc.integer({ min: -30, max: 30 }),
  fc.constantFrom(INT32_MIN, INT32_MIN + 1, -1, 0, INT32_MAX),
  int32,
);

describe("rANS", () => {
  it("gives back any int32 symbols under any tables", () => {
    const sets = fc.array(anyTable, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(sets, fc.array(symbolNear, { maxLength: 200 }), (tables, values) => {
        const symbols = Int32Array.from(values.slice(0, values.length - (values.length % tables.length)));
        expect(decoded(encodeSymbols(symbols, tables), tables, symbols.length)).toEqual(symbols);
      }),
      { numRuns: 500 },
    );
  });

  it("reaches the ends of int32 from a table at the other end", () => {
    for (const minimum of [INT32_MIN, INT32_MAX]) {
      const tables = [frequencyTable(16, minimum, [1, 65535])];
      const symbols = Int32Array.of(INT32_MIN, INT32_MAX, 0, -1, 1, INT32_MIN + 1, INT32_MAX - 1);
      expect(decoded(encodeSymbols(symbols, tables), tables, symbols.length)).toEqual(symbols);
    }
  });

  it("writes no symbols as the bare lower bound of the state", () => {
    expect([...encodeSymbols(new Int32Array(0), [frequencyTable(12, 0, [4095, 1])])]).toEqual([0, 0, 1]);
  });

  it("writes a state of 2^24 or more in four bytes, a smaller one in three", () => {
    // Precision 12, f = 1, c = 4094: 65536 -> 65536 * 4096 + 4094 = 0x10000ffe.
    const tables = [frequencyTable(12, 0, [4094, 1, 1])];
    expect([...encodeSymbols(Int32Array.of(1), tables)]).toEqual([0xfe, 0x0f, 0x00, 0x10]);
  });

  it("agrees with the coding step worked by hand", () => {
    // Precision 12, f = 1024, c = 1024: 65536 -> 64 * 4096 + 0 + 1024 = 263168 = 0x040400.
    const tables = [frequencyTable(12, 0, [1024, 1024, 2047, 1])];
    expect([...encodeSymbols(Int32Array.of(1), tables)]).toEqual([0x00, 0x04, 0x04]);
  });

  it("codes a symbol k beyond the table with 2 + 2 floor(log2 k) bits after the escape", () => {
    const tables = [frequencyTable(12, 0, [2048, 2048])]; // the escape costs one bit
    for (const [symbol, bits] of [
      [1, 3],
      [2, 5],
      [3, 5],
      [4, 7],
      [-1, 3],
      [-2, 5],
      [INT32_MAX, 63],
      [INT32_MIN, 65],
    ] as const) {
      expect(codeLengthBits(Int32Array.of(symbol), tables)).toBe(bits);
    }
  });

  it.each([12, 14, 16])("is within 1 %% of the ideal length at precision %i", (precision) => {
    const symbols = bellSymbols(5_000, 4, 11);
    const tables = fitFrequencyTables(symbols, 4, { precision });
    const bits = 8 * encodeSymbols(symbols, tables).length;
    const ideal = codeLengthBits(symbols, tables);
    // The state costs 32 bits, of which up to 16 carry information; the rest is the coder's own loss.
    expect(bits - 32).toBeLessThan(1.01 * ideal);
    expect(bits).toBeGreaterThan(0.99 * ideal);
  });

  it("refuses every payload cut, extended or with a word taken away", () => {
    const symbols = bellSymbols(60, 3, 5);
    const tables = fitFrequencyTables(symbols, 3);
    const payload = encodeSymbols(symbols, tables);
    const error = (bytes: Uint8Array): string => isthmusErrorOf(() => decoded(bytes, tables, symbols.length)).code;
    for (let length = 0; length < payload.length; length++) {
      expect(["BITSTREAM_STATE", "BITSTREAM_END"]).toContain(error(payload.slice(0, length)));
    }
    expect(error(Uint8Array.of(...payload, 0, 0))).toBe("BITSTREAM_END");
    expect(isthmusErrorOf(() => decoded(payload, tables, symbols.length - 3)).code).toBe("BITSTREAM_END");
    expect(isthmusErrorOf(() => decoded(payload, tables, symbols.length + 3)).code).toBe("BITSTREAM_END");
    expect(error(Uint8Array.of(255, 255, 0, 0, ...payload.subarray(4)))).toBe("BITSTREAM_STATE");
  });

  it("gives offsets in the caller's bytes", () => {
    const error = isthmusErrorOf(() =>
      decodeSymbols(Uint8Array.of(0, 0, 0, 0), [frequencyTable(12, 0, [4095, 1])], new Int32Array(1), 900),
    );
    expect(error).toMatchObject({ code: "BITSTREAM_STATE", details: { offset: 900 } });
    expect(error.message).toContain("byte 900");
  });

  it("bounds the escape: 32 zeros, and results beyond int32, are refused", () => {
    // All frequency is the escape's, but one: x = 0x010001 is an escape with nothing but zeros after it.
    const tables = [frequencyTable(16, 0, [1, 65535])];
    const zeros = Uint8Array.of(1, 0, 1, ...new Uint8Array(40));
    expect(isthmusErrorOf(() => decoded(zeros, tables, 1))).toMatchObject({
      code: "BITSTREAM_SYMBOL",
      message: expect.stringContaining("31 bits"),
      details: { symbol: 0 },
    });
    const farTables = [frequencyTable(16, INT32_MAX - 9, [1, 65535])]; // anything 10 or more above is no int32
    const beyond = encodeSymbols(Int32Array.of(4000), tables);
    expect(isthmusErrorOf(() => decoded(beyond, farTables, 1)).code).toBe("BITSTREAM_SYMBOL");
  });

  it("answers random bytes with an error or symbols", () => {
    const sets = fc.array(anyTable, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(sets, fc.uint8Array({ maxLength: 64 }), fc.integer({ min: 0, max: 40 }), (tables, bytes, items) => {
        const symbols = new Int32Array(items * tables.length);
        try {
          decodeSymbols(bytes, tables, symbols);
        } catch (error) {
          expect(error).toMatchObject({
            name: "IsthmusError",
            code: expect.stringMatching(/^BITSTREAM_(STATE|SYMBOL|END)$/),
          });
          return;
        }
        expect(encodeSymbols(symbols, tables)).toEqual(bytes); // one stream for each sequence of symbols
      }),
      { numRuns: 2000 },
    );
  });

  it("refuses symbols that are not whole items", () => {
    const tables = [frequencyTable(12, 0, [4095, 1]), frequencyTable(12, 0, [4095, 1])];
    expect(() => encodeSymbols(new Int32Array(3), tables)).toThrow(RangeError);
    expect(() => decodeSymbols(new Uint8Array(4), tables, new Int32Array(3))).toThrow(RangeError);
    expect(() => codeLengthBits(new Int32Array(3), tables)).toThrow(RangeError);
    expect(() => encodeSymbols(new Int32Array(0), [])).toThrow(/tables/);
  });
});
