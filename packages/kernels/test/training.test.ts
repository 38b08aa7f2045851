import type { KernelExports } from "@isthmus/kernels";
import { hash32, randomNormal, randomUniform } from "@isthmus/math";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { BUILDS, EPS, noise, openArena, type Arena } from "./support.ts";

const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

describe.each(BUILDS)("loss and noise, $title", ({ build, missing }) => {
  let arena: Arena;
  let kernels: KernelExports;
  beforeAll(async () => {
    if (missing) return;
    arena = await openArena(build);
    kernels = arena.kernels.exports;
  });

  it.skipIf(missing)("sigmoidCrossEntropy is softplus(l) - l x", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30 }), fc.constantFrom(0.1, 1, 30, 200), fc.integer(), (n, scale, seed) => {
        const l = noise(n, seed).map((v) => v * scale);
        const x = noise(n, seed + 1).map((v) => (v + 1) / 2);
        const y = arena.floats(new Float32Array(n).fill(NaN));
        kernels.sigmoidCrossEntropy(arena.floats(l), arena.floats(x), y, n);
        const actual = arena.read(y, n);
        for (let i = 0; i < n; i++) {
          const terms = Math.max(l[i]!, 0) + Math.abs(l[i]! * x[i]!) + softplus(-Math.abs(l[i]!));
          // product and two sums: half an ulp each; the logarithm: 2 ulp, that is 4 eps
          expect(Math.abs(actual[i]! - (softplus(l[i]!) - l[i]! * x[i]!))).toBeLessThanOrEqual(7 * EPS * terms);
        }
        arena.release();
      }),
    );
  });

  it.skipIf(missing)("sigmoidCrossEntropyGrad is g (sigmoid(l) - x), for scalar, column and dense g", () => {
    const layouts = [
      { gOuter: 0, gInner: 0 },
      { gOuter: 1, gInner: 0 },
      { gOuter: -1, gInner: 1 },
    ];
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 7 }),
        fc.integer({ min: 0, max: 21 }),
        fc.constantFrom(...layouts),
        (outer, inner, layout) => {
          const n = outer * inner;
          const gOuter = layout.gOuter < 0 ? inner : layout.gOuter;
          const l = noise(n, 1).map((v) => v * 9);
          const x = noise(n, 2);
          const g = noise(Math.max(n, outer, 1), 3);
          const y = arena.floats(new Float32Array(n).fill(NaN));
          kernels.sigmoidCrossEntropyGrad(
            arena.floats(l),
            arena.floats(x),
            arena.floats(g),
            y,
            outer,
            inner,
            gOuter,
            layout.gInner,
          );
          const actual = arena.read(y, n);
          for (let i = 0; i < n; i++) {
            const cotangent = g[Math.floor(i / inner) * gOuter + (i % inner) * layout.gInner]!;
            const expected = cotangent * (sigmoid(l[i]!) - x[i]!);
            // sigmoid: 3 ulp = 6 eps; difference and product: one eps each
            expect(Math.abs(actual[i]! - expected)).toBeLessThanOrEqual(
              8 * EPS * Math.abs(cotangent) * (1 + Math.abs(x[i]!)),
            );
          }
          arena.release();
        },
      ),
    );
  });

  it.skipIf(missing)("sigmoidCrossEntropyBoth leaves the bits of the two, dl in the place of an operand too", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), fc.integer(), fc.constantFrom("l", "x", "own"), (n, seed, place) => {
        const [l, x, g] = [noise(n, seed).map((v) => v * 20), noise(n, seed + 1), noise(1, seed + 2)];
        const room = () => arena.floats(new Float32Array(n + 1).fill(NaN));
        const scale = arena.floats(g);
        const [loss, slopes, y, own] = [room(), room(), room(), room()];
        kernels.sigmoidCrossEntropy(arena.floats(l), arena.floats(x), loss, n);
        kernels.sigmoidCrossEntropyGrad(arena.floats(l), arena.floats(x), scale, slopes, 1, n, 0, 0);
        const [lAt, xAt] = [arena.floats(l), arena.floats(x)];
        const dl = { l: lAt, x: xAt, own }[place];
        kernels.sigmoidCrossEntropyBoth(lAt, xAt, scale, y, dl, n);
        expect(arena.read(y, n + 1)).toEqual(arena.read(loss, n + 1));
        expect(arena.read(dl, n)).toEqual(arena.read(slopes, n));
        expect(arena.read(own + 4 * n, 1)).toEqual(Float32Array.of(NaN));
        arena.release();
      }),
    );
  });

  const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  it.skipIf(missing)("randomUniform and randomNormal have the bits of @isthmus/math", () => {
    const steps = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.constantFrom(2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1));
    fc.assert(
      fc.property(
        fc.tuple(word, word),
        steps,
        fc.string(),
        fc.integer({ min: 0, max: 70 }),
        (seed, step, stream, n) => {
          const seedAt = arena.words(Uint32Array.from(seed));
          const stepAt = arena.words(Uint32Array.of(step >>> 0, Math.floor(step / 2 ** 32)));
          const y = arena.floats(new Float32Array(n).fill(NaN));
          const expected = new Float32Array(n);
          kernels.randomUniform(y, n, seedAt, stepAt, hash32(stream));
          randomUniform(expected, { seed, step, stream });
          expect(arena.read(y, n)).toEqual(expected);
          kernels.randomNormal(y, n, seedAt, stepAt, hash32(stream));
          randomNormal(expected, { seed, step, stream });
          expect(arena.read(y, n)).toEqual(expected);
          arena.release();
        },
      ),
    );
  });

  it.skipIf(missing)("a long normal array has the bits of @isthmus/math", () => {
    const n = 200_003;
    const y = arena.floats(new Float32Array(n));
    kernels.randomNormal(y, n, arena.words(Uint32Array.of(7, 0)), arena.words(Uint32Array.of(3, 0)), hash32("noise"));
    const expected = new Float32Array(n);
    randomNormal(expected, { seed: 7, step: 3, stream: "noise" });
    expect(arena.read(y, n)).toEqual(expected);
    arena.release();
  });
});
