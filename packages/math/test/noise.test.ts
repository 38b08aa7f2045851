import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hash32, randomNormal, randomUint32, randomUniform, splitSeed, uint32Sequence } from "../src/index.ts";
import type { NoiseKey } from "../src/index.ts";
import { readFixture } from "./support/fixture.ts";

interface NoiseCase extends Required<NoiseKey> {
  readonly hash: number;
  readonly count: number;
  readonly words: readonly number[];
  readonly uniform: readonly number[];
  readonly normal: readonly number[];
  readonly normalSha256: string;
}

const MILLION = 1_000_000;
const key: NoiseKey = { seed: 1, stream: "test", step: 3 };

function normals(count: number, from: NoiseKey): Float32Array {
  const out = new Float32Array(count);
  randomNormal(out, from);
  return out;
}

function uniforms(count: number, from: NoiseKey): Float32Array {
  const out = new Float32Array(count);
  randomUniform(out, from);
  return out;
}

function words(count: number, from: NoiseKey): Uint32Array {
  const out = new Uint32Array(count);
  randomUint32(out, from);
  return out;
}

function mean(values: Iterable<number>): number {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    sum += value;
    count++;
  }
  return sum / count;
}

function correlation(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum / a.length;
}

describe("the noise convention, bit for bit, against NumPy", () => {
  const { cases } = readFixture<{ cases: readonly NoiseCase[] }>("noise");

  it.each(cases)("seed $seed, stream $stream, step $step", (expected) => {
    const few = expected.words.length;
    expect(hash32(expected.stream)).toBe(expected.hash);
    expect([...words(few, expected)]).toEqual(expected.words);
    expect([...uniforms(few, expected)]).toEqual(expected.uniform);
    expect([...normals(few, expected)]).toEqual(expected.normal);
    const many = new Uint8Array(normals(expected.count, expected).buffer);
    expect(createHash("sha256").update(many).digest("hex")).toBe(expected.normalSha256);
  });
});

describe("an element depends on (seed, stream, step, index) alone", () => {
  it("not on the length of its array", () => {
    const long = normals(64, key);
    const longUniform = uniforms(64, key);
    for (let count = 0; count <= 9; count++) {
      expect(normals(count, key)).toEqual(long.slice(0, count));
      expect(uniforms(count, key)).toEqual(longUniform.slice(0, count));
    }
  });

  it("and the endless sequence gives the words of the array", () => {
    const next = uint32Sequence(key);
    expect(Array.from({ length: 37 }, next)).toEqual([...words(37, key)]);
  });

  it("an integer seed is its two words, and a step left out is 0", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (seed) => {
        const [low, high] = splitSeed(seed);
        expect(high * 2 ** 32 + low).toBe(seed);
        expect(splitSeed([low, high])).toEqual([low, high]);
        expect(words(5, { seed, stream: "s" })).toEqual(words(5, { seed: [low, high], stream: "s", step: 0 }));
      }),
    );
  });
});

describe("randomUniform", () => {
  it("stays strictly between 0 and 1, on odd multiples of 2^-24", () => {
    const strays = uniforms(100_000, key).filter((u) => !(u > 0 && u < 1 && (u * 2 ** 24) % 2 === 1));
    expect([...strays]).toEqual([]);
  });

  // Pearson's statistic over 256 bins has mean 255 and standard deviation sqrt(2 * 255) = 22.6; five of them are allowed.
  it("fills 256 bins evenly", () => {
    const bins = new Float64Array(256);
    for (const u of uniforms(MILLION, key)) bins[Math.floor(u * 256)]!++;
    const expected = MILLION / 256;
    const statistic = bins.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(Math.abs(statistic - 255)).toBeLessThan(5 * Math.sqrt(2 * 255));
  });
});

