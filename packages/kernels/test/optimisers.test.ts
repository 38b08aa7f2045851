import { SEGMENT_WORDS } from "@isthmus/kernels";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { BUILDS, EPS, multiplyAddOf, noise, openArena, ulp, type Arena, type MultiplyAdd } from "./support.ts";

const f = Math.fround;
/** What is stored of what decays is a multiple of it, if it is small. */
const LEAST = 2 ** -120;
const GRAIN = 1.5 * 2 ** -97;
/** What an average of squares gets more in a step. */
const MORE = 2 ** -124;

type Name = "sgd" | "sgdMomentum" | "sgdNesterov" | "rmsProp" | "adam" | "adamW";

const NAMES: readonly Name[] = ["sgd", "sgdMomentum", "sgdNesterov", "rmsProp", "adam", "adamW"];

interface Method {
  readonly slots: number;
  readonly coefficients: readonly number[];
  readonly schedule: readonly number[];
  /** The formula, rounded at every operation: parameter and slots after a step for the gradient x g. */
  readonly next: (p: number, slots: readonly number[], g: number, x: number) => readonly number[];
}

const [rate, momentum] = [f(0.013), f(0.9)];
const [b1, b2, eps, c1, c2] = [0.9, 0.999, 1e-8, 1 - 0.9, 1 - 0.999].map(f) as [number, number, number, number, number];
const [stepSize, secondScale, keep] = [f(0.02), f(3.1), f(0.97)];
const [adamRate, adamEpsilon] = [f(stepSize / secondScale), f(eps / secondScale)];

function methodsOf(multiplyAdd: MultiplyAdd): Readonly<Record<Name, Method>> {
  const less = (p: number, step: number, by: number) => multiplyAdd(f(-step), by, p);
  const withoutGrain = (sum: number) => f(sum - GRAIN);
  const moved = (p: number, step: number, by: number) => withoutGrain(less(f(p + GRAIN), step, by));
  const mean = (m: number, g: number, decay: number, factor: number) =>
    withoutGrain(multiplyAdd(m, decay, multiplyAdd(g, factor, GRAIN)));
  const nextSquare = (v: number, g: number, x: number, decay: number, complement: number) => {
    const u = f(g * f(x * f(Math.sqrt(complement))));
    return multiplyAdd(v, decay, multiplyAdd(u, u, MORE));
  };
  const moments = ([m, v]: readonly number[], g: number, x: number) =>
    [mean(m!, g, b1, f(x * c1)), nextSquare(v!, g, x, b2, c2)] as const;
  const adamQuotient = (m: number, v: number) => f(m / f(f(Math.sqrt(v)) + adamEpsilon));
  return {
    sgd: { slots: 0, coefficients: [], schedule: [rate], next: (p, _, g, x) => [moved(p, g, f(x * rate))] },
    sgdMomentum: {
      ...{ slots: 1, coefficients: [momentum], schedule: [rate] },
      next: (p, [v], g, x) => {
        const next = mean(v!, g, momentum, x);
        return [moved(p, next, rate), next];
      },
    },
    sgdNesterov: {
      ...{ slots: 1, coefficients: [momentum], schedule: [rate] },
      next: (p, [v], g, x) => {
        const next = mean(v!, g, momentum, x);
        return [moved(p, multiplyAdd(next, momentum, f(g * x)), rate), next];
      },
    },
    rmsProp: {
      ...{ slots: 1, coefficients: [b2, c2, eps], schedule: [rate] },
      next: (p, [v], g, x) => {
        const next = nextSquare(v!, g, x, b2, c2);
        return [moved(p, f(f(g * x) / f(f(Math.sqrt(next)) + eps)), rate), next];
      },
    },
    adam: {
      ...{ slots: 2, coefficients: [b1, b2, eps, c1, c2], schedule: [stepSize, secondScale] },
      next: (p, slots, g, x) => {
        const [m, v] = moments(slots, g, x);
        return [less(p, adamQuotient(m, v), adamRate), m, v];
      },
    },
    adamW: {
      ...{ slots: 2, coefficients: [b1, b2, eps, c1, c2], schedule: [stepSize, secondScale, keep] },
      next: (p, slots, g, x) => {
        const [m, v] = moments(slots, g, x);
        return [withoutGrain(less(multiplyAdd(p, keep, GRAIN), adamQuotient(m, v), adamRate)), m, v];
      },
    },
  };
}

/** Parameter, gradient and slots of a segment; second moments are not negative. With a `column`, `g` is the row that it is multiplied with. */
interface Segment {
  readonly n: number;
  readonly p: Float32Array;
  readonly g: Float32Array;
  readonly slots: readonly Float32Array[];
  readonly column?: Float32Array;
}

const exactMoments = ([m, v]: readonly number[], g: number) => [m! * b1 + g * c1, v! * b2 + g * g * c2] as const;
const exactAdamStep = (m: number, v: number) => (stepSize * m) / (Math.sqrt(v) * secondScale + eps);

