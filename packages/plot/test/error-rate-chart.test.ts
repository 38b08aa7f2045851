import { describe, expect, it } from "vitest";
import { errorRateChart, rateCrossing, type RatePoint } from "../src/index.ts";
import { expectSound, placeOf, strokes, texts } from "./support/svg.ts";

const BLUE = "#0072b2";
const ORANGE = "#d55e00";
const INK = "#1f2933";

/** A power of ten a dB: straight on the logarithmic axis. */
const line = (shift: number): RatePoint[] => [0, 2, 4].map((x) => ({ x, rate: 10 ** -(x - shift + 1.5) }));
const measured: RatePoint[] = [
  { x: 0, rate: 0.1, interval: [0.05, 0.2] },
  { x: 2, rate: 1e-3, interval: [5e-4, 2e-3] },
  { x: 4, rate: 0, interval: [0, 1e-4] },
];
const chart = { title: "Errors", curves: [{ name: "code", points: measured }] };

/** Pixels of a rate and of an x, read off the axes' own labels. */
function placing(svg: string): { x: (x: number) => number; y: (rate: number) => number } {
  const [top, tenth] = [placeOf(svg, "1").y, placeOf(svg, "10⁻¹").y];
  const [zero, two] = [placeOf(svg, "0").x, placeOf(svg, "2").x];
  return { x: (x) => zero + (x / 2) * (two - zero), y: (rate) => top - Math.log10(rate) * (tenth - top) };
}

/** Paths are rounded to tenths of a pixel, labels to whole ones, whose error grows along the axis: 5 decades at most here. */
const PIXELS = 3;

describe("errorRateChart", () => {
  it("draws rates on a logarithmic axis and leaves zeros to their arrows", () => {
    const svg = errorRateChart(chart);
    expectSound(svg, "Errors");
    expect(texts(svg)).toEqual(expect.arrayContaining(["Eb/N0, dB", "block error rate", "10⁻⁴", "code"]));
    const { x, y } = placing(svg);
    const [curve] = strokes(svg, BLUE).filter((path) => path.length === 2);
    [0, 1].forEach((i) => {
      expect(Math.abs(curve![i]![0] - x(measured[i]!.x))).toBeLessThan(PIXELS);
      expect(Math.abs(curve![i]![1] - y(measured[i]!.rate))).toBeLessThan(PIXELS);
    });
  });

  it("draws bars from end to end of an interval, and an arrow down from the upper end of what was never seen", () => {
    const svg = errorRateChart(chart);
    const { x, y } = placing(svg);
    // Each bar is a cap, a line, a cap: six points; the arrow is a cap, a line, a head: seven.
    const [first, second, arrow] = [6, 6, 7].map((length, index) => {
      const paths = strokes(svg, BLUE).filter((path) => path.length === length);
      return paths[length === 6 ? index : 0]!;
    });
    for (const [bar, { x: at, interval }] of [
      [first!, measured[0]!],
      [second!, measured[1]!],
    ] as const) {
      expect(Math.abs(bar[2]![0] - x(at))).toBeLessThan(PIXELS);
      expect(Math.abs(bar[2]![1] - y(interval![1]))).toBeLessThan(PIXELS);
      expect(Math.abs(bar[3]![1] - y(interval![0]))).toBeLessThan(PIXELS);
    }
    expect(Math.abs(arrow![0]![1] - y(1e-4))).toBeLessThan(PIXELS);
    expect(arrow![3]![1]).toBeGreaterThan(arrow![2]![1]);
  });

  it("writes how far two curves are apart at a rate", () => {
    const curves = [
      { name: "better", points: line(0) },
      { name: "worse", points: line(1.25) },
    ];
    const svg = errorRateChart({ title: "Gap", curves, gaps: [{ between: ["better", "worse"], rate: 1e-2 }] });
    expect(texts(svg)).toContain("1.25 dB");
    const turned = errorRateChart({ title: "Gap", curves, gaps: [{ between: ["worse", "better"], rate: 1e-2 }] });
    expect(texts(turned)).toContain("-1.25 dB");
    const { x, y } = placing(svg);
    const arrow = strokes(svg, INK).find((path) => path.length === 8)!;
    expect(Math.abs(arrow[0]![0] - x(0.5))).toBeLessThan(PIXELS);
    expect(Math.abs(arrow[1]![0] - x(1.75))).toBeLessThan(PIXELS);
    expect(Math.abs(arrow[0]![1] - y(1e-2))).toBeLessThan(PIXELS);
  });

  it("dashes limits, and marks verticals by name", () => {
    const svg = errorRateChart({
      ...chart,
      curves: [...chart.curves, { name: "limit", points: line(0), line: "dashed" }],
      verticals: [{ name: "Shannon limit", x: 1 }],
    });
    expect(texts(svg)).toContain("Shannon limit");
    expect(svg).toMatch(new RegExp(`stroke="${ORANGE}"[^>]*stroke-dasharray="6,4"`));
  });

  it("ends at the power of ten below what was measured, however low limits go", () => {
    const limit = { name: "limit", points: [...line(0), { x: 20, rate: 1e-40 }] };
    const svg = errorRateChart({ ...chart, curves: [...chart.curves, limit] });
    expect(texts(svg).filter((text) => text.startsWith("10⁻")).length).toBe(5); // 10^-1 ... 10^-5
    expect(texts(errorRateChart({ ...chart, floor: 1e-3 }))).not.toContain("10⁻⁴");
  });

  it("is the same text every time", () => {
    expect(errorRateChart(chart)).toBe(errorRateChart(chart));
  });

  it.each([
    [{ curves: [] }, /"curves" expected at least one/],
    [{ curves: [{ name: "a", points: [] }] }, /"points of a" expected at least one/],
    [{ curves: [{ name: "a", points: [{ x: 0, rate: 2 }] }] }, /"points of a" expected rates from 0 to 1, got 2/],
    [{ curves: [{ name: "a", points: [{ x: 0, rate: 0 }] }] }, /expected a rate above 0, or an interval/],
    [{ floor: 0 }, /"floor" expected a rate between 0 and 1, got 0/],
    [{ gaps: [{ between: ["code", "none"] as const, rate: 1e-2 }] }, /"gaps" expected names of curves, got "none"/],
    [{ gaps: [{ between: ["code", "code"] as const, rate: 1e-9 }] }, /curves that come to 1e-9, which code does not/],
  ])("refuses %j", (wrong, message) => {
    expect(() => errorRateChart({ ...chart, ...wrong })).toThrow(message);
    expect(() => errorRateChart({ ...chart, ...wrong })).toThrow(RangeError);
  });
});

describe("rateCrossing", () => {
  it("is exact where the logarithm of the rate is a straight line", () => {
    expect(rateCrossing(line(0), 10 ** -3.5)).toBeCloseTo(2, 12);
    expect(rateCrossing(line(0), 1e-3)).toBeCloseTo(1.5, 12);
  });

  it("is none above, below, and where nothing was seen", () => {
    expect(rateCrossing(line(0), 0.5)).toBeUndefined();
    expect(rateCrossing(line(0), 1e-9)).toBeUndefined();
    expect(rateCrossing(measured, 1e-4)).toBeUndefined();
  });
});
