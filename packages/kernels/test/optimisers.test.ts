import { SEGMENT_WORDS } from "@isthmus/kernels";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { BUILDS, EPS, noise, openArena, ulp, type Arena } from "./support.ts";

const f = Math.fround;
const LEAST = 2 ** -120;
/** What is stored of what decays. */
const kept = (x: number): number => (Math.abs(x) < LEAST ? 0 : x);
/** v = decay v + complement g^2 as stored. */
const nextSquare = (v: number, g: number, decay: number, complement: number): number =>
  Math.max(f(f(v * decay) + f(f(g * g) * complement)), LEAST);

type Name = "sgd" | "sgdMomentum" | "sgdNesterov" | "rmsProp" | "adam" | "adamW";

/** The formula, rounded at every operation: parameter and slots after a step. */
interface Method {
  readonly slots: number;
  readonly coefficients: readonly number[];
  readonly schedule: readonly number[];
  readonly next: (p: number, slots: readonly number[], g: number) => readonly number[];
}

const [rate, momentum] = [f(0.013), f(0.9)];
const [b1, b2, eps, c1, c2] = [0.9, 0.999, 1e-8, 1 - 0.9, 1 - 0.999].map(f) as [number, number, number, number, number];
const [stepSize, secondScale, keep] = [f(0.02), f(3.1), f(0.97)];

const velocityOf = (v: number, g: number) => kept(f(f(v * momentum) + g));
const moments = ([m, v]: readonly number[], g: number) =>
  [kept(f(f(m! * b1) + f(g * c1))), nextSquare(v!, g, b2, c2)] as const;
const [adamRate, adamEpsilon] = [f(stepSize / secondScale), f(eps / secondScale)];
const adamStep = (m: number, v: number) => f(f(m * adamRate) / f(f(Math.sqrt(v)) + adamEpsilon));

const methods: Readonly<Record<Name, Method>> = {
  sgd: { slots: 0, coefficients: [], schedule: [rate], next: (p, _, g) => [kept(f(p - f(rate * g)))] },
  sgdMomentum: {
    ...{ slots: 1, coefficients: [momentum], schedule: [rate] },
    next: (p, [v], g) => {
      const next = velocityOf(v!, g);
      return [kept(f(p - f(rate * next))), next];
    },
  },
  sgdNesterov: {
    ...{ slots: 1, coefficients: [momentum], schedule: [rate] },
    next: (p, [v], g) => {
      const next = velocityOf(v!, g);
      return [kept(f(p - f(rate * f(g + f(next * momentum))))), next];
    },
  },
  rmsProp: {
    ...{ slots: 1, coefficients: [b2, c2, eps], schedule: [rate] },
    next: (p, [v], g) => {
      const next = nextSquare(v!, g, b2, c2);
      return [kept(f(p - f(rate * f(g / f(f(Math.sqrt(next)) + eps))))), next];
    },
  },
  adam: {
    ...{ slots: 2, coefficients: [b1, b2, eps, c1, c2], schedule: [stepSize, secondScale] },
    next: (p, slots, g) => {
      const [m, v] = moments(slots, g);
      return [f(p - adamStep(m, v)), m, v];
    },
  },
  adamW: {
    ...{ slots: 2, coefficients: [b1, b2, eps, c1, c2], schedule: [stepSize, secondScale, keep] },
    next: (p, slots, g) => {
      const [m, v] = moments(slots, g);
      return [kept(f(f(p * keep) - adamStep(m, v))), m, v];
    },
  },
};

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
const exact: Readonly<Record<Name, { readonly gain: number; readonly next: Method["next"] }>> = {
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
  beforeAll(async () => {
    if (!missing) arena = await openArena(build);
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

  function expected({ next }: Method, { p, g, slots }: Segment): Float32Array[] {
    const made = [p, ...slots].map((values) => values.slice());
    p.forEach((value, i) => {
      const after = next(
        value,
        slots.map((values) => values[i]!),
        g[i]!,
      );
      after.forEach((x, k) => (made[k]![i] = x));
    });
    return made;
  }

  const sizes = fc.array(fc.integer({ min: 0, max: 70 }), { maxLength: 5 });

  it.skipIf(missing).each(Object.keys(methods) as Name[])(
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

  it.skipIf(missing).each(Object.keys(methods) as Name[])("%s in shares is the whole step", (name) => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 5 }), fc.integer(), (lengths, count, seed) => {
        const segments = lengths.map((n, i) => segmentOf(methods[name], n, seed + 10 * i, 1));
        const shares = Array.from({ length: count }, (_, index) => 256 * count + index);
        expect(step(name, segments, shares)).toEqual(step(name, segments));
      }),
    );
  });

  it.skipIf(missing).each(Object.keys(methods) as Name[])(
    "%s with a gradient that is a column times a row makes the step of their product, in any shares",
    (name) => {
      const extent = fc.integer({ min: 1, max: 40 });
      const shares = fc.integer({ min: 1, max: 5 });
      fc.assert(
        fc.property(extent, extent, shares, fc.integer(), (rows, columns, count, seed) => {
          const plain = segmentOf(methods[name], rows * columns, seed, 1);
          const [column, row] = [noise(rows, seed + 7), noise(columns, seed + 8)];
          const product = plain.g.map((_, i) => column[Math.floor(i / columns)]! * row[i % columns]!);
          const all = Array.from({ length: count }, (_, index) => 256 * count + index);
          const others = segmentOf(methods[name], 9, seed + 20, 1);
          const made = step(name, [others, { ...plain, g: row, column }, others], all);
          expect(made).toEqual(step(name, [others, { ...plain, g: product }, others]));
        }),
      );
    },
  );

  it.skipIf(missing).each(Object.keys(methods) as Name[])("%s keeps NaN and infinities", (name) => {
    const made = ["p", "g"].map((bad) => {
      const segment = segmentOf(methods[name], 9, 1, 1);
      for (const at of [1, 8]) (bad === "p" ? segment.p : segment.g)[at] = at === 1 ? Number.NaN : Infinity;
      const [got] = step(name, [segment]);
      expect(got).toEqual(expected(methods[name], segment));
      return got![0]!;
    });
    for (const p of made) expect([p[1], Number.isFinite(p[8])]).toEqual([Number.NaN, false]);
  });

  it.skipIf(missing).each(Object.keys(methods) as Name[])(
    "what %s lets decay is never denormal: it becomes 0, an average of squares 2^-120",
    (name) => {
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
      const ends = segment.slots.map((_, slot) => new Float32Array(n).fill(isSquare(method, slot) ? LEAST : 0));
      expect(segment.slots).toEqual(ends);
    },
  );

  it.skipIf(missing).each(Object.keys(methods) as Name[])(
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