describe("randomNormal", () => {
  const z = normals(MILLION, key);

  // Var(z^k) = E z^2k - (E z^k)^2: 1, 2, 15, 96 for k = 1..4. Five standard errors.
  it.each([
    { k: 1, moment: 0, variance: 1 },
    { k: 2, moment: 1, variance: 2 },
    { k: 3, moment: 0, variance: 15 },
    { k: 4, moment: 3, variance: 96 },
  ])("has moment $k equal to $moment", ({ k, moment, variance }) => {
    const powers = Float64Array.from(z, (value) => value ** k);
    expect(Math.abs(mean(powers) - moment)).toBeLessThan(5 * Math.sqrt(variance / MILLION));
  });

  // Kolmogorov's limit: P(sqrt(n) D > x) < 2 exp(-2 x^2), so x = sqrt(ln(2 / alpha) / 2), with alpha = 0.001.
  it("has the normal distribution function (Kolmogorov-Smirnov, a million draws)", () => {
    const sorted = z.toSorted();
    let distance = 0;
    for (let i = 0; i < MILLION; i++) {
      const p = normalCdf(sorted[i]!);
      distance = Math.max(distance, p - i / MILLION, (i + 1) / MILLION - p);
    }
    expect(distance * Math.sqrt(MILLION)).toBeLessThan(Math.sqrt(Math.log(2 / 0.001) / 2));
  });

  // Per element: r is right to 1.0e-7 relative (8.0e-8 / 2 from ln, 2^-24 from the root), cos and sin to 7.0e-8
  // absolute, the product to 2^-24 relative: together less than 2.4e-7 r.
  it("is Box and Muller's transform of the block's uniforms to 2.4e-7 r", () => {
    const u = uniforms(MILLION, key);
    let worst = 0;
    for (let i = 0; i < MILLION; i += 2) {
      const r = Math.sqrt(-2 * Math.log(u[i]!));
      const angle = 2 * Math.PI * u[i + 1]!;
      const errors = [z[i]! - r * Math.cos(angle), z[i + 1]! - r * Math.sin(angle)];
      worst = Math.max(worst, ...errors.map((error) => Math.abs(error) / r));
    }
    expect(worst).toBeLessThan(2.4e-7);
  });

  // The product of two independent standard normals has variance 1, so a sample correlation has standard error n^-1/2.
  it.each([
    { other: "stream", b: normals(MILLION, { ...key, stream: "test2" }) },
    { other: "step", b: normals(MILLION, { ...key, step: 4 }) },
    { other: "seed", b: normals(MILLION, { ...key, seed: 2 }) },
    { other: "high word of the seed", b: normals(MILLION, { ...key, seed: [1, 1] }) },
    { other: "high word of the step", b: normals(MILLION, { ...key, step: 3 + 2 ** 32 }) },
  ])("is uncorrelated with another $other", ({ b }) => {
    expect(Math.abs(correlation(z, b))).toBeLessThan(5 / Math.sqrt(MILLION));
  });

  it.each([1, 2, 3, 4, 5])("is uncorrelated with itself %i elements on", (lag) => {
    const a = z.subarray(0, MILLION - lag);
    expect(Math.abs(correlation(a, z.subarray(lag)))).toBeLessThan(5 / Math.sqrt(MILLION));
  });
});

describe("hash32", () => {
  // The published FNV-1a test values for "", "a" and "foobar".
  it.each([
    ["", 0x811c9dc5],
    ["a", 0xe40c292c],
    ["foobar", 0xbf9cf968],
  ])("of %j", (name, hash) => {
    expect(hash32(name)).toBe(hash);
  });

  it("reads any string as TextEncoder does, lone surrogates included", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) }), (name) => {
        const expected = new TextEncoder().encode(name).reduce((h, byte) => Math.imul(h ^ byte, 16777619), 2166136261);
        expect(hash32(name)).toBe(expected >>> 0);
      }),
    );
  });
});

describe("bad arguments are named", () => {
  const out = new Float32Array(4);
  const bad = (change: object): NoiseKey => ({ ...key, ...change }) as NoiseKey;

  it.each([
    ["seed", -1, RangeError],
    ["seed", 1.5, RangeError],
    ["seed", 2 ** 53, RangeError],
    ["seed", Number.NaN, RangeError],
    ["seed", [1, 2 ** 32], RangeError],
    ["seed", [-1, 0], RangeError],
    ["seed", [1], TypeError],
    ["seed", ["1", 2], TypeError],
    ["seed", "1", TypeError],
    ["step", -1, RangeError],
    ["step", 0.5, RangeError],
    ["step", "0", TypeError],
    ["stream", 1, TypeError],
    ["stream", undefined, TypeError],
  ])("%s = %j", (name, value, kind) => {
    for (const draw of [
      () => randomNormal(out, bad({ [name]: value })),
      () => uint32Sequence(bad({ [name]: value })),
    ]) {
      expect(draw).toThrow(kind);
      expect(draw).toThrow(`"${name}"`);
    }
  });

  it("an output of the wrong kind", () => {
    const wrong = new Float64Array(4) as unknown;
    expect(() => randomNormal(wrong as Float32Array, key)).toThrow(
      new TypeError('"out" expected Float32Array, got Float64Array'),
    );
    expect(() => randomUniform(wrong as Float32Array, key)).toThrow(TypeError);
    expect(() => randomUint32(wrong as Uint32Array, key)).toThrow(TypeError);
    expect(() => hash32(3 as unknown as string)).toThrow('"name"');
  });
});

/** Phi(x) = 1/2 + phi(x) (x + x^3 / 3 + x^5 / (3 5) + ...), Marsaglia 2004. */
function normalCdf(x: number): number {
  let term = x;
  let sum = x;
  for (let k = 3; Math.abs(term) > 1e-17; k += 2) sum += term *= (x * x) / k;
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}
