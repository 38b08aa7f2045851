import type { GraphBuilder, Node } from "@isthmus/graph";
import { describe, expect, it } from "vitest";
import { checkFirst } from "../../graph/test/support/gradients.ts";
import {
  type Channel,
  chain,
  channelKinds,
  describedChannel,
  ownChannel,
  requireChannel,
  throughChannel,
} from "../src/channel-layers/channel.ts";
import { interference } from "../src/channel-layers/interference.ts";
import { meanOf, type Sent, sentThrough, valuesOf } from "./support/layer-run.ts";

const BLOCKS = 20_000;
/** Mean of `count` independent values of standard deviation `deviation`: five standard errors, at seeds that are fixed. */
const within = (deviation: number, count: number): number => (5 * deviation) / Math.sqrt(count);

const real = (x: readonly number[], more: Partial<Sent> = {}): Sent => ({
  n: x.length,
  complex: false,
  x,
  blocks: BLOCKS,
  ...more,
});
const complex = (x: readonly number[], more: Partial<Sent> = {}): Sent => ({
  ...{ n: x.length / 2, complex: true, x, blocks: BLOCKS },
  ...more,
});

function expectNear(actual: number, expected: number, tolerance: number): void {
  expect(Math.abs(actual - expected), `${actual} should be ${expected} to ${tolerance}`).toBeLessThan(tolerance);
}

describe("white noise", () => {
  it.each([real([1, -2], { deviation: 0.5 }), complex([1, -2, 0, 3], { deviation: 0.5 })])(
    "has mean 0 and variance sigma^2 in each real dimension, and no correlation ($complex)",
    (sent) => {
      const { y } = sentThrough({ kind: "awgn" }, sent);
      const columns = sent.x.length;
      const noise = (block: number, i: number): number => y[block * columns + i]! - sent.x[i]!;
      for (let i = 0; i < columns; i++) {
        expectNear(
          meanOf(BLOCKS, (b) => noise(b, i)),
          0,
          within(0.5, BLOCKS),
        );
        // The variance of a squared Gaussian is 2 sigma^4.
        expectNear(
          meanOf(BLOCKS, (b) => noise(b, i) ** 2),
          0.25,
          within(0.25 * Math.SQRT2, BLOCKS),
        );
      }
      expectNear(
        meanOf(BLOCKS, (b) => noise(b, 0) * noise(b, 1)),
        0,
        within(0.25, BLOCKS),
      );
    },
  );

  it("is fresh at every step", () => {
    const at = (step: number) => sentThrough({ kind: "awgn" }, real([0, 0], { deviation: 1, blocks: 3, step })).y;
    expect(at(1)).toEqual(at(1));
    expect(at(1)).not.toEqual(at(2));
  });
});

describe("noise in impulses", () => {
  it("adds its share of the ratio to the variance", () => {
    const { y } = sentThrough({ kind: "impulsive", probability: 0.2, ratio: 9 }, real([0, 0], { deviation: 0.5 }));
    const variance = 0.25 * (1 + 0.2 * 9);
    // E of its square: 3 times the mean of (sigma^2)^2 over the two states.
    const fourth = 3 * (0.8 * 0.25 ** 2 + 0.2 * 2.5 ** 2);
    expectNear(
      meanOf(y.length, (i) => y[i]! ** 2),
      variance,
      within(Math.sqrt(fourth - variance ** 2), y.length),
    );
  });

  it.each([false, true])("comes in bursts that hit every use equally often, complex: %s", (isComplex) => {
    const n = 4;
    const channel = { kind: "burst", probability: 0.5, length: 3, ratio: 1e8 } as const;
    const width = isComplex ? 2 : 1;
    const x = Array.from({ length: n * width }, () => 0);
    const { y } = sentThrough(channel, { n, complex: isComplex, x, blocks: BLOCKS, deviation: 1 });
    // The noise outside a burst is below 6 and that inside above, but for 6e-4 of it.
    const hit = (block: number, use: number): number => (Math.abs(y[(block * n + use) * width]!) > 6 ? 1 : 0);
    // Of n + length - 1 places a burst may begin at, length hit a use.
    const share = (0.5 * 3) / 6;
    for (let use = 0; use < n; use++) {
      expectNear(
        meanOf(BLOCKS, (b) => hit(b, use)),
        share * (1 - 5e-4),
        within(0.5, BLOCKS) + 5e-4,
      );
    }
    // Lengths that fall into the block: 1, 2, 3, 3, 2, 1.
    const total = (b: number): number => hit(b, 0) + hit(b, 1) + hit(b, 2) + hit(b, 3);
    expectNear(
      meanOf(BLOCKS, (b) => (total(b) === 3 ? 1 : 0)),
      1 / 6,
      within(0.5, BLOCKS) + 2e-3,
    );
    expect(Array.from({ length: BLOCKS }, (_, b) => hit(b, 0) * hit(b, 3)).every((both) => both === 0)).toBe(true);
  });
});

