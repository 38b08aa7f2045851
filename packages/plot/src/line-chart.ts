import { type Axis, axisOption, type ChartFrame, drawChart, frameOption, marginsOf } from "./chart.ts";
import { requireFinitePoints, requireSameLength, requireSome } from "./checks.ts";
import { drawnSeries, type Point } from "./drawn-series.ts";
import { INK, MUTED, seriesColour } from "./palette.ts";

export interface LineSeries {
  readonly name: string;
  /** In the order in which they are joined. */
  readonly points: readonly Point[];
  /** Lower and upper value at each point, such as an error: a shaded band. */
  readonly band?: readonly (readonly [low: number, high: number])[];
  /** Default: solid. */
  readonly line?: "solid" | "dashed" | "none";
  /** Beside each point. */
  readonly pointLabels?: readonly string[];
  /** Index of the colour: series that belong together share one. Default: a colour of its own. */
  readonly colour?: number;
}

export interface LineChart extends ChartFrame {
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly LineSeries[];
  /** Values to compare with, as horizontal lines. */
  readonly references?: readonly { readonly name: string; readonly y: number }[];
}

/** Points get a dot each as long as there are no more of them. */
const MOST_DOTS = 40;

/**
 * Lines over a common axis, with error bands and reference values, as SVG.
 *
 * @throws RangeError without a series or a point, for numbers that are not finite, and for bands or labels of another
 * length than their points
 */
export function lineChart(chart: LineChart): string {
  const { x, y, series, references = [] } = chart;
  requireSome("series", series);
  series.forEach(requireSeries);
  const names = series.length > 1 ? series.map(({ name }) => name) : [];
  return drawChart(chart, {
    ...frameOption(chart, names, marginsOf(chart, names)),
    xAxis: axisOption(x, "x"),
    yAxis: axisOption(y, "y"),
    series: [
      ...series.flatMap(bandSeries),
      ...series.map(lineOption),
      ...references.map((reference) => referenceSeries(reference, series)),
    ],
  });
}

function requireSeries({ name, points, band, pointLabels }: LineSeries): void {
  requireSome(`points of ${name}`, points);
  requireFinitePoints(`points of ${name}`, points);
  if (band) requireSameLength(`band of ${name}`, band, points.length);
  if (band) requireFinitePoints(`band of ${name}`, band);
  if (pointLabels) requireSameLength(`pointLabels of ${name}`, pointLabels, points.length);
}

function bandSeries({ points, band, colour }: LineSeries, index: number): object[] {
  if (!band) return [];
  const lower = points.map(([x], i): Point => [x, band[i]![0]]);
  const upper = points.map(([x], i): Point => [x, band[i]![1]]);
  const outline = [...lower, ...upper.toReversed()];
  const fill = seriesColour(colour ?? index);
  return [
    drawnSeries({
      colour: fill,
      extent: outline,
      z: 1,
      draw: (at) => ({ type: "polygon", shape: { points: outline.map(at) }, style: { fill, opacity: 0.18 } }),
    }),
  ];
}

function lineOption({ name, points, line = "solid", pointLabels, colour }: LineSeries, index: number): object {
  const ink = seriesColour(colour ?? index);
  return {
    type: "line",
    name,
    data: points.map(([x, y], i) => ({ value: [x, y], ...(pointLabels && { label: { formatter: pointLabels[i] } }) })),
    showSymbol: line === "none" || points.length <= MOST_DOTS,
    symbol: "circle",
    symbolSize: line === "none" ? 8 : 5,
    itemStyle: { color: ink },
    lineStyle: { color: ink, width: line === "none" ? 0 : 2, type: line === "dashed" ? [6, 4] : "solid" },
    label: { show: pointLabels !== undefined, position: "right", fontSize: 11, color: INK },
    labelLayout: { hideOverlap: true },
    silent: true,
    z: 3,
  };
}

function referenceSeries({ name, y }: { name: string; y: number }, series: readonly LineSeries[]): object {
  const xs = series.flatMap(({ points }) => points.map(([x]) => x));
  return {
    type: "line",
    silent: true,
    symbol: "none",
    data: [[xs.reduce((a, b) => Math.min(a, b)), y]],
    markLine: {
      silent: true,
      symbol: "none",
      data: [{ yAxis: y }],
      lineStyle: { color: MUTED, type: [5, 4], width: 1 },
      label: { position: "insideStartTop", formatter: name, color: MUTED, fontSize: 11 },
    },
  };
}
