import { checkedSchedule, type Schedule } from "@isthmus/models";
import { describe, expect, it } from "vitest";
import { scheduleValues } from "../src/index.ts";

function first(count: number, schedule: Schedule, stepsPerEpoch = 5): number[] {
  const values = scheduleValues(schedule, stepsPerEpoch);
  return Array.from({ length: count }, () => values.next());
}

describe("the values of a schedule", () => {
  it("a number is itself at every step", () => expect(first(3, 0.25)).toEqual([0.25, 0.25, 0.25]));

  it("linear: a straight line over the span, then its end", () => {
    expect(first(7, { kind: "linear", from: 0, to: 1, steps: 4 })).toEqual([0, 0.25, 0.5, 0.75, 1, 1, 1]);
    expect(first(4, { kind: "linear", from: 3, to: 1, steps: 2 })).toEqual([3, 2, 1, 1]);
  });

  it("a span in epochs is that many times the steps of one", () => {
    const inEpochs = first(30, { kind: "linear", from: 0, to: 1, epochs: 4 }, 5);
    expect(inEpochs).toEqual(first(30, { kind: "linear", from: 0, to: 1, steps: 20 }));
  });

  // Fu et al. 2019, equations 6 and 7: tau = mod(t - 1, T / M) / (T / M), and f(tau) = tau / R up to R, 1 above.
  it("cyclical: the published formula with its defaults, M = 4 and R = 0.5", () => {
    const [T, M, R] = [400, 4, 0.5];
    const values = first(T + 3, { kind: "cyclical", from: 0, to: 1, steps: T });
    for (let t = 1; t <= T; t++) {
      const tau = ((t - 1) % (T / M)) / (T / M);
      expect(values[t - 1]).toBeCloseTo(tau <= R ? tau / R : 1, 14);
    }
    expect(values.slice(T)).toEqual([1, 1, 1]);
    expect(values.filter((value) => value === 0)).toHaveLength(M);
  });

  it("one cycle that rises all the time is the straight line", () => {
    const once = first(20, { kind: "cyclical", from: 1, to: 5, steps: 12, cycles: 1, ramp: 1 });
    expect(once).toEqual(first(20, { kind: "linear", from: 1, to: 5, steps: 12 }));
  });

  it("decay: a factor after every span, and never below the end", () => {
    const values = first(8, { kind: "decay", from: 1, to: 0.3, factor: 0.5, steps: 2 });
    expect(values).toEqual([1, 1, 0.5, 0.5, 0.3, 0.3, 0.3, 0.3]);
  });
});

describe("what a schedule may be", () => {
  it("is filled in with the defaults", () => {
    const cyclical = { kind: "cyclical", from: 0, to: 1, epochs: 10 } as const;
    expect(checkedSchedule("klWeight", cyclical)).toEqual({ ...cyclical, cycles: 4, ramp: 0.5 });
  });

  it.each([
    [NaN, /"w" expected a finite number of at least 0, got NaN/],
    [-1, /"w" expected a finite number of at least 0, got -1/],
    [{ kind: "sine", from: 0, to: 1, steps: 3 }, /"w" expected a schedule of kind linear, cyclical, decay, got sine/],
    [{ kind: "linear", from: 0, to: -1, steps: 3 }, /"w\.to" expected a finite number of at least 0, got -1/],
    [{ kind: "linear", to: 1, steps: 3 }, /"w\.from" expected a finite number/],
    [{ kind: "linear", from: 0, to: 1 }, /"w" expected either "steps" or "epochs"/],
    [{ kind: "linear", from: 0, to: 1, steps: 3, epochs: 1 }, /"w" expected either "steps" or "epochs"/],
    [{ kind: "linear", from: 0, to: 1, epochs: 0.5 }, /"w\.epochs" expected a positive integer, got 0\.5/],
    [{ kind: "linear", from: 0, to: 1, steps: 3, cycles: 2 }, /"w" expected .*, got "cycles"/],
    [{ kind: "cyclical", from: 0, to: 1, steps: 3, cycles: 0 }, /"w\.cycles" expected a positive integer, got 0/],
    [{ kind: "cyclical", from: 0, to: 1, steps: 3, ramp: 0 }, /"w\.ramp" expected a number in \(0, 1\], got 0/],
    [{ kind: "decay", from: 1, to: 0.5, factor: 1, steps: 3 }, /"w\.factor" expected a number in \(0, 1\), got 1/],
    [{ kind: "decay", from: 1, to: 2, factor: 0.5, steps: 3 }, /"w\.to" expected at most the 1 it begins with, got 2/],
  ])("refuses %o", (wrong, message) => {
    const check = () => checkedSchedule("w", wrong as Schedule, { least: 0 });
    expect(check).toThrow(RangeError);
    expect(check).toThrow(message);
  });

  it("refuses what is neither a number nor an object, and zero where it must be above", () => {
    expect(() => checkedSchedule("w", "linear" as never)).toThrow(TypeError);
    expect(() => checkedSchedule("w", null as never)).toThrow(TypeError);
    expect(() => checkedSchedule("temperature", 0, { least: 0, open: true })).toThrow(
      /"temperature" expected a finite number above 0, got 0/,
    );
  });
});