describe("flat fading", () => {
  it("is one complex Gaussian of mean power 1 for a block, told as the state", () => {
    const { y, state } = sentThrough({ kind: "rayleigh" }, complex([1, 0, 0, 2]));
    for (let b = 0; b < 50; b++) {
      const [re, im] = [state![2 * b]!, state![2 * b + 1]!];
      // 2 i h = -2 im + 2 i re.
      [re, im, -2 * im, 2 * re].forEach((value, i) => expect(y[4 * b + i]).toBeCloseTo(value, 12));
    }
    const power = (b: number): number => state![2 * b]! ** 2 + state![2 * b + 1]! ** 2;
    // |h|^2 is exponential: mean 1, variance 1; its square has mean 2 and variance 4! - 4 = 20.
    expectNear(meanOf(BLOCKS, power), 1, within(1, BLOCKS));
    expectNear(
      meanOf(BLOCKS, (b) => power(b) ** 2),
      2,
      within(Math.sqrt(20), BLOCKS),
    );
  });

  it("is independent from use to use where that is asked", () => {
    const { state } = sentThrough({ kind: "rayleigh", per: "symbol" }, complex([1, 0, 1, 0]));
    expect(state!.length).toBe(4 * BLOCKS);
    expectNear(
      meanOf(BLOCKS, (b) => state![4 * b]! * state![4 * b + 2]!),
      0,
      within(0.5, BLOCKS),
    );
  });

  it("leaves real uses its modulus, of mean sqrt(pi) / 2", () => {
    const { y, state } = sentThrough({ kind: "rayleigh" }, real([1, -3]));
    expect(y[1]).toBeCloseTo(-3 * state![0]!, 12);
    expectNear(
      meanOf(BLOCKS, (b) => state![b]!),
      Math.sqrt(Math.PI) / 2,
      within(Math.sqrt(1 - Math.PI / 4), BLOCKS),
    );
  });

  it("has a constant part K times as strong as the rest where it is Rician", () => {
    const { state } = sentThrough({ kind: "rician", factor: 3 }, complex([1, 0]));
    expectNear(
      meanOf(BLOCKS, (b) => state![2 * b]!),
      Math.sqrt(3 / 4),
      within(Math.sqrt(1 / 8), BLOCKS),
    );
    expectNear(
      meanOf(BLOCKS, (b) => state![2 * b + 1]!),
      0,
      within(Math.sqrt(1 / 8), BLOCKS),
    );
    expectNear(
      meanOf(BLOCKS, (b) => state![2 * b]! ** 2 + state![2 * b + 1]! ** 2),
      1,
      within(1, BLOCKS),
    );
  });

  it.each(["rayleigh", "rician"] as const)("of kind %s is one for a block, or each use has its own", (kind) => {
    const product = (per: "block" | "symbol", i: number, j: number): number => {
      const { y } = sentThrough({ kind, per }, complex([1, 0, 1, 0]));
      return meanOf(BLOCKS, (b) => y[4 * b + i]! * y[4 * b + j]!);
    };
    // The imaginary parts have no constant: their product is of mean E (Im h)^2 for a block, and 0 for two uses.
    const power = kind === "rician" ? 1 / 4 : 1 / 2;
    expectNear(product("block", 1, 3), power, within(power * Math.SQRT2, BLOCKS));
    expectNear(product("symbol", 1, 3), 0, within(power, BLOCKS));
    const constant = kind === "rician" ? 1 / 2 : 0;
    expectNear(product("symbol", 0, 2), constant, within(1, BLOCKS));
  });
});

