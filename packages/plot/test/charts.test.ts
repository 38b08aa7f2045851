import { describe, expect, it } from "vitest";
import { barChart, figure, heatmap, histogram, lineChart, scatterChart } from "../src/index.ts";
import { expectSound, placeOf, strokes, texts } from "./support/svg.ts";

const BLUE = "#0072b2";
const axes = { x: { name: "epoch" }, y: { name: "nats" } };

/** A straight map from pairs (value, pixel): both pairs are read off the drawing's own tick labels. */
function through([v0, p0]: readonly [number, number], [v1, p1]: readonly [number, number]): (value: number) => number {
  return (value) => p0 + ((value - v0) / (v1 - v0)) * (p1 - p0);
}

describe("lineChart", () => {
  const chart = {
    title: "Loss",
    ...axes,
    series: [
      {
        name: "train",
        points: [
          [0, 10],
          [1, 30],
          [2, 20],
        ] as const,
      },
      {
        name: "test",
        points: [
          [0, 40],
          [2, 50],
        ] as const,
        line: "dashed" as const,
      },
    ],
  };

  it("draws each point where the axes say", () => {
    const svg = lineChart(chart);
    expectSound(svg, "Loss");
    const x = through([0, placeOf(svg, "0").x], [2, placeOf(svg, "2").x]);
    const y = through([10, placeOf(svg, "10").y], [50, placeOf(svg, "50").y]);
    const [line] = strokes(svg, BLUE);
    expect(line).toHaveLength(3);
    // Tick labels stand on whole pixels.
    chart.series[0]!.points.forEach(([px, py], i) => {
      expect(Math.abs(line![i]![0] - x(px))).toBeLessThanOrEqual(1);
      expect(Math.abs(line![i]![1] - y(py))).toBeLessThanOrEqual(1);
    });
  });

  it("names its axes, and its series where there are several", () => {
    expect(texts(lineChart(chart))).toEqual(expect.arrayContaining(["Loss", "epoch", "nats", "train", "test"]));
    const alone = lineChart({ ...chart, series: [chart.series[0]!] });
    expect(texts(alone)).not.toContain("train");
  });

  it("names the ticks of a logarithmic axis without what its computation rounded off", () => {
    const points = [0, 1, 2, 3, 4, 5, 6, 7].map((x) => [x, 10 ** -x] as const);
    const svg = lineChart({
      title: "Rates",
      ...axes,
      y: { name: "rate", scale: "log" },
      series: [{ name: "a", points }],
    });
    expect(texts(svg)).toEqual(expect.arrayContaining(["0.1", "0.001", "0.00001"]));
    expect(texts(svg).filter((text) => /0{6}|9{6}/.test(text))).toEqual([]);
  });

  it("is the same text every time", () => {
    expect(lineChart(chart)).toBe(lineChart(chart));
  });

  it("makes room for bands and draws them from their lower to their upper values", () => {
    const svg = lineChart({
      title: "Band",
      ...axes,
      series: [
        {
          name: "a",
          points: [
            [0, 20],
            [4, 20],
          ],
          band: [
            [0, 40],
            [10, 30],
          ],
        },
      ],
    });
    const [, path] = new RegExp(`<polygon points="([^"]*)" fill="${BLUE}" fill-opacity="0.18"`).exec(svg) ?? [];
    const ys = [...path!.matchAll(/(-?[\d.]+)[ ,](-?[\d.]+)/g)].map(([, , y]) => Number(y));
    const y = through([0, placeOf(svg, "0").y], [40, placeOf(svg, "40").y]);
    [0, 10, 30, 40].forEach((value, i) => expect(Math.abs(ys[i]! - y(value))).toBeLessThanOrEqual(1));
  });

  it("draws references across the whole width", () => {
    const svg = lineChart({ ...chart, references: [{ name: "published 25", y: 25 }] });
    expect(texts(svg)).toContain("published 25");
    const y = through([10, placeOf(svg, "10").y], [50, placeOf(svg, "50").y]);
    const dashed = /<path d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"[^>]*stroke-dasharray="5,4"/.exec(svg)!.map(Number);
    expect(dashed[2]).toBe(dashed[4]);
    expect(Math.abs(dashed[2]! - y(25))).toBeLessThanOrEqual(1);
    expect(dashed[3]! - dashed[1]!).toBeGreaterThan(400);
  });

  it("keeps text text", () => {
    const svg = lineChart({ ...chart, title: `<b>&"it's"`, subtitle: "a < b" });
    expectSound(svg, "&lt;b&gt;&amp;&quot;it&#39;s&quot;");
    expect(svg).not.toContain("<b>");
    expect(svg).toContain("<desc>a &lt; b</desc>");
  });

  it.each([
    [{ series: [] }, /"series" expected at least one/],
    [{ series: [{ name: "a", points: [] }] }, /"points of a" expected at least one/],
    [{ series: [{ name: "a", points: [[0, Number.NaN]] as const }] }, /"points of a" expected finite numbers/],
    [{ series: [{ name: "a", points: [[0, 1]] as const, band: [] }] }, /"band of a" expected 1 entries, got 0/],
    [{ width: 20 }, /"width" expected 120 to 10000 pixels, got 20/],
  ])("refuses %j", (wrong, message) => {
    expect(() => lineChart({ ...chart, ...wrong })).toThrow(message);
    expect(() => lineChart({ ...chart, ...wrong })).toThrow(RangeError);
  });
});

