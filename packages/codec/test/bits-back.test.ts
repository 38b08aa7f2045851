import { hash32, IsthmusError } from "@isthmus/math";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type BitsBackModel,
  decodeBitsBack,
  encodeBitsBack,
  GRID,
  makeBitsBackTables,
  numbersPerPixel,
  packBitsBackTables,
  unpackBitsBackTables,
} from "../src/index.ts";
import {
  kinds,
  seedBits,
  WILD_LATENTS as LATENTS,
  WILD_PIXELS as PIXELS,
  wildItems as itemsOf,
  wildModel,
} from "./support/bits-back.ts";
import { emptyStack, isEmpty, pop, push, slotOf, stackFromBytes, stackToBytes } from "../src/ans-stack.ts";
import { cdfAt } from "../src/scaled-cdf.ts";

const cases = fc.record({
  kind: fc.constantFrom("bernoulli" as const, "logisticMixture" as const),
  salt: fc.nat(),
  latentBits: fc.integer({ min: 1, max: 8 }),
  bytes: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 20 * PIXELS }),
});

describe("the stack", () => {
  const steps = fc.array(
    fc.record({ precision: fc.integer({ min: 0, max: 24 }), a: fc.nat(), b: fc.nat() }).map(({ precision, a, b }) => {
      const total = 2 ** precision;
      const start = a % total;
      return { precision, start, frequency: 1 + (b % (total - start)) };
    }),
    { maxLength: 200 },
  );

  it("gives back what was pushed, in reverse, and is then as it was", () => {
    fc.assert(
      fc.property(steps, (all) => {
        const stack = emptyStack();
        for (const { start, frequency, precision } of all) push(stack, start, frequency, precision);
        const read = stackFromBytes(stackToBytes(stack))!;
        for (const { start, frequency, precision } of all.toReversed()) {
          const slot = slotOf(read, precision);
          expect(slot >= start && slot < start + frequency).toBe(true);
          expect(pop(read, start, frequency, precision)).toBe(true);
        }
        expect(isEmpty(read)).toBe(true);
      }),
    );
  });

  it("is as it was when what was popped is pushed back", () => {
    const words = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 420, maxLength: 440 });
    fc.assert(
      fc.property(words, fc.integer({ min: 2 ** 32, max: 2 ** 48 - 1 }), steps, (given, x, all) => {
        const bytes = stackToBytes({ x, words: Uint16Array.from(given), length: given.length });
        const stack = stackFromBytes(bytes)!;
        const popped = all.map(({ precision, frequency }) => {
          // A symbol of about that frequency around the slot.
          const start = Math.max(0, slotOf(stack, precision) - (frequency >>> 1));
          const wide = Math.max(frequency, slotOf(stack, precision) - start + 1);
          const own = { start, frequency: Math.min(wide, 2 ** precision - start), precision };
          expect(pop(stack, own.start, own.frequency, precision)).toBe(true);
          return own;
        });
        for (const { start, frequency, precision } of popped.toReversed()) push(stack, start, frequency, precision);
        expect(stackToBytes(stack)).toEqual(bytes);
      }),
    );
  });

  it("says when it has too few words", () => {
    const stack = emptyStack();
    expect(pop(stack, slotOf(stack, 17), 1, 17)).toBe(false);
  });
});