describe("several taps", () => {
  const x = [1, 0.5, -1, 2, 0, -0.5];

  it.each([false, true])("filter the block with the taps of the state, tail: %s", (tail) => {
    const { y, state } = sentThrough({ kind: "multiTap", taps: 2, tail }, complex(x, { blocks: 4 }));
    const uses = tail ? 4 : 3;
    expect(y.length).toBe(4 * uses * 2);
    for (let b = 0; b < 4; b++) {
      for (let i = 0; i < uses; i++) {
        let [re, im] = [0, 0];
        for (const l of [0, 1]) {
          const [p, q] = [x[2 * (i - l)] ?? 0, x[2 * (i - l) + 1] ?? 0];
          const [r, s] = [state![4 * b + 2 * l]!, state![4 * b + 2 * l + 1]!];
          re += p * r - q * s;
          im += p * s + q * r;
        }
        expect(y[(b * uses + i) * 2]).toBeCloseTo(re, 12);
        expect(y[(b * uses + i) * 2 + 1]).toBeCloseTo(im, 12);
      }
    }
  });

  it("share a mean power of 1 as they are told to", () => {
    const { state } = sentThrough({ kind: "multiTap", taps: 3, powers: [4, 2, 2] }, complex([1, 0]));
    [0.5, 0.25, 0.25].forEach((power, l) => {
      const of = (b: number): number => state![6 * b + 2 * l]! ** 2 + state![6 * b + 2 * l + 1]! ** 2;
      expectNear(meanOf(BLOCKS, of), power, within(power, BLOCKS));
    });
  });
});

describe("oscillators", () => {
  const ones = [1, 0, 1, 0, 1, 0];
  const angles = (y: Float64Array, b: number): number[] =>
    [0, 1, 2].map((i) => Math.atan2(y[6 * b + 2 * i + 1]!, y[6 * b + 2 * i]!));

  it.each([{ kind: "phase" }, { kind: "frequency", most: 0.05 }, { kind: "phaseNoise", deviation: 0.2 }] as const)(
    "$kind changes no modulus",
    (channel) => {
      const { y } = sentThrough(channel, complex([2, 0, 0, 2], { blocks: 100 }));
      for (let i = 0; i < y.length; i += 2) expect(Math.hypot(y[i]!, y[i + 1]!)).toBeCloseTo(2, 8);
    },
  );

  it("turn a block by one uniform angle", () => {
    const { y } = sentThrough({ kind: "phase", most: 1 }, complex(ones));
    const [first, , last] = angles(y, 0);
    expect(first).toBeCloseTo(last!, 10);
    expectNear(
      meanOf(BLOCKS, (b) => Math.cos(angles(y, b)[0]!)),
      Math.sin(1),
      within(1, BLOCKS),
    );
    expectNear(
      meanOf(BLOCKS, (b) => angles(y, b)[0]! ** 2),
      1 / 3,
      within(1 / 3, BLOCKS),
    );
  });

  it("turn use i by i times one angle per use", () => {
    const { y } = sentThrough({ kind: "frequency", most: 0.1 }, complex(ones));
    const [zero, once, twice] = angles(y, 7);
    expect(zero).toBeCloseTo(0, 12);
    expect(twice).toBeCloseTo(2 * once!, 8);
    const most = 0.2 * Math.PI;
    expectNear(
      meanOf(BLOCKS, (b) => angles(y, b)[1]! ** 2),
      most ** 2 / 3,
      within(most ** 2, BLOCKS),
    );
  });

  it("let a phase walk: its variance grows by the same in each use", () => {
    const { y } = sentThrough({ kind: "phaseNoise", deviation: 0.2 }, complex(ones));
    // E cos of a Gaussian angle is exp(-variance / 2).
    [1, 2, 3].forEach((steps, i) => {
      const expected = Math.exp((-steps * 0.04) / 2);
      expectNear(
        meanOf(BLOCKS, (b) => y[6 * b + 2 * i]!),
        expected,
        within(0.5, BLOCKS),
      );
    });
    expectNear(
      meanOf(BLOCKS, (b) => angles(y, b)[2]! * angles(y, b)[0]!),
      0.04,
      within(0.1, BLOCKS),
    );
  });
});