describe("scatterChart", () => {
  const points = [
    [1, 1],
    [-2, 0.5],
    [0, -2.5],
    [1.2, 1],
  ] as const;
  const chart = { title: "Latent", x: { name: "z1" }, y: { name: "z2" }, points };

  it("has one dot per point, one path per class, and the class's name", () => {
    const svg = scatterChart({ ...chart, classes: [0, 1, 0, 0], classNames: ["three", "seven", "nine"] });
    expectSound(svg, "Latent");
    const dots = (colour: string) => strokes(svg, colour).flat().length / 2;
    expect([dots("#4477aa"), dots("#cc3311"), dots("#228833")]).toEqual([3, 1, 0]);
    // Beside the dots, on them and, haloed, once more below.
    expect(texts(svg).filter((text) => text === "three").length).toBeGreaterThanOrEqual(2);
    expect(texts(svg)).not.toContain("nine");
  });

  it("leaves the list of classes out when asked", () => {
    const named = { ...chart, classes: [0, 0, 0, 0], classNames: ["three"] };
    const count = (svg: string) => texts(svg).filter((text) => text === "three").length;
    const both = count(scatterChart(named));
    expect(both - count(scatterChart({ ...named, legend: false }))).toBe(1);
    expect(both - count(scatterChart({ ...named, namesOnPoints: false }))).toBeGreaterThanOrEqual(1);
    expect(count(scatterChart({ ...named, legend: false, namesOnPoints: false }))).toBe(0);
  });

  it("draws rings as circles of their radius, a unit being as long on both axes", () => {
    const svg = scatterChart({ ...chart, rings: [1, 2].map((radius) => ({ radius, name: `${radius} sigma` })) });
    const arcs = [...svg.matchAll(/<circle [^>]* r="([\d.]+)"/g)].map(([, radius]) => Number(radius));
    const [unit, two] = arcs as [number, number];
    expect(arcs).toHaveLength(2);
    // Rounded to tenths.
    expect(Math.abs(two - 2 * unit)).toBeLessThan(0.16);
    const [dots] = strokes(svg, "#4477aa");
    const [first, , second] = dots!;
    // From (1, 1) to (-2, 0.5); dots stand on tenths of a pixel, too.
    expect(Math.abs(first![0] - second![0] - 3 * unit)).toBeLessThan(0.31);
    expect(Math.abs(second![1] - first![1] - 0.5 * unit)).toBeLessThan(0.31);
    expect(texts(svg)).toEqual(expect.arrayContaining(["1 sigma", "2 sigma"]));
  });

  it("refuses classes without a name and points that are none", () => {
    expect(() => scatterChart({ ...chart, classes: [0, 1, 2, 0], classNames: ["a", "b"] })).toThrow(
      /"classes" expected 0..1, got 2 at 2/,
    );
    expect(() => scatterChart({ ...chart, classes: [0] })).toThrow(/"classes" expected 4 entries, got 1/);
    expect(() => scatterChart({ ...chart, points: [] })).toThrow(RangeError);
    expect(() => scatterChart({ ...chart, points: [[0, Infinity]] })).toThrow(RangeError);
  });
});

/** Rectangles filled with a colour: width and height. */
function rectangles(svg: string, colour: string): { width: number; height: number }[] {
  return [...svg.matchAll(/<path d="M([-\d.]+) ([-\d.]+)l([-\d.]+) 0l0 ([-\d.]+)l[-\d.]+ 0Z"([^>]*)>/g)]
    .filter(([, , , , , rest]) => rest!.includes(`fill="${colour}"`) && !rest!.includes("transform"))
    .map(([, , , width, height]) => ({ width: Math.abs(Number(width)), height: Math.abs(Number(height)) }));
}