/** The formula in float64, where nothing ends: parameter and slots after a step, and what a parameter moves by for each unit of a slot. */
interface Exact {
  readonly gain: number;
  readonly next: (p: number, slots: readonly number[], g: number) => readonly number[];
}

const exact: Readonly<Record<Name, Exact>> = {
  sgd: { gain: rate, next: (p, _, g) => [p - rate * g] },
  sgdMomentum: { gain: rate, next: (p, [v], g) => [p - rate * (v! * momentum + g), v! * momentum + g] },
  sgdNesterov: {
    gain: rate,
    next: (p, [v], g) => [p - rate * (g + momentum * (v! * momentum + g)), v! * momentum + g],
  },
  rmsProp: {
    gain: rate / eps,
    next: (p, [v], g) => [p - (rate * g) / (Math.sqrt(v! * b2 + g * g * c2) + eps), v! * b2 + g * g * c2],
  },
  adam: {
    gain: stepSize / eps,
    next: (p, slots, g) => [p - exactAdamStep(...exactMoments(slots, g)), ...exactMoments(slots, g)],
  },
  adamW: {
    gain: stepSize / eps,
    next: (p, slots, g) => [p * keep - exactAdamStep(...exactMoments(slots, g)), ...exactMoments(slots, g)],
  },
};

const isSquare = ({ slots, coefficients }: Method, slot: number): boolean =>
  coefficients.length > 1 && slot === slots - 1;

function segmentOf(method: Method, n: number, seed: number, scale: number): Segment {
  const sized = (index: number) => noise(n, seed + index).map((x) => x * scale);
  const slots = Array.from({ length: method.slots }, (_, slot) =>
    sized(2 + slot).map(isSquare(method, slot) ? Math.abs : (x) => x),
  );
  return { n, p: sized(0), g: sized(1), slots };
}

/** Every magnitude: what floats usually are, what decays below 2^-126, what is there already. */
const scales = fc.constantFrom(1, 1e-18, 1.3e-38, 1e-40);