describe("hardware", () => {
  it("saturates as Rapp's formula says, without turning the phase", () => {
    const channel = { kind: "amplifier", saturation: 1.5, smoothness: 3 } as const;
    const gain = (r: number): number => 1 / (1 + (r / 1.5) ** 6) ** (1 / 6);
    const amplitudes = [0, 0.1, -1, 2, 40];
    const { y } = sentThrough(channel, real(amplitudes, { blocks: 1 }));
    amplitudes.forEach((x, i) => expect(y[i]).toBeCloseTo(x * gain(Math.abs(x)), 12));
    const turned = sentThrough(channel, complex([0.6, -0.8, 3, 4], { blocks: 1 })).y;
    [0.6 * gain(1), -0.8 * gain(1), 3 * gain(5), 4 * gain(5)].forEach((value, i) =>
      expect(turned[i]).toBeCloseTo(value, 12),
    );
  });

  it("quantises to 2^bits levels", () => {
    const { y } = sentThrough({ kind: "quantiser", bits: 2, range: 3 }, real([-9, -2.1, -1.9, 0.5, 9], { blocks: 1 }));
    expect(Array.from(y)).toEqual([-3, -3, -1, 1, 3]);
  });
});

describe("hard bits", () => {
  it.each([
    ["bsc", -1],
    ["bec", 0],
  ] as const)("%s hits signs with its probability", (kind, hit) => {
    const { y } = sentThrough({ kind, probability: 0.1 }, real([0.3, -4]));
    expect(new Set(Array.from(y, (value) => Math.abs(value)))).toEqual(new Set(kind === "bsc" ? [1] : [0, 1]));
    expectNear(
      meanOf(BLOCKS, (b) => (y[2 * b] === hit ? 1 : 0)),
      0.1,
      within(0.3, BLOCKS),
    );
    expectNear(
      meanOf(BLOCKS, (b) => (y[2 * b + 1] === -1 ? 1 : 0)),
      0.9,
      within(0.3, BLOCKS),
    );
  });
});

describe("put together", () => {
  const twice = ownChannel("twice", ({ build }, x) => ({ y: build.add(x, x) }));

  it("go one behind the other, and tell all their states", () => {
    const { y, state } = sentThrough(
      chain({ kind: "rayleigh" }, twice, { kind: "rician" }),
      complex([1, 0], { blocks: 20 }),
    );
    expect(state!.length).toBe(20 * 4);
    for (let b = 0; b < 20; b++) {
      const [p, q, r, s] = state!.subarray(4 * b, 4 * b + 4) as unknown as [number, number, number, number];
      expect(y[2 * b]).toBeCloseTo(2 * (p * r - q * s), 12);
      expect(y[2 * b + 1]).toBeCloseTo(2 * (p * s + q * r), 12);
    }
  });

  it("draw noise of their own, one kind twice too", () => {
    const { y } = sentThrough(chain({ kind: "awgn" }, { kind: "awgn" }), real([0], { deviation: 1 }));
    // Were it the same noise twice, the variance would be 4.
    expectNear(
      meanOf(BLOCKS, (b) => y[b]! ** 2),
      2,
      within(2 * Math.SQRT2, BLOCKS),
    );
  });

  it("are JSON but for the user's function", () => {
    const described = describedChannel(chain(twice, { kind: "awgn" }));
    expect(described).toEqual({ kind: "chain", channels: [{ kind: "own", name: "twice" }, { kind: "awgn" }] });
    expect(() => requireChannel(described as Channel, false)).toThrow(/make it with ownChannel/);
  });

  it("hear each other: each link its own signal and the gain times the other", () => {
    const make = (build: GraphBuilder, [a, b]: readonly Node[]) => {
      const source = { seed: build.input("seed", [2], "i32"), step: build.input("step", [2], "i32") };
      const scope = {
        build,
        n: 2,
        complex: false,
        deviation: build.scalar(0),
        noise: (stream: string) => ({ ...source, stream }),
      };
      const [p, q] = interference(scope, [a!, b!], { gain: 0.5 });
      return { p: p.y, q: q.y };
    };
    const input = (values: readonly number[]) => ({ shape: ["batch", 2] as const, values });
    const made = valuesOf(make, [input([1, 2]), input([-4, 8])]);
    expect(Array.from(made["p"]!)).toEqual([-1, 6]);
    expect(Array.from(made["q"]!)).toEqual([-3.5, 9]);
  });
});