describe("barChart", () => {
  const chart = {
    title: "Bars",
    x: { name: "latent" },
    y: { name: "nats" },
    categories: ["z1", "z2", "z3"],
    series: [{ name: "kl", values: [4, 2, 1] }],
  };

  it("has bars as high as their values, from zero", () => {
    const svg = barChart({ ...chart, valueText: (value) => `${value} nats` });
    expectSound(svg, "Bars");
    const heights = rectangles(svg, BLUE).map(({ height }) => height);
    expect(heights).toHaveLength(3);
    expect(heights[0]! / heights[1]!).toBeCloseTo(2, 1);
    expect(heights[1]! / heights[2]!).toBeCloseTo(2, 1);
    expect(texts(svg)).toEqual(expect.arrayContaining(["z1", "z2", "z3", "4 nats", "1 nats"]));
  });

  it("refuses lists that do not belong together", () => {
    expect(() => barChart({ ...chart, categories: ["a"] })).toThrow(/"values of kl" expected 1 entries, got 3/);
    expect(() => barChart({ ...chart, series: [] })).toThrow(RangeError);
  });
});

describe("histogram", () => {
  it("shows shares: areas do not depend on how many numbers there are", () => {
    const few = [0, 0, 1, 3];
    const many = [...few, ...few, ...few];
    const svg = histogram({
      title: "H",
      x: { name: "v" },
      series: [
        { name: "a", values: few },
        { name: "b", values: many },
      ],
      bins: 3,
    });
    expectSound(svg, "H");
    const [a, b] = [rectangles(svg, BLUE), rectangles(svg, "#d55e00")];
    // Bins [0, 1), [1, 2), [2, 3]: two, one and one of four.
    expect(a).toHaveLength(3);
    expect(a[0]!.height / a[1]!.height).toBeCloseTo(2, 1);
    expect(a[1]!.height).toBeCloseTo(a[2]!.height, 1);
    expect(b).toEqual(a);
  });

  it("draws numbers that are all one, and a curve beside them", () => {
    const curve = { name: "prior", density: () => 0.5 };
    const svg = histogram({ title: "H", x: { name: "v" }, series: [{ name: "a", values: [2, 2] }], curve });
    expect(texts(svg)).toEqual(expect.arrayContaining(["a", "prior", "density"]));
  });

  it("refuses what it cannot count", () => {
    const of =
      (values: number[], bins = 3) =>
      () =>
        histogram({ title: "H", x: { name: "v" }, series: [{ name: "a", values }], bins });
    expect(of([])).toThrow(/"values of a" expected at least one/);
    expect(of([1, Number.NaN])).toThrow(/got NaN at 1/);
    expect(of([1], 0)).toThrow(/"bins" expected a whole number >= 1, got 0/);
  });
});

describe("heatmap", () => {
  const chart = {
    title: "Heat",
    x: { name: "cluster", categories: ["a", "b"] },
    y: { name: "label", categories: ["0", "1", "2"] },
    values: [0, 1, 2, 3, 4, 5],
    valueText: (value: number) => `v${value}`,
  };

  it("has its first row on top and its largest value darkest", () => {
    const svg = heatmap(chart);
    expectSound(svg, "Heat");
    expect(placeOf(svg, "v0").y).toBeLessThan(placeOf(svg, "v4").y);
    expect(placeOf(svg, "v0").x).toBeLessThan(placeOf(svg, "v1").x);
    expect(placeOf(svg, "v2").y).toBe(placeOf(svg, "v3").y);
    expect(svg).toMatch(/fill="(rgb\(8,48,107\)|#08306b)"/);
  });

  it("draws values that are all one", () => {
    expectSound(heatmap({ ...chart, values: [1, 1, 1, 1, 1, 1] }), "Heat");
  });

  it("refuses another number of values than of cells", () => {
    expect(() => heatmap({ ...chart, values: [1] })).toThrow(/"values" expected 6 entries, got 1/);
  });
});

describe("figure", () => {
  const panel = lineChart({
    title: "P",
    ...axes,
    series: [
      {
        name: "a",
        points: [
          [0, 0],
          [1, 1],
        ],
      },
    ],
    width: 300,
    height: 200,
  });

  it("places drawings side by side and tells their names apart", () => {
    const svg = figure({ title: "Three", panels: [panel, panel, panel], columns: 2 });
    const inner = [...svg.matchAll(/<svg x="(\d+)" y="(\d+)" width="300" height="200"/g)].map(([, x, y]) => [x, y]);
    expect(inner).toEqual([
      ["0", "44"],
      ["300", "44"],
      ["0", "244"],
    ]);
    expect(svg).toMatch(/^<svg [^>]*viewBox="0 0 600 444"/);
    expectSound(svg, "Three");
    expect(texts(svg).filter((text) => text === "epoch")).toHaveLength(3);
  });

  it("refuses what is no drawing", () => {
    expect(() => figure({ title: "x", panels: ["<p>no</p>"] })).toThrow(RangeError);
    expect(() => figure({ title: "x", panels: [] })).toThrow(RangeError);
  });
});