describe.each(BUILDS)("optimisers, $title", ({ build, missing }) => {
  let arena: Arena;
  let methods: Readonly<Record<Name, Method>>;
  beforeAll(async () => {
    if (missing) return;
    arena = await openArena(build);
    methods = methodsOf(multiplyAddOf(arena));
  });

  /** A step of each share; parameter and slots of each segment afterwards. */
  function step(name: Name, segments: readonly Segment[], shares: readonly number[] = [0]): Float32Array[][] {
    const { coefficients, schedule } = methods[name];
    const placed = segments.map(({ n, p, g, slots }) => [n, ...[g, p, ...slots].map((values) => arena.floats(values))]);
    const products = segments.map(({ column, g }) => (column ? [arena.floats(column), g.length] : [0, 0]));
    const table = placed.flatMap((words, i) => [...words, 0, 0].slice(0, SEGMENT_WORDS - 2).concat(products[i]!));
    const tableAt = arena.words(Uint32Array.from(table));
    const numbers = arena.floats(coefficients);
    const kernel = arena.kernels.exports[name] as (...args: number[]) => void;
    const pointers = schedule.map((value) => arena.floats([value]));
    for (const share of shares) kernel(tableAt, segments.length, numbers, share, ...pointers);
    const made = placed.map(([n, , ...addresses]) => addresses.map((address) => arena.read(address, n!)));
    arena.release();
    return made;
  }

  function expected({ next }: Method, { p, g, slots, column }: Segment): Float32Array[] {
    const made = [p, ...slots].map((values) => values.slice());
    p.forEach((value, i) => {
      const before = slots.map((values) => values[i]!);
      const x = column ? column[Math.floor(i / g.length)]! : 1;
      const after = next(value, before, g[i % g.length]!, x);
      after.forEach((x, k) => (made[k]![i] = x));
    });
    return made;
  }

  const sizes = fc.array(fc.integer({ min: 0, max: 70 }), { maxLength: 5 });

  it.skipIf(missing).each(NAMES)(
    "%s makes one step of all segments, with the bits of its formula rounded after every operation",
    (name) => {
      fc.assert(
        fc.property(sizes, scales, fc.integer(), (lengths, scale, seed) => {
          const segments = lengths.map((n, i) => segmentOf(methods[name], n, seed + 10 * i, scale));
          expect(step(name, segments)).toEqual(segments.map((segment) => expected(methods[name], segment)));
        }),
      );
    },
  );

  it.skipIf(missing).each(NAMES)("%s in shares is the whole step", (name) => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 5 }), fc.integer(), (lengths, count, seed) => {
        const segments = lengths.map((n, i) => segmentOf(methods[name], n, seed + 10 * i, 1));
        const shares = Array.from({ length: count }, (_, index) => 256 * count + index);
        expect(step(name, segments, shares)).toEqual(step(name, segments));
      }),
    );
  });

  it.skipIf(missing).each(NAMES)(
    "%s with a gradient that is a column times a row makes the step of their product, in any shares",
    (name) => {
      const extent = fc.integer({ min: 1, max: 40 });
      const shares = fc.integer({ min: 1, max: 5 });
      fc.assert(
        fc.property(extent, extent, shares, fc.integer(), (rows, columns, count, seed) => {
          const plain = segmentOf(methods[name], rows * columns, seed, 1);
          const product = { ...plain, g: noise(columns, seed + 8), column: noise(rows, seed + 7) };
          const all = Array.from({ length: count }, (_, index) => 256 * count + index);
          const segments = [segmentOf(methods[name], 9, seed + 20, 1), product, segmentOf(methods[name], 9, seed, 1)];
          expect(step(name, segments, all)).toEqual(segments.map((segment) => expected(methods[name], segment)));
        }),
      );
    },
  );

  it.skipIf(missing).each(NAMES)("%s keeps NaN and infinities", (name) => {
    const made = ["p", "g"].map((bad) => {
      const segment = segmentOf(methods[name], 9, 1, 1);
      for (const at of [1, 8]) (bad === "p" ? segment.p : segment.g)[at] = at === 1 ? Number.NaN : Infinity;
      const [got] = step(name, [segment]);
      expect(got).toEqual(expected(methods[name], segment));
      return got![0]!;
    });
    for (const p of made) expect([p[1], Number.isFinite(p[8])]).toEqual([Number.NaN, false]);
  });

  it.skipIf(missing).each(NAMES)("what %s lets decay is never denormal", (name) => {
    const isDenormal = (x: number) => x !== 0 && Math.abs(x) < 2 ** -126;
    const [method, n] = [methods[name], 21];
    let segment: Segment = { ...segmentOf(method, n, 3, 1e-37), g: new Float32Array(n) };
    expect([segment.p, ...segment.slots].every((values) => values.some(isDenormal))).toBe(true);
    for (let t = 0; t < 200; t++) {
      const [p, ...slots] = step(name, [segment])[0]! as [Float32Array, ...Float32Array[]];
      const decaying = name === "adam" ? slots : [p, ...slots];
      expect(decaying.some((values) => values.some(isDenormal))).toBe(false);
      segment = { ...segment, p, slots };
    }
  });

  it.skipIf(missing).each(["sgdMomentum", "sgdNesterov", "adam", "adamW"] as const)(
    "a mean of %s ends where rounding to multiples of 2^-120 holds it, or at 0",
    (name) => {
      const n = 21;
      let segment: Segment = { ...segmentOf(methods[name], n, 3, 1e-30), g: new Float32Array(n) };
      const run = (steps: number) => {
        for (let t = 0; t < steps; t++) {
          const [p, ...slots] = step(name, [segment])[0]! as [Float32Array, ...Float32Array[]];
          segment = { ...segment, p, slots };
        }
        return segment.slots[0]!;
      };
      const most = LEAST / 2 / (1 - momentum);
      expect(run(1).some((m) => Math.abs(m) > 1000 * most)).toBe(true);
      const ended = run(300);
      expect(ended.every((m) => Math.abs(m) <= most && Number.isInteger(m / LEAST))).toBe(true);
      expect(run(1)).toEqual(ended);
    },
  );

  it.skipIf(missing).each(["rmsProp", "adam", "adamW"] as const)(
    "an average of squares of %s goes to 2^-124 / (1 - decay), from above and from below",
    (name) => {
      const end = MORE / c2;
      const values = Float32Array.of(0, end / 2, 0.9 * end, end, 1.1 * end, 2 * end);
      const fresh = segmentOf(methods[name], values.length, 3, 0);
      const [after] = step(name, [{ ...fresh, slots: [...fresh.slots.slice(0, -1), values] }]);
      const directions = Array.from(after!.at(-1)!, (v, i) => Math.sign(Math.fround(v - values[i]!) / ulp(end)));
      expect(directions.map((direction, i) => (i === 3 ? 0 : direction))).toEqual([1, 1, 1, 0, -1, -1]);
      // Half a unit each: two roundings, what it begins with, and by how much the rounded decay and its complement are not 1 together.
      expect(Math.abs(after!.at(-1)![3]! - end)).toBeLessThan(2.01 * ulp(end));
    },
  );

  it.skipIf(missing).each(NAMES)(
    "%s is off by no more than what ends: 2^-120 in a slot, in a parameter that and the step of it",
    (name) => {
      const { gain, next } = exact[name];
      fc.assert(
        fc.property(fc.constantFrom(1e-35, 1e-36, 1e-37, 1e-40), fc.integer(), (scale, seed) => {
          const segment = segmentOf(methods[name], 40, seed, scale);
          const [p, ...slots] = step(name, [segment])[0]!;
          p!.forEach((value, i) => {
            const was = segment.slots.map((slot) => slot[i]!);
            const [wanted, ...wantedSlots] = next(segment.p[i]!, was, segment.g[i]!);
            // No more than eight roundings of what is at most `scale`, or the step of that.
            const roundings = 8 * EPS * scale;
            expect(Math.abs(value - wanted!)).toBeLessThanOrEqual((1 + gain) * (LEAST + roundings));
            wantedSlots.forEach((slot, k) => {
              expect(Math.abs(slots[k]![i]! - slot)).toBeLessThanOrEqual(LEAST + roundings);
            });
          });
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
