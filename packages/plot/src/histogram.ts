import { type Axis, axisOption, type ChartFrame, drawChart, frameOption, marginsOf } from "./chart.ts";
import { requireFinite, requireSome } from "./checks.ts";
import { drawnSeries, type Point } from "./drawn-series.ts";
import { INK, seriesColour } from "./palette.ts";

export interface Histogram extends ChartFrame {
  readonly x: Axis;
  /** Each is drawn as a density: its bars' areas sum to 1, so that groups of different sizes compare. */
  readonly series: readonly { readonly name: string; readonly values: ArrayLike<number> }[];
  /** Default: 40. */
  readonly bins?: number;
  /** A density to compare with, such as a prior's. */
  readonly curve?: { readonly name: string; readonly density: (x: number) => number };
}

/** Counts in bins of one width, from the least to the greatest value. */
interface Bins {
  readonly from: number;
  readonly width: number;
  readonly density: readonly number[];
}

/**
 * Densities of groups of numbers over common bins, as SVG.
 *
 * @throws RangeError without a series, for an empty one, and for values that are not finite
 */
export function histogram(chart: Histogram): string {
  const { series, bins = 40, curve } = chart;
  requireSome("series", series);
  for (const { name, values } of series) {
    requireSome(`values of ${name}`, values);
    requireFinite(`values of ${name}`, values);
  }
  if (!Number.isInteger(bins) || bins < 1) throw new RangeError(`"bins" expected a whole number >= 1, got ${bins}`);
  const range = commonRange(series.map(({ values }) => values));
  const counted = series.map(({ values }) => binned(values, range, bins));
  const names = [...(series.length > 1 || curve ? series.map(({ name }) => name) : []), ...(curve ? [curve.name] : [])];
  return drawChart(chart, {
    ...frameOption(chart, names, marginsOf(chart, names)),
    xAxis: axisOption(chart.x, "x"),
    yAxis: axisOption({ name: "density", min: 0 }, "y"),
    series: [
      ...counted.map((bars, index) => barsSeries(series[index]!.name, bars, seriesColour(index))),
      ...(curve ? [curveSeries(curve, range)] : []),
    ],
  });
}

type Range = readonly [from: number, to: number];

function commonRange(groups: readonly ArrayLike<number>[]): Range {
  let [from, to] = [Infinity, -Infinity];
  for (const values of groups) {
    for (let i = 0; i < values.length; i++) {
      from = Math.min(from, values[i]!);
      to = Math.max(to, values[i]!);
    }
  }
  return from < to ? [from, to] : [from - 0.5, to + 0.5];
}

function binned(values: ArrayLike<number>, [from, to]: Range, bins: number): Bins {
  const width = (to - from) / bins;
  const density = Array.from({ length: bins }, () => 0);
  for (let i = 0; i < values.length; i++) {
    const bin = Math.min(bins - 1, Math.floor((values[i]! - from) / width));
    density[bin]! += 1 / (values.length * width);
  }
  return { from, width, density };
}

function barsSeries(name: string, { from, width, density }: Bins, colour: string): object {
  const edge = (index: number) => from + index * width;
  return drawnSeries({
    name,
    colour,
    extent: density.flatMap((y, index): Point[] => [
      [edge(index), 0],
      [edge(index + 1), y],
    ]),
    draw: (at) => ({
      type: "group",
      children: density.flatMap((y, index) => (y === 0 ? [] : [bar(at([edge(index), y]), at([edge(index + 1), 0]))])),
    }),
  });

  function bar([left, top]: Point, [right, bottom]: Point): object {
    const shape = { x: left, y: top, width: right - left, height: bottom - top };
    return { type: "rect", shape, style: { fill: colour, opacity: 0.5, stroke: colour, lineWidth: 0.5 } };
  }
}

const CURVE_POINTS = 200;

function curveSeries({ name, density }: NonNullable<Histogram["curve"]>, [from, to]: Range): object {
  const x = (index: number) => from + ((to - from) * index) / CURVE_POINTS;
  const data = Array.from({ length: CURVE_POINTS + 1 }, (_, index) => [x(index), density(x(index))]);
  const look = { itemStyle: { color: INK }, lineStyle: { color: INK, width: 1.5 } };
  return { type: "line", name, data, symbol: "none", silent: true, ...look };
}
