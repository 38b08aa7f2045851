import { axisLook, type ChartFrame, drawChart, frameOption, marginsOf, sizeOf } from "./chart.ts";
import { requireFinite, requireSameLength, requireSome } from "./checks.ts";
import { INK, MUTED } from "./palette.ts";

export interface Heatmap extends ChartFrame {
  readonly x: { readonly name: string; readonly categories: readonly string[] };
  /** From the top down. */
  readonly y: { readonly name: string; readonly categories: readonly string[] };
  /** `[y, x]`, row-major. */
  readonly values: ArrayLike<number>;
  /** How values are written in their cells. Default: not at all. */
  readonly valueText?: (value: number) => string;
}

/** From nothing to much; darker is more, in greyscale too. */
const RAMP = ["#f7fbff", "#c6dbef", "#6baed6", "#2171b5", "#08306b"];
/** The part of the range from which on cells are dark. */
const DARK = 0.55;
const SCALE_ROOM = 64;

/**
 * A matrix as coloured cells with a scale beside them, as SVG.
 *
 * @throws RangeError for no cells, another number of values than of cells, and values that are not finite
 */
export function heatmap(chart: Heatmap): string {
  const { x, y, values } = chart;
  requireSome("x.categories", x.categories);
  requireSome("y.categories", y.categories);
  requireSameLength("values", values, x.categories.length * y.categories.length);
  requireFinite("values", values);
  const margins = { ...marginsOf(chart, []), right: SCALE_ROOM + 24 };
  const list = Array.from(values);
  const range = rangeOf(list);
  return drawChart(chart, {
    ...frameOption(chart, [], margins),
    xAxis: { type: "category", data: x.categories, ...axisLook(x.name, "x"), splitLine: { show: false } },
    yAxis: {
      type: "category",
      data: y.categories,
      inverse: true,
      ...axisLook(y.name, "y"),
      splitLine: { show: false },
    },
    visualMap: scale(chart, range, margins.top),
    series: [
      {
        type: "heatmap",
        data: list.map((value, index) => ({
          value: [index % x.categories.length, Math.floor(index / x.categories.length), value],
          label: { color: (value - range.min) / (range.max - range.min) > DARK ? "#ffffff" : INK },
        })),
        label: label(chart),
        silent: true,
      },
    ],
  });
}

interface Range {
  readonly min: number;
  readonly max: number;
}

/** Of different ends also where all values are one. */
function rangeOf(values: readonly number[]): Range {
  const min = values.reduce((a, b) => Math.min(a, b));
  const max = values.reduce((a, b) => Math.max(a, b));
  return { min, max: max > min ? max : min + 1 };
}

function scale(chart: Heatmap, { min, max }: Range, top: number): object {
  return {
    type: "continuous",
    min,
    max,
    inRange: { color: RAMP },
    left: sizeOf(chart).width - SCALE_ROOM - 10,
    top,
    itemWidth: 14,
    itemHeight: 140,
    precision: 3,
    text: [Number(max.toPrecision(3)).toString(), Number(min.toPrecision(3)).toString()],
    textStyle: { fontSize: 11, color: MUTED },
  };
}

function label({ valueText }: Heatmap): object {
  if (!valueText) return { show: false };
  const formatter = ({ value }: { readonly value: readonly number[] }) => valueText(value[2] as number);
  return { show: true, fontSize: 11, formatter };
}
