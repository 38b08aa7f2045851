import { hash32, IsthmusError } from "@isthmus/math";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  crc32c,
  decodeLossless,
  encodeLossless,
  encodeLatents,
  fitFrequencyTables,
  type LosslessCoder,
} from "../src/index.ts";
import { WILD_LATENTS, wildItems, WILD_PIXELS, wildModel } from "./support/bits-back.ts";
import { isthmusErrorOf, uniforms } from "./support/index.ts";

const modelId = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const coder = (kind: "bernoulli" | "logisticMixture", salt = 1): LosslessCoder => ({
  model: wildModel(kind, salt),
  modelId,
});
const items = wildItems(
  "logisticMixture",
  Array.from({ length: 9 * WILD_PIXELS }, (_, i) => hash32(`${i}`) & 255),
);

describe("a lossless stream", () => {
  it("gives the same items again, whatever the networks say, in any frames", () => {
    const cases = fc.record({
      kind: fc.constantFrom("bernoulli" as const, "logisticMixture" as const),
      salt: fc.nat(),
      itemsPerFrame: fc.integer({ min: 1, max: 12 }),
      latentBits: fc.integer({ min: 1, max: 8 }),
      bytes: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 20 * WILD_PIXELS }),
    });
    fc.assert(
      fc.property(cases, ({ kind, salt, bytes, ...options }) => {
        const [given, own] = [wildItems(kind, bytes), coder(kind, salt)];
        const decoded = decodeLossless(encodeLossless(given, { ...own, ...options }), own);
        expect(decoded.values).toEqual(given);
        expect(decoded.items).toBe(given.length / WILD_PIXELS);
      }),
    );
  });

  it("never expands items by more than its header and fields", () => {
    const noise = Uint8Array.from({ length: 50 * WILD_PIXELS }, (_, i) => hash32(`noise ${i}`) & 255);
    // 24 bytes of header; 3 for the items, 3 for their size, 6 for the checksum.
    expect(encodeLossless(noise, coder("logisticMixture")).length).toBeLessThanOrEqual(noise.length + 36);
  });

  it("is deflated where that is shorter", () => {
    const own = coder("logisticMixture");
    const same = new Uint8Array(200 * WILD_PIXELS).fill(7);
    const bytes = encodeLossless(same, own);
    expect(bytes.length).toBeLessThan(100);
    const { values, streams } = decodeLossless(bytes, own);
    expect(values).toEqual(same);
    expect(streams[0]!.codings).toEqual({ learned: 0, raw: 0, deflated: 1 });
  });

  it("may be followed by another", () => {
    const own = coder("logisticMixture");
    const one = encodeLossless(items, { ...own, itemsPerFrame: 4 });
    const two = encodeLossless(items.subarray(0, WILD_PIXELS), own);
    const { values, streams } = decodeLossless(Uint8Array.of(...one, ...two), own);
    expect(values).toEqual(Uint8Array.of(...items, ...items.subarray(0, WILD_PIXELS)));
    expect(streams.map((stream) => stream.items)).toEqual([9, 1]);
  });

  it("tells how far it is", () => {
    const own = coder("bernoulli");
    const told: number[] = [];
    const onProgress = (done: number): void => void told.push(done);
    const given = new Uint8Array(9 * WILD_PIXELS);
    const bytes = encodeLossless(given, { ...own, itemsPerFrame: 4, onProgress });
    decodeLossless(bytes, { ...own, onProgress });
    expect(told).toEqual([4, 8, 9, 4, 8, 9]);
  });

  it("of no items is one frame", () => {
    const own = coder("bernoulli");
    expect(decodeLossless(encodeLossless(new Uint8Array(0), own), own).items).toBe(0);
  });
});

