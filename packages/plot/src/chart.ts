import { CustomChart, HeatmapChart, LineChart, BarChart } from "echarts/charts";
import {
  GraphicComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TitleComponent,
  VisualMapComponent,
} from "echarts/components";
import { type EChartsCoreOption, init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { FAINT, INK, MUTED } from "./palette.ts";
import { escaped } from "./xml.ts";

use([CustomChart, HeatmapChart, LineChart, BarChart, GraphicComponent, GridComponent, LegendComponent]);
use([MarkLineComponent, TitleComponent, VisualMapComponent, SVGRenderer]);

/** What every chart has. */
export interface ChartFrame {
  readonly title: string;
  /** A line below the title: units, conventions, what is better. */
  readonly subtitle?: string;
  /** Pixels. Default: 760. */
  readonly width?: number;
  /** Pixels. Default: 440. */
  readonly height?: number;
}

export interface Axis {
  /** With its unit. */
  readonly name: string;
  /** Default: `linear`. */
  readonly scale?: "linear" | "log";
  readonly min?: number;
  readonly max?: number;
  /** Only whole numbers are marked, such as epochs. */
  readonly whole?: boolean;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Distances of the plotting area from the edges of the drawing. */
export interface Margins {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif";

export function sizeOf({ width = 760, height = 440 }: ChartFrame): Size {
  requirePixels("width", width);
  requirePixels("height", height);
  return { width, height };
}

/** Room for title, axis names and, on the right, the names of series. */
export function marginsOf({ subtitle }: ChartFrame, names: readonly string[]): Margins {
  return { left: 78, right: names.length > 0 ? legendWidth(names) + 24 : 28, top: subtitle ? 74 : 52, bottom: 58 };
}

/** Characters are about so many pixels wide at the legend's size. */
const CHARACTER = 6.8;

function legendWidth(names: readonly string[]): number {
  return Math.ceil(Math.max(...names.map((name) => name.length)) * CHARACTER) + 36;
}

/** Title, subtitle, legend and plotting area; `names` are those of the series that the legend lists. */
export function frameOption(frame: ChartFrame, names: readonly string[], margins: Margins): EChartsCoreOption {
  return {
    animation: false,
    backgroundColor: "#ffffff",
    textStyle: { fontFamily: FONT, color: INK },
    title: {
      text: frame.title,
      ...(frame.subtitle !== undefined && { subtext: frame.subtitle }),
      left: 14,
      top: 12,
      itemGap: 6,
      textStyle: { fontFamily: FONT, fontSize: 16, fontWeight: 600, color: INK },
      subtextStyle: { fontFamily: FONT, fontSize: 12, color: MUTED },
    },
    grid: { ...margins, outerBoundsMode: "none" },
    ...(names.length > 0 && { legend: legend(frame, names, margins) }),
  };
}

function legend(frame: ChartFrame, names: readonly string[], { right, top }: Margins): object {
  return {
    data: names,
    orient: "vertical",
    align: "left",
    left: sizeOf(frame).width - right + 12,
    top,
    padding: 0,
    itemGap: 9,
    itemWidth: 20,
    itemHeight: 9,
    textStyle: { fontFamily: FONT, fontSize: 12, color: INK },
  };
}

/** An axis with its name along its middle. */
export function axisOption({ name, scale = "linear", min, max, whole = false }: Axis, direction: "x" | "y"): object {
  const look = axisLook(name, direction);
  return {
    type: scale === "log" ? "log" : "value",
    scale: true,
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(whole && { minInterval: 1 }),
    ...look,
    ...(scale === "log" && { axisLabel: { ...look.axisLabel, formatter: decade } }),
  };
}

/** A tick of a logarithmic axis, without what its computation rounded off: `0.001`, `1e-7`. */
function decade(value: number): string {
  return String(Number(value.toPrecision(6)));
}

interface AxisLook extends Readonly<Record<string, unknown>> {
  readonly axisLabel: object;
}

/** How axes of every type look. */
export function axisLook(name: string, direction: "x" | "y"): AxisLook {
  return {
    name,
    nameLocation: "middle",
    nameGap: direction === "x" ? 32 : 54,
    nameTextStyle: { fontFamily: FONT, fontSize: 13, color: INK },
    axisLine: { show: true, onZero: false, lineStyle: { color: MUTED } },
    axisTick: { show: true, lineStyle: { color: MUTED } },
    axisLabel: { fontFamily: FONT, fontSize: 12, color: MUTED, hideOverlap: true },
    splitLine: { show: true, lineStyle: { color: FAINT, opacity: 0.6 } },
  };
}

/** Draws with a charting library that needs no browser. The same option gives the same text. */
export function drawChart(frame: ChartFrame, option: EChartsCoreOption): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, ...sizeOf(frame) });
  try {
    chart.setOption(option);
    return tidied(chart.renderToSVGString(), frame);
  } finally {
    chart.dispose();
  }
}

/** Takes away what only a page with scripts needs, and the library's running numbers; names the drawing for readers. */
function tidied(svg: string, frame: ChartFrame): string {
  const { title, subtitle } = frame;
  const body = svg
    .replace(/^<svg[^>]*>\n?/, "")
    .replaceAll(/<style\b[^]*?<\/style>\n?/g, "")
    .replaceAll(/ (?:class="zr\d+-cls-\d+"|pointer-events="[a-z]+"|ecmeta_\w+="[^"]*")/g, "")
    .replaceAll(/(?<=id="|url\(#)zr\d+-/g, "");
  const { width, height } = sizeOf(frame);
  const description = subtitle === undefined ? "" : `<desc>${escaped(subtitle)}</desc>\n`;
  return `${svgHead({ width, height })}\n<title>${escaped(title)}</title>\n${description}${body.trimEnd()}\n`;
}

/** The first tag of a drawing. */
export function svgHead({ width, height }: Size): string {
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">`;
}

function requirePixels(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 120 && value <= 10_000) return;
  throw new RangeError(`"${name}" expected 120 to 10000 pixels, got ${value}`);
}
