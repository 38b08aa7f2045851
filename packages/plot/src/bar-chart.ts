import { type Axis, axisLook, axisOption, type ChartFrame, drawChart, frameOption, marginsOf } from "./chart.ts";
import { requireFinite, requireSameLength, requireSome } from "./checks.ts";
import { INK, seriesColour } from "./palette.ts";

export interface BarChart extends ChartFrame {
  /** What the categories are. */
  readonly x: { readonly name: string };
  readonly y: Axis;
  readonly categories: readonly string[];
  /** A bar of each category. */
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[];
  /** How values are written above their bars. Default: not at all. */
  readonly valueText?: (value: number) => string;
}

/**
 * Bars side by side, from zero, as SVG.
 *
 * @throws RangeError without categories or series, for another number of values than of categories, and for values that
 * are not finite
 */
export function barChart(chart: BarChart): string {
  const { categories, series, valueText } = chart;
  requireSome("categories", categories);
  requireSome("series", series);
  for (const { name, values } of series) {
    requireSameLength(`values of ${name}`, values, categories.length);
    requireFinite(`values of ${name}`, values);
  }
  const names = series.length > 1 ? series.map(({ name }) => name) : [];
  return drawChart(chart, {
    ...frameOption(chart, names, marginsOf(chart, names)),
    xAxis: { type: "category", data: categories, ...axisLook(chart.x.name, "x"), splitLine: { show: false } },
    yAxis: { ...axisOption(chart.y, "y"), scale: false },
    series: series.map(({ name, values }, index) => ({
      type: "bar",
      name,
      data: values,
      itemStyle: { color: seriesColour(index) },
      barMaxWidth: 48,
      label: labelOption(valueText),
      labelLayout: { hideOverlap: true },
      silent: true,
    })),
  });
}

function labelOption(valueText: BarChart["valueText"]): object {
  if (!valueText) return { show: false };
  const formatter = ({ value }: { readonly value: number }) => valueText(value);
  return { show: true, position: "top", fontSize: 11, color: INK, formatter };
}
