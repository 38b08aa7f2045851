import { type Axis, type ChartFrame, drawChart, frameOption, marginsOf } from "./chart.ts";
import { requireFinitePoints, requireSome } from "./checks.ts";
import { drawnSeries, type Point } from "./drawn-series.ts";
import { bareEnds } from "./equal-axes.ts";
import { seriesColour } from "./palette.ts";

export interface StemChart extends ChartFrame {
  readonly x: Axis;
  readonly y: Axis;
  /** How much there is at some places, such as distances of a code. */
  readonly series: readonly { readonly name: string; readonly points: readonly Point[] }[];
}

/** Stems of several series that stand in one place are drawn side by side, so many pixels apart. */
const APART = 5;

/**
 * Amounts at places that are no categories, as stems from zero with a dot on top, as SVG.
 *
 * @throws RangeError without a series or a point, and for numbers that are not finite
 */
export function stemChart(chart: StemChart): string {
  const { series, x, y } = chart;
  requireSome("series", series);
  for (const { name, points } of series) {
    requireSome(`points of ${name}`, points);
    requireFinitePoints(`points of ${name}`, points);
  }
  const names = series.length > 1 ? series.map(({ name }) => name) : [];
  return drawChart(chart, {
    ...frameOption(chart, names, marginsOf(chart, names)),
    xAxis: bareEnds({ ...x, ...room(series, 0, x) }, "x"),
    yAxis: bareEnds({ ...y, ...room(series, 1, y) }, "y"),
    series: series.map(({ name, points }, index) =>
      stems(name, points, seriesColour(index), (index - (series.length - 1) / 2) * APART),
    ),
  });
}

/** From zero to a little more than the greatest. */
function room(series: StemChart["series"], axis: 0 | 1, { min = 0, max }: Axis): { min: number; max: number } {
  const most = series.reduce((all, { points }) => points.reduce((a, point) => Math.max(a, point[axis]), all), 0);
  return { min, max: max ?? (most > min ? min + 1.06 * (most - min) : min + 1) };
}

function stems(name: string, points: readonly Point[], colour: string, aside: number): object {
  return drawnSeries({
    name,
    colour,
    extent: points,
    draw: (at) => ({
      type: "group",
      children: points.flatMap(([x, y]) => {
        const [px, top] = at([x, y]);
        const [cx, bottom] = [px + aside, at([x, 0])[1]];
        const line = { shape: { x1: cx, y1: bottom, x2: cx, y2: top }, style: { stroke: colour, lineWidth: 2 } };
        return [
          { type: "line", ...line },
          { type: "circle", shape: { cx, cy: top, r: 3.5 }, style: { fill: colour } },
        ];
      }),
    }),
  });
}
