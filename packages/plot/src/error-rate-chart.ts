import type { EChartsCoreOption } from "echarts/core";
import { type Axis, axisOption, type ChartFrame, drawChart, frameOption, marginsOf } from "./chart.ts";
import { requireFinite, requireFinitePoints, requireSome } from "./checks.ts";
import { drawnSeries, type Point } from "./drawn-series.ts";
import { bareEnds } from "./equal-axes.ts";
import { haloed } from "./marks.ts";
import { FAINT, INK, MUTED, seriesColour } from "./palette.ts";

/** How often something goes wrong at one signal-to-noise ratio. */
export interface RatePoint {
  readonly x: number;
  readonly rate: number;
  /** Of confidence, drawn as a bar; where nothing went wrong (`rate` 0) an arrow hangs from its upper end. */
  readonly interval?: readonly [low: number, high: number];
}

export interface RateCurve {
  readonly name: string;
  /** In ascending order of x. */
  readonly points: readonly RatePoint[];
  /** Default: solid. Limits and bounds are dashed. */
  readonly line?: "solid" | "dashed";
  /** Index of the colour: curves that belong together share one. Default: a colour of its own. */
  readonly colour?: number;
}

/** How much less signal one curve needs than another, in the units of x, where both come to `rate`. */
export interface RateGap {
  /** Names of curves. */
  readonly between: readonly [better: string, worse: string];
  readonly rate: number;
}

export interface ErrorRateChart extends ChartFrame {
  /** Default: Eb/N0, dB. */
  readonly x?: Axis;
  /** Default: block error rate. */
  readonly y?: { readonly name: string };
  readonly curves: readonly RateCurve[];
  readonly gaps?: readonly RateGap[];
  /** Such as the Shannon limit. */
  readonly verticals?: readonly { readonly name: string; readonly x: number }[];
  /** Rates below are not shown. Default: the power of ten below the least rate that was measured, or of all, but not below 1e-9. */
  readonly floor?: number;
}

const LEAST_FLOOR = 1e-9;
const WIDTH = 880;
const HEIGHT = 560;
/** Told apart without colour. */
const SYMBOLS = ["circle", "rect", "triangle", "diamond"] as const;

/**
 * Error rates on a logarithmic axis, as SVG: a marker with a bar for each measured point, lines alone for what was computed.
 *
 * @throws RangeError without a curve or a point, for numbers that are not finite, rates outside [0, 1], a curve of only zeros without intervals,
 * and gaps between curves that are not there or do not both come to the rate
 */
export function errorRateChart(given: ErrorRateChart): string {
  const chart = { ...given, width: given.width ?? WIDTH, height: given.height ?? HEIGHT };
  const { curves, gaps = [], verticals = [], x = { name: "Eb/N0, dB" }, y = { name: "block error rate" } } = chart;
  requireSome("curves", curves);
  curves.forEach(requireCurve);
  requireFinite(
    "verticals",
    verticals.map((vertical) => vertical.x),
  );
  const floor = chart.floor ?? usualFloor(curves);
  if (!(floor > 0 && floor < 1)) throw new RangeError(`"floor" expected a rate between 0 and 1, got ${floor}`);
  return drawChart(chart, {
    ...frame(chart),
    xAxis: bareEnds({ ...rangeOf(chart), ...x }, "x"),
    yAxis: rateAxis(y.name, floor),
    series: [
      ...verticals.map((vertical, index) => verticalSeries(vertical, index, floor)),
      ...curves.map((curve, index) => curveSeries(curve, index, floor)),
      ...curves.flatMap(barSeries),
      ...gaps.map((gap, index) =>
        gapSeries(gap, crossings(gap, curves), { isAbove: index % 2 === 0, end: rangeOf(chart).max }),
      ),
    ],
  });
}

/** The legend shows markers of those curves that have some. */
function frame(chart: ErrorRateChart): EChartsCoreOption {
  const { curves } = chart;
  const names = curves.map(({ name }) => name);
  const option = frameOption(chart, names, marginsOf(chart, names));
  const data = curves.map((curve) => ({ name: curve.name, ...(!isMeasured(curve) && { itemStyle: { opacity: 0 } }) }));
  return { ...option, legend: { ...(option["legend"] as object), data } };
}

function isMeasured({ points }: RateCurve): boolean {
  return points.some(({ interval }) => interval);
}

/**
 * Where a curve comes down to `rate`: x between the two points around it, the logarithm of the rate being taken as a straight line.
 * None where it does not.
 */
export function rateCrossing(points: readonly RatePoint[], rate: number): number | undefined {
  const shown = points.filter((point) => point.rate > 0);
  for (let i = 1; i < shown.length; i++) {
    const [before, after] = [shown[i - 1]!, shown[i]!];
    if (before.rate < rate || after.rate > rate) continue;
    if (before.rate === after.rate) return before.x;
    const way = Math.log(before.rate / rate) / Math.log(before.rate / after.rate);
    return before.x + way * (after.x - before.x);
  }
  return undefined;
}

