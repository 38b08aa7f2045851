/** Optimisers, clipping and schedules against torch.optim in float64: a hundred steps each. */
import { describe, expect, it } from "vitest";
import {
  adam,
  adamW,
  AdamWSchedule,
  clipByGlobalNorm,
  constantRate,
  cosineRate,
  GraphBuilder,
  interpret,
  type LearningRates,
  linearWarmUp,
  type NodesByName,
  rmsProp,
  sgd,
  stepRate,
  vjp,
} from "../src/index.ts";
import { expectRelative } from "./support/close.ts";
import { readFixture } from "./support/fixture.ts";

type ByName = Readonly<Record<string, readonly number[]>>;
interface Run {
  readonly start: ByName;
  readonly targets: ByName;
  readonly end: ByName;
  readonly slots: Readonly<Record<string, ByName>>;
  readonly norms: readonly number[];
}
const fixture = readFixture<{ readonly rates: readonly number[]; readonly cases: Readonly<Record<string, Run>> }>(
  "optimisers",
);

interface Method {
  readonly step: (build: GraphBuilder, parameters: NodesByName, gradients: NodesByName) => NodesByName;
  /** The scalars that the host feeds at step t. */
  readonly scalars: (t: number, rate: number) => Readonly<Record<string, number>>;
  /** Our slot -> PyTorch's name for it. */
  readonly slots: Readonly<Record<string, string>>;
  readonly clip?: number;
}

const moments = (name: string) => (t: number, rate: number) => ({
  [`${name}.stepSize`]: rate / (1 - 0.9 ** t),
  [`${name}.secondScale`]: 1 / Math.sqrt(1 - 0.999 ** t),
});
const momentum: Pick<Method, "scalars" | "slots"> = {
  scalars: (_, rate) => ({ "sgd.learningRate": rate }),
  slots: { "opt.sgd.v": "momentum_buffer" },
};

const methods: Readonly<Record<string, Method>> = {
  sgd: { ...momentum, slots: {}, step: sgd },
  "sgd momentum": { ...momentum, step: (build, p, g) => sgd(build, p, g, { momentum: 0.9 }) },
  "sgd nesterov": { ...momentum, step: (build, p, g) => sgd(build, p, g, { momentum: 0.9, nesterov: true }) },
  adam: { step: adam, scalars: moments("adam"), slots: { "opt.adam.m": "exp_avg", "opt.adam.v": "exp_avg_sq" } },
  adamW: {
    step: (build, p, g) => adamW(build, p, g, { weightDecay: 0.3 }),
    scalars: (t, rate) => ({ ...moments("adamW")(t, rate), "adamW.keep": 1 - rate * 0.3 }),
    slots: { "opt.adamW.m": "exp_avg", "opt.adamW.v": "exp_avg_sq" },
  },
  rmsProp: {
    step: (build, p, g) => rmsProp(build, p, g, { decay: 0.95, epsilon: 1e-4 }),
    scalars: (_, rate) => ({ "rmsProp.learningRate": rate }),
    slots: { "opt.rmsProp.v": "square_avg" },
  },
  "clipped sgd momentum": { ...momentum, clip: 3, step: (build, p, g) => sgd(build, p, g, { momentum: 0.9 }) },
};

const shapes = { a: [2, 3], b: [4] } as const;
const init = { kind: "zeros" } as const;

function program({ step, clip }: Method, targets: ByName) {
  const build = new GraphBuilder();
  const parameters = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, build.state(name, { shape, init })]),
  );
  const terms = Object.entries(shapes).map(([name, shape]) => {
    const distance = build.sub(parameters[name]!, build.constant(shape, targets[name]!));
    return build.sum(build.square(build.square(distance)));
  });
  const loss = build.add(terms[0]!, terms[1]!);
  const slopes = vjp(build, [loss], Object.values(parameters), [build.scalar(1)]);
  const raw = Object.fromEntries(Object.keys(shapes).map((name, i) => [name, slopes[i]!]));
  const clipped = clip === undefined ? undefined : clipByGlobalNorm(build, raw, clip);
  const updates = step(build, parameters, clipped?.gradients ?? raw);
  return build.program({ outputs: clipped ? { norm: clipped.norm } : { loss }, updates });
}

