import { describe, expect, it } from "vitest";
import { checkFirst } from "../../graph/test/support/gradients.ts";
import {
  checkedNormalisation,
  constraintOf,
  type GivenNormalisation,
  normalise,
  peakToAverage,
} from "../src/layers/normalise.ts";
import { quantised } from "../src/layers/quantise.ts";
import { codebook, measurePower, requirePower } from "../src/index.ts";
import { valuesOf } from "./support/layer-run.ts";

const M = 5;
const n = 2;
/** Rows of unequal size and a mean that is not 0. */
const raw = (columns: number): number[] =>
  Array.from({ length: M * columns }, (_, i) => 1.3 * Math.sin(3 * i + 1) + 0.4 + i / 20);

function normalised(by: GivenNormalisation, complex: boolean) {
  const columns = complex ? 2 * n : n;
  const made = valuesOf(
    (build, [x]) => ({ y: normalise(build, x!, checkedNormalisation(by, complex), { n, complex }) }),
    [{ shape: [M, columns], values: raw(columns) }],
  );
  const rows = Array.from({ length: M }, (_, m) => Array.from(made["y"]!.subarray(m * columns, (m + 1) * columns)));
  return codebook(rows, { complex });
}

// Sums of ten squares in float64.
const ROUNDING = 1e-14;

describe.each([false, true])("normalisation, complex: %s", (complex) => {
  it.each(["energy", "average", "perUse", "amplitude"] as const)("%s keeps its constraint", (kind) => {
    const book = normalised(kind, complex);
    expect(() =>
      requirePower(book, constraintOf(checkedNormalisation(kind, complex), complex), ROUNDING),
    ).not.toThrow();
  });

  it("energy is n for each message, average power exactly 1, power 1 in each use", () => {
    const energy = measurePower(normalised("energy", complex));
    expect([energy.leastPoint, energy.greatestPoint].every((power) => Math.abs(power - 1) < ROUNDING)).toBe(true);
    const average = measurePower(normalised("average", complex));
    expect(average.average).toBeCloseTo(1, 14);
    expect(average.greatestPoint - average.leastPoint).toBeGreaterThan(0.1);
    expect(measurePower(normalised("perUse", complex)).worstUse).toBeCloseTo(1, 14);
  });

  it.each(["average", "perUse"] as const)("%s takes the mean off where it is asked to", (kind) => {
    expect(measurePower(normalised({ kind, zeroMean: true }, complex)).offset).toBeLessThan(ROUNDING);
    expect(measurePower(normalised(kind, complex)).offset).toBeGreaterThan(0.1);
    expect(() => requirePower(normalised({ kind, zeroMean: true }, complex), kind, ROUNDING)).not.toThrow();
  });

  it.each([
    ["energy", "energy"],
    ["average power", { kind: "average", zeroMean: true }],
    ["power per use", { kind: "perUse", zeroMean: true }],
    ["amplitude", "amplitude"],
  ] as const)("the derivative of %s equals central differences", (name, by) => {
    const shapes = [[M, complex ? 2 * n : n]];
    checkFirst({
      name,
      shapes,
      f: (build, [x]) => normalise(build, x!, checkedNormalisation(by, complex), { n, complex }),
    });
  });
});

describe("amplitude", () => {
  it("keeps real uses within any range", () => {
    const { points } = normalised({ kind: "amplitude", least: 0, most: 3 }, false);
    expect(points.every((x) => x > 0 && x < 3)).toBe(true);
  });

  it("takes levels of the range, to the nearest", () => {
    const { points } = normalised({ kind: "amplitude", levels: 5 }, false);
    const free = normalised("amplitude", false).points;
    points.forEach((x, i) => expect(x).toBe(Math.round(free[i]! * 2) / 2 + 0));
  });

  it("is of the modulus of complex uses", () => {
    const { points } = normalised("amplitude", true);
    const free = raw(4);
    for (let i = 0; i < points.length; i += 2) {
      const r = Math.hypot(free[i]!, free[i + 1]!);
      expect(Math.hypot(points[i]!, points[i + 1]!)).toBeCloseTo(Math.tanh(r), 10);
      expect(Math.atan2(points[i + 1]!, points[i]!)).toBeCloseTo(Math.atan2(free[i + 1]!, free[i]!), 12);
    }
  });
});

describe("quantised", () => {
  const levels = { least: -1, most: 1, levels: 3 };

  it("gives the nearest level, and the outermost outside", () => {
    const { y } = valuesOf(
      (build, [x]) => ({ y: quantised(build, x!, levels) }),
      [{ shape: ["batch", 6], values: [-7, -0.51, -0.49, 0.2, 0.51, 3] }],
    );
    expect(Array.from(y!, (value) => value + 0)).toEqual([-1, -1, 0, 0, 1, 1]);
  });

  it.each([2, 3, 4, 7, 256, 1000])("is the nearest of %i levels", (count) => {
    const values = Array.from({ length: 997 }, (_, i) => -1.3 + (2.6 * i) / 996);
    const { y } = valuesOf(
      (build, [x]) => ({ y: quantised(build, x!, { ...levels, levels: count }) }),
      [{ shape: ["batch", 997], values }],
    );
    const width = 2 / (count - 1);
    values.forEach((x, i) => {
      const place = Math.ceil((Math.min(1, Math.max(-1, x)) + 1) / width - 0.5);
      expect(y![i]).toBeCloseTo(place * width - 1, 12);
    });
  });

  it("has the derivative of clipping", () => {
    checkFirst({
      name: "clip",
      shapes: [["batch", 2]],
      // Inside and outside the range, none near its ends or a threshold.
      values: [[-1.7, -0.6, 0.1, 0.4, 0.8, 1.3]],
      f: (build, [x]) => {
        const y = quantised(build, x!, levels);
        const clipped = build.minimum(build.maximum(x!, build.scalar(-1)), build.scalar(1));
        // The value of clipping, with the derivative of y alone.
        return build.add(build.sub(y, build.stopGradient(y)), build.stopGradient(clipped));
      },
    });
  });
});

describe("peak to average", () => {
  it.each([false, true])("is that of the measured codebook, complex: %s", (complex) => {
    const book = normalised("average", complex);
    const columns = complex ? 2 * n : n;
    const { ratio } = valuesOf(
      (build, [x]) => ({ ratio: peakToAverage(build, x!, complex) }),
      [{ shape: [M, columns], values: book.points }],
    );
    expect(ratio![0]).toBeCloseTo(measurePower(book).peakToAverage, 12);
  });
});

it("refuses what it does not know", () => {
  expect(() => checkedNormalisation("batch" as never, false)).toThrow(/energy, average, perUse, amplitude/);
  expect(() => checkedNormalisation({ kind: "energy", zeroMean: true } as never, false)).toThrow(/no "zeroMean"/);
  expect(() => checkedNormalisation({ kind: "amplitude", least: 2 }, false)).toThrow(/least < most/);
  expect(() => checkedNormalisation({ kind: "amplitude", least: 0 }, true)).toThrow(/complex/);
  expect(() => checkedNormalisation({ kind: "amplitude", levels: 1 }, false)).toThrow(/normalize.levels/);
  expect(() => checkedNormalisation(3 as never, false)).toThrow(TypeError);
});
