import type { KernelExports } from "@isthmus/kernels";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { BUILDS, noise, openArena, ulp, type Arena } from "./support.ts";

const f = Math.fround;

/** A kernel's arguments after the arrays and the count: addresses of scalars, then numbers; and its formula, rounded at every operation. */
interface Method {
  readonly call: (
    kernels: KernelExports,
    p: number,
    slots: readonly number[],
    g: number,
    n: number,
    at: (...values: number[]) => number,
  ) => void;
  readonly slots: number;
  readonly next: (p: number, slots: readonly number[], g: number) => readonly number[];
}

const [rate, momentum] = [f(0.013), f(0.9)];
const [b1, b2, eps, c1, c2] = [0.9, 0.999, 1e-8, 1 - 0.9, 1 - 0.999].map(f) as [number, number, number, number, number];
const [stepSize, secondScale, keep] = [f(0.02), f(3.1), f(0.97)];

const methods: Readonly<Record<string, Method>> = {
  sgd: {
    slots: 0,
    call: (kernels, p, _, g, n, at) => kernels.sgd(p, g, n, at(rate)),
    next: (p, _, g) => [f(p - f(rate * g))],
  },
  sgdMomentum: {
    slots: 1,
    call: (kernels, p, [v], g, n, at) => kernels.sgdMomentum(p, v!, g, n, at(rate), momentum),
    next: (p, [v], g) => {
      const next = f(f(v! * momentum) + g);
      return [f(p - f(rate * next)), next];
    },
  },
  sgdNesterov: {
    slots: 1,
    call: (kernels, p, [v], g, n, at) => kernels.sgdNesterov(p, v!, g, n, at(rate), momentum),
    next: (p, [v], g) => {
      const next = f(f(v! * momentum) + g);
      return [f(p - f(rate * f(g + f(next * momentum)))), next];
    },
  },
  rmsProp: {
    slots: 1,
    call: (kernels, p, [v], g, n, at) => kernels.rmsProp(p, v!, g, n, at(rate), b2, c2, eps),
    next: (p, [v], g) => {
      const next = f(f(v! * b2) + f(f(g * g) * c2));
      return [f(p - f(rate * f(g / f(f(Math.sqrt(next)) + eps)))), next];
    },
  },
  adamW: {
    slots: 2,
    call: (kernels, p, [m, v], g, n, at) =>
      kernels.adamW(p, m!, v!, g, n, at(stepSize), at(secondScale), at(keep), at(b1, b2, eps, c1, c2)),
    next: (p, [m, v], g) => {
      const first = f(f(m! * b1) + f(g * c1));
      const second = f(f(v! * b2) + f(f(g * g) * c2));
      const scale = f(f(f(Math.sqrt(second)) * secondScale) + eps);
      return [f(f(p * keep) - f(f(first * stepSize) / scale)), first, second];
    },
  },
};

describe.each(BUILDS)("optimisers, $build", ({ build, missing }) => {
  let arena: Arena;
  beforeAll(async () => {
    if (!missing) arena = await openArena(build);
  });

  it.skipIf(missing).each(Object.entries(methods))(
    "%s has the bits of its formula rounded after every operation",
    (_, { slots, call, next }) => {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 30 }), fc.integer(), (n, seed) => {
          const arrays = Array.from({ length: slots + 2 }, (_unused, i) =>
            noise(n, seed + i).map(i > 1 ? Math.abs : (x) => x),
          );
          const [p, g, ...slotValues] = arrays as [Float32Array, Float32Array, ...Float32Array[]];
          const [pAt, gAt] = [arena.floats(p), arena.floats(g)];
          const slotsAt = slotValues.map((values) => arena.floats(values));
          call(arena.kernels.exports, pAt, slotsAt, gAt, n, (...values) => arena.floats(values));
          const made = [pAt, ...slotsAt].map((address) => arena.read(address, n));
          for (let i = 0; i < n; i++) {
            const expected = next(
              p[i]!,
              slotValues.map((values) => values[i]!),
              g[i]!,
            );
            expect(made.map((values) => values[i])).toEqual(expected);
          }
          arena.release();
        }),
      );
    },
  );

  it.skipIf(missing)("the norm of any count and magnitude is right to one unit in the last place", () => {
    const scales = fc.constantFrom(1, 1e30, 1e-30, 2 ** -140);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 70 }), scales, fc.integer(), (n, scale, seed) => {
        const x = noise(n, seed).map((value) => value * scale);
        const y = arena.floats([Number.NaN]);
        arena.kernels.exports.euclideanNorm(arena.floats(x), y, n);
        const expected = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
        expect(Math.abs(arena.read(y, 1)[0]! - expected)).toBeLessThanOrEqual(ulp(expected));
        arena.release();
      }),
    );
  });

  it.skipIf(missing).each([Infinity, -Infinity, Number.NaN])("the norm is not finite where %s is", (value) => {
    for (const at of [0, 9, 12]) {
      const x = noise(13, 1);
      x[at] = value;
      const y = arena.floats([0]);
      arena.kernels.exports.euclideanNorm(arena.floats(x), y, 13);
      expect(Number.isFinite(arena.read(y, 1)[0])).toBe(false);
      arena.release();
    }
  });
});