function requireCurve({ name, points }: RateCurve): void {
  requireSome(`points of ${name}`, points);
  requireFinitePoints(
    `points of ${name}`,
    points.map(({ x, rate }): Point => [x, rate]),
  );
  for (const { rate, interval } of points) {
    const numbers = interval ? [rate, ...interval] : [rate];
    const strange = numbers.find((value) => !(value >= 0 && value <= 1));
    if (strange !== undefined) throw new RangeError(`"points of ${name}" expected rates from 0 to 1, got ${strange}`);
  }
  if (!points.some(({ rate, interval }) => rate > 0 || interval))
    throw new RangeError(`"points of ${name}" expected a rate above 0, or an interval`);
}

/** The least of what was measured, and of what is known where nothing was. */
function usualFloor(curves: readonly RateCurve[]): number {
  const all = curves.flatMap(({ points }) => points);
  const measured = all.filter(({ interval }) => interval !== undefined);
  const least = (measured.length > 0 ? measured : all).reduce(
    (low, { rate, interval }) => Math.min(low, rate > 0 ? rate : (interval?.[1] ?? 1)),
    1,
  );
  const below = 10 ** Math.floor(Math.log10(Math.max(LEAST_FLOOR, least)) - 1e-9);
  return Math.max(LEAST_FLOOR, Math.min(0.1, below));
}

function rangeOf({ curves, verticals = [] }: ErrorRateChart): { readonly min: number; readonly max: number } {
  const xs = [...curves.flatMap(({ points }) => points.map((point) => point.x)), ...verticals.map((one) => one.x)];
  const [min, max] = [xs.reduce((a, b) => Math.min(a, b)), xs.reduce((a, b) => Math.max(a, b))];
  const room = max > min ? 0.03 * (max - min) : 0.5;
  return { min: min - room, max: max + room };
}