describe("derivatives equal central differences", () => {
  const cases: readonly [Channel, boolean][] = [
    [{ kind: "awgn" }, false],
    [{ kind: "awgn" }, true],
    [{ kind: "impulsive", probability: 0.5, ratio: 2 }, true],
    [{ kind: "burst", probability: 0.5, length: 1, ratio: 2 }, false],
    [{ kind: "rayleigh" }, false],
    [{ kind: "rayleigh", per: "symbol" }, true],
    [{ kind: "rician", factor: 2 }, true],
    [{ kind: "multiTap", taps: 2, tail: true }, true],
    [{ kind: "phase" }, true],
    [{ kind: "frequency", most: 0.1 }, true],
    [{ kind: "phaseNoise", deviation: 0.3 }, true],
    [{ kind: "amplifier" }, false],
    [{ kind: "amplifier", saturation: 0.8, smoothness: 3 }, true],
    [chain({ kind: "amplifier" }, { kind: "multiTap", taps: 2 }, { kind: "awgn" }), true],
  ];
  it.each(cases)("%j, complex: %s", (channel, isComplex) => {
    checkFirst({
      name: channel.kind,
      shapes: [isComplex ? ["batch", 2, 2] : ["batch", 2], [2], [2]],
      dtypes: ["f32", "i32", "i32"],
      values: [Array.from({ length: isComplex ? 12 : 6 }, (_, i) => 0.4 + Math.sin(2 * i)), [5, 0], [1, 0]],
      differentiated: 1,
      f: (build, [x, seed, step]) => {
        const noise = (stream: string) => ({ seed: seed!, step: step!, stream });
        return throughChannel(channel, { build, n: 2, complex: isComplex, deviation: build.scalar(0.3), noise }, x!).y;
      },
    });
  });
});

describe("checks", () => {
  it.each([
    [{ kind: "fog" }, /expected the kind awgn/],
    [{ kind: "awgn", variance: 1 }, /no "variance"/],
    [{ kind: "multiTap", taps: 2 }, /complex uses/],
    [{ kind: "rayleigh", per: "frame" }, /block or symbol/],
    [{ kind: "rician", factor: -1 }, /channel.factor/],
    [{ kind: "bsc", probability: 2 }, /channel.probability/],
    [{ kind: "quantiser", bits: 0 }, /channel.bits/],
    [{ kind: "chain", channels: [] }, /at least one/],
    [{ kind: "amplifier", saturation: 0 }, /channel.saturation/],
    [{ kind: "burst", probability: 0, length: 1, ratio: 1 }, /channel.probability/],
  ])("%j is refused for real uses", (channel, message) => {
    expect(() => requireChannel(channel as Channel, false)).toThrow(message);
  });

  it("of complex uses too", () => {
    expect(() => requireChannel({ kind: "multiTap", taps: 2, powers: [1] }, true)).toThrow(/one for each tap/);
    expect(() => requireChannel({ kind: "phase", most: 4 }, true)).toThrow(/at most pi/);
    expect(() => requireChannel(undefined as never, true)).toThrow(TypeError);
    expect(channelKinds).toContain("multiTap");
  });
});