it("every run of the fixture has its method", () => {
  expect(Object.keys(methods).sort()).toEqual(Object.keys(fixture.cases).sort());
});

// A step is some twenty roundings on numbers of order 1 to 100, and steps do not amplify: 100 * 20 * eps = 4e-13.
describe.each(Object.entries(methods))("%s", (name, method) => {
  it("is PyTorch's after a hundred steps", () => {
    const { start, targets, end, slots, norms } = fixture.cases[name]!;
    const step = program(method, targets);
    const first = Object.entries(step.state).map(([key, { shape }]): [string, Float64Array] => {
      const zeros = new Float64Array(shape.reduce((product, dim) => product * dim, 1));
      return [key, key in start ? Float64Array.from(start[key]!) : zeros];
    });
    let state: Record<string, Float64Array> = Object.fromEntries(first);
    fixture.rates.forEach((rate, i) => {
      const scalars = Object.entries(method.scalars(i + 1, rate)).map(([key, value]) => [key, Float64Array.of(value)]);
      const { updates, outputs } = interpret(step, { inputs: Object.fromEntries(scalars), state, batch: 1 });
      if (method.clip !== undefined) expectRelative(outputs["norm"]!.data, [norms[i]!], 1e-12, `norm ${i}`);
      state = Object.fromEntries(Object.entries(updates).map(([key, value]) => [key, value.data]));
    });
    for (const parameter of Object.keys(shapes)) {
      expectRelative(state[parameter]!, end[parameter]!, 1e-12, parameter);
      for (const [ours, theirs] of Object.entries(method.slots)) {
        expectRelative(state[`${ours}.${parameter}`]!, slots[parameter]![theirs]!, 1e-12, ours);
      }
    }
    const slotCount = Object.keys(method.slots).length;
    expect(Object.keys(state)).toHaveLength(2 + 2 * slotCount);
  });
});

describe("options out of range are refused", () => {
  const build = new GraphBuilder();
  const p = build.state("p", { shape: [2], init });
  const wrong: readonly [string, () => unknown][] = [
    [`sgd: "momentum" expected a number in [0, 1), got 1`, () => sgd(build, { p }, { p }, { momentum: 1 })],
    [`sgd: "nesterov" expected momentum, got none`, () => sgd(build, { p }, { p }, { nesterov: true })],
    [`sgd: "gradients" has none for "p"`, () => sgd(build, { p }, {})],
    [`rmsProp: "decay" expected a number in [0, 1), got -1`, () => rmsProp(build, { p }, { p }, { decay: -1 })],
    [`rmsProp: "epsilon" expected a positive number, got 0`, () => rmsProp(build, { p }, { p }, { epsilon: 0 })],
    [`adamW: "beta1" expected a number in [0, 1), got NaN`, () => adamW(build, { p }, { p }, { beta1: Number.NaN })],
    [
      `adamW: "weightDecay" expected a number that is not negative, got -1`,
      () => new AdamWSchedule({ weightDecay: -1 }),
    ],
    [`clipByGlobalNorm: "maxNorm" expected a positive number, got 0`, () => clipByGlobalNorm(build, { p }, 0)],
    [`clipByGlobalNorm: "gradients" expected at least one, got none`, () => clipByGlobalNorm(build, {}, 1)],
    [`stepRate: "every" expected a positive integer, got 0.5`, () => stepRate({ rate: 1, factor: 1, every: 0.5 })],
    [`cosineRate: "floor" expected in [0, 1], got 2`, () => cosineRate({ rate: 1, steps: 3, floor: 2 })],
    [`constantRate: "rate" expected a positive number, got Infinity`, () => constantRate(Infinity)],
    [`linearWarmUp: "steps" expected a positive integer, got 0`, () => linearWarmUp(0, constantRate(1))],
  ];
  it.each(wrong)("%s", (message, act) => expect(act).toThrow(new RangeError(message)));
});