function rateAxis(name: string, floor: number): object {
  const option = axisOption({ name, scale: "log", min: floor, max: 1 }, "y") as { readonly axisLabel: object };
  return {
    ...option,
    axisLabel: { ...option.axisLabel, formatter: powerOfTen },
    minorTick: { show: true, splitNumber: 9 },
    minorSplitLine: { show: true, lineStyle: { color: FAINT, opacity: 0.25 } },
  };
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** `10⁻³`. */
function powerOfTen(value: number): string {
  const power = Math.round(Math.log10(value));
  if (power === 0) return "1";
  const digits = Array.from(String(Math.abs(power)), (digit) => SUPERSCRIPTS[Number(digit)]).join("");
  return `10${power < 0 ? "⁻" : ""}${digits}`;
}

/** The line through rates above 0. */
function curveSeries(curve: RateCurve, index: number, floor: number): object {
  const { name, points, line = "solid", colour } = curve;
  const ink = seriesColour(colour ?? index);
  const hasMarkers = isMeasured(curve);
  const shown = points.filter(({ rate }) => rate > 0);
  return {
    type: "line",
    name,
    data: shown.map(({ x, rate }) => ({ value: [x, rate], ...(rate < floor && { symbol: "none" }) })),
    showSymbol: hasMarkers,
    symbol: hasMarkers ? SYMBOLS[index % SYMBOLS.length] : "none",
    symbolSize: 7,
    itemStyle: { color: ink },
    lineStyle: { color: ink, width: line === "dashed" ? 1.5 : 2, type: line === "dashed" ? [6, 4] : "solid" },
    silent: true,
    z: line === "dashed" ? 2 : 3,
  };
}

const CAP = 4;
const ARROW = 22;

/** Bars of intervals, and arrows from the upper ends of those that reach 0. */
function barSeries({ points, colour }: RateCurve, index: number): object[] {
  const ink = seriesColour(colour ?? index);
  const measured = points.filter(({ interval }) => interval);
  if (measured.length === 0) return [];
  const draw = (at: (point: Point) => Point): object => ({
    type: "group",
    children: measured.map(({ x, rate, interval: [low, high] = [rate, rate] }) => {
      const [px, top] = at([x, high]);
      const pathData = rate > 0 ? bar(px, top, at([x, Math.max(low, 1e-300)])[1]) : arrow(px, top);
      return { type: "path", shape: { pathData }, style: { fill: "none", stroke: ink, lineWidth: 1.4 } };
    }),
  });
  return [
    drawnSeries({ colour: ink, extent: measured.map(({ x, rate, interval }) => [x, rate || interval![1]]), draw }),
  ];
}

function bar(x: number, top: number, bottom: number): string {
  const [a, b, c] = [x - CAP, x, x + CAP].map(tenth);
  return `M${a} ${tenth(top)}L${c} ${tenth(top)}M${b} ${tenth(top)}L${b} ${tenth(bottom)}M${a} ${tenth(bottom)}L${c} ${tenth(bottom)}`;
}

function arrow(x: number, top: number): string {
  const [a, b, c] = [x - CAP, x, x + CAP].map(tenth);
  const end = top + ARROW;
  return `M${a} ${tenth(top)}L${c} ${tenth(top)}M${b} ${tenth(top)}L${b} ${tenth(end)}M${a} ${tenth(end - 6)}L${b} ${tenth(end)}L${c} ${tenth(end - 6)}`;
}

function tenth(pixels: number): string {
  return pixels.toFixed(1);
}

function verticalSeries({ name, x }: { readonly name: string; readonly x: number }, index: number, floor: number) {
  return drawnSeries({
    colour: MUTED,
    extent: [
      [x, floor],
      [x, 1],
    ],
    z: 1,
    draw: (at) => {
      const [px, top] = at([x, 1]);
      const bottom = at([x, floor])[1];
      const style = { stroke: MUTED, lineWidth: 1.2, lineDash: [2, 3], fill: "none" };
      const label = { ...haloed(name, 11, MUTED), align: "left", verticalAlign: "bottom" };
      return {
        type: "group",
        children: [
          { type: "path", shape: { pathData: `M${tenth(px)} ${tenth(top)}L${tenth(px)} ${tenth(bottom)}` }, style },
          { type: "text", style: { ...label, x: px + 5, y: bottom - 6 - 15 * index } },
        ],
      };
    },
  });
}

function crossings({ between, rate }: RateGap, curves: readonly RateCurve[]): readonly [number, number] {
  const [better, worse] = between.map((name) => {
    const curve = curves.find((one) => one.name === name);
    if (!curve) throw new RangeError(`"gaps" expected names of curves, got ${JSON.stringify(name)}`);
    const x = rateCrossing(curve.points, rate);
    if (x === undefined) throw new RangeError(`"gaps" expected curves that come to ${rate}, which ${name} does not`);
    return x;
  });
  return [better!, worse!];
}

/** An arrow from curve to curve, and how long it is, above it or below. */
function gapSeries(
  { rate }: RateGap,
  [from, to]: readonly [number, number],
  { isAbove, end }: { readonly isAbove: boolean; readonly end: number },
): object {
  return drawnSeries({
    colour: INK,
    extent: [
      [from, rate],
      [to, rate],
    ],
    z: 5,
    draw: (at) => {
      const [a, b] = [at([Math.min(from, to), rate]), at([Math.max(from, to), rate])];
      const text = `${(to - from).toFixed(2)} dB`;
      const y = a[1];
      // Arrows of a narrow gap point at it from outside.
      const isWide = b[0] - a[0] > 24;
      const ends = isWide ? heads(a[0], b[0], y, 5) : outside(a[0], b[0], y);
      const label = isWide
        ? {
            ...haloed(text, 11, INK),
            x: (a[0] + b[0]) / 2,
            y: isAbove ? y - 4 : y + 4,
            verticalAlign: isAbove ? "bottom" : "top",
          }
        : { ...haloed(text, 11, INK), ...beside(a[0], b[0], at([end, rate])[0]), y, verticalAlign: "middle" };
      return {
        type: "group",
        children: [
          { type: "path", shape: { pathData: ends }, style: { fill: "none", stroke: INK, lineWidth: 1.2 } },
          { type: "text", style: label },
        ],
      };
    },
  });
}

/** Right of the arrows, or left of them where there is no room. */
function beside(left: number, right: number, edge: number): object {
  return right + 22 + LABEL < edge ? { align: "left", x: right + 22 } : { align: "right", x: left - 22 };
}

/** The width of a label, pixels. */
const LABEL = 50;

function heads(left: number, right: number, y: number, size: number): string {
  const [top, middle, bottom] = [y - 3, y, y + 3].map(tenth);
  return (
    `M${tenth(left)} ${middle}L${tenth(right)} ${middle}` +
    `M${tenth(left + size)} ${top}L${tenth(left)} ${middle}L${tenth(left + size)} ${bottom}` +
    `M${tenth(right - size)} ${top}L${tenth(right)} ${middle}L${tenth(right - size)} ${bottom}`
  );
}

function outside(left: number, right: number, y: number): string {
  const [top, middle, bottom] = [y - 3, y, y + 3].map(tenth);
  const pointing = (from: number, to: number, back: number) =>
    `M${tenth(from)} ${middle}L${tenth(to)} ${middle}M${tenth(back)} ${top}L${tenth(to)} ${middle}L${tenth(back)} ${bottom}`;
  return pointing(left - 18, left, left - 5) + pointing(right + 18, right, right + 5);
}
