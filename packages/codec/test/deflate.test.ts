/** Node's zlib is the other implementation: it inflates what is deflated here, and the other way round. */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deflate } from "../src/deflate.ts";
import { checkInflated, inflate } from "../src/inflate.ts";
import { toEnd } from "../src/steps.ts";
import { isthmusErrorOf, uniforms } from "./support/index.ts";
import { measuredSteps } from "./support/measured-steps.ts";

const uniform = uniforms(5);
const random = Uint8Array.from({ length: 5000 }, () => Math.floor(uniform() * 256));
/** Shares from 1 to 2^24: their own code would need words of more than 15 bits. */
const steep = Uint8Array.from({ length: 120_000 }, () => Math.min(255, Math.floor(-1.2 * Math.log2(uniform()) * 8)));
const cases: readonly (readonly [string, Uint8Array])[] = [
  ["nothing", new Uint8Array(0)],
  ["one byte", Uint8Array.of(7)],
  ["one byte many times", new Uint8Array(70_000).fill(9)],
  ["random bytes", random],
  ["random bytes, twice", Uint8Array.of(...random, ...random)],
  ["a repeat from 32768 bytes before", Uint8Array.from({ length: 40_000 }, (_, i) => random[(i % 32_768) % 4999]!)],
  ["few values", Uint8Array.from(random, (byte) => byte & 3)],
  ["rare values", steep],
];

function inflated(bytes: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  inflate(bytes, out);
  return out;
}

describe.each(cases)("%s", (_, bytes) => {
  it("is inflated by zlib from what is written here", () => {
    expect(new Uint8Array(inflateRawSync(deflate(bytes)))).toEqual(bytes);
  });

  it.each([0, 1, 6, 9])("is inflated here from what zlib writes at level %i", (level) => {
    expect(inflated(deflateRawSync(bytes, { level }), bytes.length)).toEqual(bytes);
    expect(inflated(deflateRawSync(bytes, { level, strategy: 4 }), bytes.length)).toEqual(bytes); // fixed codes
  });

  it("goes round", () => {
    expect(inflated(deflate(bytes), bytes.length)).toEqual(bytes);
  });
});

describe("any bytes", () => {
  it("go round, through zlib and through us", () => {
    const some = fc.oneof(fc.uint8Array({ maxLength: 400 }), fc.array(fc.constantFrom(1, 2, 3), { maxLength: 900 }));
    fc.assert(
      fc.property(some, (values) => {
        const bytes = Uint8Array.from(values);
        const ours = deflate(bytes);
        expect(new Uint8Array(inflateRawSync(ours))).toEqual(bytes);
        expect(inflated(ours, bytes.length)).toEqual(bytes);
      }),
    );
  });

  it("are inflated as zlib inflates them, or refused", () => {
    const zlibs = (bytes: Uint8Array): Uint8Array | undefined => {
      try {
        const { buffer, engine } = inflateRawSync(bytes, { info: true, maxOutputLength: 4096 }) as unknown as {
          buffer: Buffer;
          engine: { bytesWritten: number };
        };
        return engine.bytesWritten === bytes.length ? new Uint8Array(buffer) : undefined;
      } catch {
        return undefined;
      }
    };
    const base = deflateRawSync(random.subarray(0, 300).map((byte) => byte & 15));
    const damaged = fc.tuple(fc.nat(base.length - 1), fc.nat(255)).map(([at, byte]) => base.with(at, byte));
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 60 })), (bytes) => {
        const expected = zlibs(Uint8Array.from(bytes));
        if (expected) {
          // zlib takes what is left of the last byte for nothing; it has to be 0 here.
          try {
            expect(inflated(Uint8Array.from(bytes), expected.length)).toEqual(expected);
          } catch (error) {
            expect(error).toMatchObject({ code: "BITSTREAM_END", message: expect.stringContaining("bits left") });
          }
        } else {
          const error = isthmusErrorOf(() => inflated(Uint8Array.from(bytes), 4096));
          expect(error.code).toMatch(/^BITSTREAM_(DEFLATE|END)$/);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe("a check, which keeps the last bytes only", () => {
  /** Longer than what is kept, with repeats from far and near, bytes that nothing repeats, and stored blocks. */
  const long = Uint8Array.from({ length: 700_000 }, (_, i) => (i % 90_000 < 50_000 ? random[i % 4999]! : (i * i) >> 7));
  const levels = [0, 1, 6, 9].map((level) => deflateRawSync(long, { level }));

  it("ends as inflating does, in steps", () => {
    for (const bytes of levels) {
      expect(measuredSteps(checkInflated(bytes, long.length)).steps).toBeGreaterThanOrEqual(5);
      expect(inflated(bytes, long.length)).toEqual(long);
    }
  });

  it("refuses what inflating refuses, at the same place", () => {
    const draw = uniforms(9);
    for (let trial = 0; trial < 60; trial++) {
      const bytes = Uint8Array.from(levels[trial % 4]!);
      const at = Math.floor(draw() * bytes.length);
      bytes[at]! ^= 1 << (trial & 7);
      const length = long.length + (trial % 3) - 1;
      const cut = trial % 5 === 0 ? bytes.subarray(0, at) : bytes;
      const outcome = (read: () => unknown): string => {
        try {
          read();
          return "read";
        } catch (error) {
          return (error as Error).message;
        }
      };
      const expected = outcome(() => inflated(cut, length));
      expect(outcome(() => toEnd(checkInflated(cut, length)))).toBe(expected);
    }
  });

  it("of a byte that stands for a thousand takes no more memory for more of them", () => {
    const many = 2 ** 25;
    const bytes = deflateRawSync(new Uint8Array(many));
    const { steps, mostBytes } = measuredSteps(checkInflated(bytes, many));
    expect(mostBytes).toBeLessThan(2 ** 20);
    expect(steps).toBeGreaterThan(many / 2 ** 18);
  });
});