describe("clipping", () => {
  const norms = (values: readonly number[], limit: number) => {
    const build = new GraphBuilder();
    const { gradients, norm } = clipByGlobalNorm(build, { x: build.input("x", [2]), y: build.input("y", []) }, limit);
    const outputs = { ...gradients, norm } as Record<string, NonNullable<typeof norm>>;
    const inputs = { x: Float64Array.of(values[0]!, values[1]!), y: Float64Array.of(values[2]!) };
    const made = interpret(build.program({ outputs }), { inputs, state: {}, batch: 1 }).outputs;
    return [...made["x"]!.data, ...made["y"]!.data, made["norm"]!.data[0]!];
  };

  it("leaves what is within the limit as it is, zeros included", () => {
    expect(norms([3, 0, 4], 5)).toEqual([3, 0, 4, 5]);
    expect(norms([0, 0, 0], 5)).toEqual([0, 0, 0, 0]);
  });

  it("scales the rest to the limit, whatever the magnitude", () => {
    for (const scale of [1, 2 ** 600, 2 ** -600]) {
      expect(norms([3 * scale, 0, 4 * scale], 2.5 * scale)).toEqual([1.5 * scale, 0, 2 * scale, 5 * scale]);
    }
  });

  it("shows what is not finite in the norm", () => {
    expect(norms([Infinity, 0, 1], 5).at(-1)).toBeNaN();
    expect(norms([1, Number.NaN, 1], 5).at(-1)).toBeNaN();
  });
});

describe("schedules of the learning rate", () => {
  const take = (rates: LearningRates, count: number) => Array.from({ length: count }, () => rates.next());

  it("constant, and in steps", () => {
    expect(take(constantRate(0.5), 3)).toEqual([0.5, 0.5, 0.5]);
    expect(take(stepRate({ rate: 1, factor: 0.5, every: 2 }), 7)).toEqual([1, 1, 0.5, 0.5, 0.25, 0.25, 0.125]);
  });

  it("warm-up rises in a line and hands over", () => {
    const then = stepRate({ rate: 1, factor: 0.5, every: 2 });
    expect(take(linearWarmUp(4, then), 8)).toEqual([0.25, 0.5, 0.75, 1, 1, 0.5, 0.5, 0.25]);
  });

  // A turn is off by a few epsilons, and so is what it multiplies: both grow by the number of turns.
  it.each([1, 2, 3, 100, 10_000])("the turning vector gives the cosine over %i steps, then the floor", (steps) => {
    const made = take(cosineRate({ rate: 0.3, steps, floor: 0.01 }), steps + 3);
    const expected = made.map((_, t) => 0.01 + (0.29 * (1 + Math.cos((Math.PI * Math.min(t, steps)) / steps))) / 2);
    made.forEach((rate, t) => expect(Math.abs(rate - expected[t]!)).toBeLessThan(0.3 * 4 * (t + 1) * 2 ** -52));
    expect(made.slice(-3)).toEqual([0.01, 0.01, 0.01]);
  });

  it("AdamW feeds Adam's scalars and what it keeps", () => {
    const schedule = new AdamWSchedule({ beta1: 0.5, beta2: 0.75, weightDecay: 0.5 });
    const out = [new Float32Array(1), new Float32Array(1), new Float32Array(1)] as const;
    expect(() => schedule.write(1, ...out)).toThrow(RangeError);
    for (let t = 1; t <= 20; t++) {
      schedule.advance();
      schedule.write(0.25, ...out);
      const expected = [0.25 / (1 - 0.5 ** t), 1 / Math.sqrt(1 - 0.75 ** t), 1 - 0.125];
      expect(out.map((array) => array[0])).toEqual(expected.map(Math.fround));
    }
  });
});