describe("bits-back coding", () => {
  it("gives the same items again, whatever the networks say", () => {
    fc.assert(
      fc.property(cases, ({ kind, salt, latentBits, bytes }) => {
        const [model, items] = [wildModel(kind, salt), itemsOf(kind, bytes)];
        const payload = encodeBitsBack(items, model, latentBits);
        const decoded = decodeBitsBack(payload, model, { items: items.length / PIXELS, latentBits });
        expect(decoded).toEqual(items);
      }),
    );
  });

  it("answers a damaged payload with a typed error or with items", () => {
    fc.assert(
      fc.property(cases, fc.nat(), fc.nat(), fc.boolean(), ({ kind, salt, latentBits, bytes }, at, bit, cut) => {
        const [model, items] = [wildModel(kind, salt), itemsOf(kind, bytes)];
        const payload = encodeBitsBack(items, model, latentBits);
        const damaged = cut ? payload.slice(0, at % payload.length) : payload.slice();
        if (!cut) damaged[at % damaged.length]! ^= 1 << (bit & 7);
        try {
          const decoded = decodeBitsBack(damaged, model, { items: items.length / PIXELS, latentBits });
          expect(decoded.length).toBe(items.length);
        } catch (error) {
          expect(error).toBeInstanceOf(IsthmusError);
          expect((error as IsthmusError).code).toMatch(/^BITSTREAM_(STATE|END|SYMBOL)$/);
        }
      }),
    );
  });

  it("codes no items as an empty stack", () => {
    const model = wildModel("bernoulli", 1);
    expect([...encodeBitsBack(new Uint8Array(0), model, 4)]).toEqual([0, 0, 0, 0, 1, 0]);
  });

  /**
   * One latent; a posterior and a likelihood that are all but certain. Where q(z | x) is the prior, choosing z takes off what
   * putting it back on costs, so that chained items cost the likelihood and the flag alone.
   */
  it("takes back the bits that chose the latents", () => {
    const tables = makeBitsBackTables({ seedBits: [4, 4], inputScale: 1 / 32, pixels: { kind: "bernoulli" } });
    const model: BitsBackModel = {
      pixels: 64,
      posterior: { run: () => new Int32Array(4) },
      likelihood: { run: () => new Int32Array(64) },
      tables,
    };
    const items = Uint8Array.from({ length: 200 * 64 }, (_, i) => hash32(`item ${i}`) & 1);
    const bits = 8 * encodeBitsBack(items, model, 8).length;
    // 64 bits for each item, log2(256 / 255) = 0.0057 for its flag; 16 more for the first, which is not chained; at most 48
    // for the state. A bin's share under N(0, 1), 1 / 256, is within 2 2^-16 + 0.4 / 4096 of that: by chi-square over
    // 2 ln 2 the 2 latents cost at most 2 (0.03)^2 / 1.39 = 0.0013 bits more than equal bins.
    expect(bits).toBeGreaterThan(200 * 64);
    expect(bits).toBeLessThan(200 * (64 + 0.0057 + 0.0013) + 16 + 48);
  });

  it("refuses what it cannot code, by name", () => {
    const model = wildModel("bernoulli", 1);
    expect(() => encodeBitsBack(new Uint8Array(PIXELS + 1), model, 4)).toThrow(
      /items: expected a multiple of 12, got 13/,
    );
    expect(() => encodeBitsBack(new Uint8Array(PIXELS).fill(2), model, 4)).toThrow(
      /items\[0\]: expected a value below 2, got 2/,
    );
    expect(() => encodeBitsBack(new Uint8Array(PIXELS), model, 9)).toThrow(
      /latentBits: expected an integer 1 to 8, got 9/,
    );
    const short = { ...model, likelihood: { run: () => new Int32Array(3) } };
    expect(() => encodeBitsBack(new Uint8Array(PIXELS), short, 4)).toThrow(
      /model.likelihood: expected 12 numbers, got 3/,
    );
  });
});

describe("the tables", () => {
  const made = Object.values(kinds).map((pixels) => makeBitsBackTables({ seedBits, inputScale: 1 / 32, pixels }));

  it("are packed and unpacked", () => {
    for (const tables of made) expect(unpackBitsBackTables(packBitsBackTables(tables))).toEqual(tables);
  });

  it("are refused with any number of them cut off or added", () => {
    for (const tables of made) {
      const packed = packBitsBackTables(tables);
      for (let length = 0; length < packed.length; length += 7) {
        expect(() => unpackBitsBackTables(packed.subarray(0, length))).toThrow(
          expect.objectContaining({ code: "TABLE_INVALID" }),
        );
      }
      expect(() => unpackBitsBackTables(Int32Array.of(...packed, 0))).toThrow(
        expect.objectContaining({ code: "TABLE_INVALID" }),
      );
    }
  });

  it("stay usable or are refused when any number is another", () => {
    for (const tables of made) {
      const packed = packBitsBackTables(tables);
      fc.assert(
        fc.property(fc.nat(packed.length - 1), fc.integer(), (at, value) => {
          const other = packed.slice();
          other[at] = value;
          const read = (): unknown => unpackBitsBackTables(other);
          try {
            const changed = unpackBitsBackTables(other);
            if (changed.seedBits.length !== LATENTS || changed.pixels.kind !== tables.pixels.kind) return;
            if (numbersPerPixel(changed.pixels) !== numbersPerPixel(tables.pixels)) return;
            const model = { ...wildModel(tables.pixels.kind, 3), tables: changed };
            const items = itemsOf(
              tables.pixels.kind,
              Array.from({ length: 6 * PIXELS }, (_, i) => (i * 89) & 255),
            );
            const payload = encodeBitsBack(items, model, 5);
            expect(decodeBitsBack(payload, model, { items: 6, latentBits: 5 })).toEqual(items);
          } catch {
            expect(read).toThrow(expect.objectContaining({ code: "TABLE_INVALID" }));
          }
        }),
      );
    }
  });

  /**
   * An edge is rounded to 1 / 4096, where the density is at most 0.4; straight lines over 1 / 64 are off by at most
   * max |phi'| / 8 / 64^2 = 0.242 / 32768; then rounding down and to 16 bits.
   */
  it("hold the normal distribution", () => {
    const { posterior, edges } = made[0]!;
    const one = posterior.inverse[-posterior.firstScale]!;
    expect(one).toBeGreaterThan(0);
    edges.forEach((edge: number, i: number) => {
      const share = cdfAt(posterior, edge, -posterior.firstScale) / 2 ** 16;
      expect(Math.abs(share - i / 512)).toBeLessThan(0.2 / 4096 + 0.242 / 32768 + 2 * 2 ** -16);
    });
    expect(GRID.mean).toBe(128);
  });
});
