/** Node's zlib is the other implementation: it inflates what is deflated here, and the other way round. */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deflate } from "../src/deflate.ts";
import { inflate } from "../src/inflate.ts";
import { isthmusErrorOf, uniforms } from "./support/index.ts";

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