describe("what is not right", () => {
  // Bits that no coder can make less than one of each, and a likelihood that says so: neither raw nor deflated is shorter.
  const saying = (logit: number): LosslessCoder => {
    const { tables } = wildModel("bernoulli", 1);
    const always = (numbers: number, value: number) => ({ run: () => new Int32Array(numbers).fill(value) });
    const [posterior, likelihood] = [always(2 * WILD_LATENTS, 0), always(WILD_PIXELS, logit)];
    return { model: { pixels: WILD_PIXELS, posterior, likelihood, tables }, modelId };
  };
  const own = saying(0);
  const uniform = uniforms(1);
  const items = Uint8Array.from({ length: 300 * WILD_PIXELS }, () => (uniform() < 0.5 ? 0 : 1));
  const bytes = encodeLossless(items, { ...own, itemsPerFrame: 140 });

  it("is tried on frames that bits-back coding made", () => {
    expect(decodeLossless(bytes, own).streams[0]!.codings).toEqual({ learned: 3, raw: 0, deflated: 0 });
  });

  it("is refused by name", () => {
    const refused = (given: Uint8Array, options: Partial<Parameters<typeof decodeLossless>[1]> = {}): string =>
      isthmusErrorOf(() => decodeLossless(given, { ...own, ...options })).code;
    expect(refused(bytes, { modelId: new Uint8Array(8) })).toBe("BITSTREAM_MODEL");
    expect(refused(bytes, { model: { ...own.model, pixels: WILD_PIXELS + 1 } })).toBe("BITSTREAM_DIMS");
    expect(refused(bytes, { limits: { items: 299 } })).toBe("BITSTREAM_LIMIT");
    expect(refused(bytes, { limits: { symbols: 300 * WILD_PIXELS - 1 } })).toBe("BITSTREAM_LIMIT");
    const symbols = Int32Array.of(0, 1, 2, 3);
    const latents = encodeLatents(symbols, { tables: fitFrequencyTables(symbols, 1), modelId });
    expect(refused(latents)).toBe("BITSTREAM_UNSUPPORTED");
    const first = encodeLossless(items.subarray(0, 140 * WILD_PIXELS), own);
    expect(refused(bytes.subarray(first.length))).toBe("BITSTREAM_SEQUENCE");
  });

  it("is found by the items' own checksum where encoder and decoder are not the same", () => {
    expect(["BITSTREAM_ITEMS", "BITSTREAM_END"]).toContain(isthmusErrorOf(() => decodeLossless(bytes, saying(9))).code);
    // Where the bits come out even, the checksum alone can tell: an item that is read as another of the same cost.
    const check = bytes.indexOf(0xa0, 24) + 2;
    const forged = bytes.slice();
    forged[check]! ^= 1;
    const end = encodeLossless(items.subarray(0, 140 * WILD_PIXELS), own).length;
    const crc = crc32c(forged.subarray(24, end), crc32c(forged.subarray(0, 20)));
    new DataView(forged.buffer).setUint32(20, crc, true);
    expect(isthmusErrorOf(() => decodeLossless(forged, own)).code).toBe("BITSTREAM_ITEMS");
  });

  it("gives a typed error, or the items, after any flip or cut", () => {
    for (let at = 0; at < bytes.length; at += 3) {
      const flipped = bytes.slice();
      flipped[at]! ^= 1 << (at & 7);
      expect(isthmusErrorOf(() => decodeLossless(flipped, own)).code).toMatch(/^BITSTREAM_/);
      expect(isthmusErrorOf(() => decodeLossless(bytes.subarray(0, at), own)).code).toMatch(/^BITSTREAM_/);
    }
  });

  it("is a typed error or items in a frame whose checksum was made right again", () => {
    const single = encodeLossless(items.subarray(0, 100 * WILD_PIXELS), own);
    for (let at = 3; at < single.length; at++) {
      if (at >= 20 && at < 24) continue;
      for (let bit = 0; bit < 8; bit++) {
        const forged = single.slice();
        forged[at]! ^= 1 << bit;
        const crc = crc32c(forged.subarray(24), crc32c(forged.subarray(0, 20)));
        new DataView(forged.buffer).setUint32(20, crc, true);
        try {
          const { values } = decodeLossless(forged, { ...own, limits: { items: 300 } });
          expect(values.length % WILD_PIXELS).toBe(0);
        } catch (error) {
          expect(error).toBeInstanceOf(IsthmusError);
          expect((error as IsthmusError).code).toMatch(/^BITSTREAM_/);
        }
      }
    }
  });
});
