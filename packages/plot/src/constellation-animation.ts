import { type Axis, type ChartFrame, drawChart, FONT, frameOption, type Margins, marginsOf, sizeOf } from "./chart.ts";
import { requireFinitePoints, requireSameLength, requireSome } from "./checks.ts";
import { constellationAxes, squared } from "./constellation-chart.ts";
import type { Point } from "./drawn-series.ts";
import { bareEnds } from "./equal-axes.ts";
import { type Ring, ringSeries } from "./marks.ts";
import { classColour, INK, MUTED } from "./palette.ts";
import { colouring, voronoiCells } from "./voronoi.ts";
import { escaped } from "./xml.ts";

export interface ConstellationFrame {
  /** As many in each frame, in the same order. */
  readonly points: readonly Point[];
  /** Shown with the frame: the step, the loss. */
  readonly caption: string;
}

export interface ConstellationAnimation extends ChartFrame {
  /** Default: in-phase. */
  readonly x?: Axis;
  /** Default: quadrature. */
  readonly y?: Axis;
  readonly frames: readonly ConstellationFrame[];
  readonly rings?: readonly Ring[];
  /** From the first frame to the last, which then stays for a quarter of that. Default: 8. */
  readonly seconds?: number;
}

/** The part of a round in which something moves. */
const MOVING = 0.8;
/** Text on top of the plotting area. */
const INSET = 8;

/**
 * Points that move from frame to frame with the ways they went, again and again, as an animated SVG: it needs no script. Whoever shows no
 * animation shows the last frame.
 *
 * @throws RangeError without a frame or points, for frames of different numbers of points, and coordinates that are not finite
 */
export function constellationAnimation(given: ConstellationAnimation): string {
  const chart = squared(given);
  const { frames, seconds = 8 } = chart;
  requireFrames(frames);
  if (!(seconds > 0 && seconds <= 600)) throw new RangeError(`"seconds" expected above 0 to 600, got ${seconds}`);
  const everywhere = { ...chart, points: frames.flatMap(({ points }) => points) };
  const margins = marginsOf(chart, []);
  const axes = constellationAxes(everywhere, margins);
  const place = placing(axes, chart, margins);
  const [x, y] = axes;
  const [last] = frames.slice(-1) as [ConstellationFrame];
  const cells = voronoiCells(last.points, [x.min!, x.max!], [y.min!, y.max!]);
  const colours = colouring(cells.map(({ neighbours }) => neighbours)).map(classColour);
  const ground = drawChart(chart, {
    ...frameOption(chart, [], margins),
    xAxis: bareEnds(x, "x"),
    yAxis: bareEnds(y, "y"),
    series: (chart.rings ?? []).map((ring) => ringSeries(ring)),
  });
  const courses = last.points.map((_, index) => frames.map(({ points }) => place(points[index]!)));
  const elements = [
    ...courses.map((course, index) => way(course, colours[index]!)),
    ...courses.map((course, index) => dot(course, colours[index]!, seconds)),
    ...captions(frames, [margins.left + INSET, margins.top + INSET + 12], seconds),
  ];
  return ground.replace(/<\/svg>\s*$/, `${elements.join("\n")}\n</svg>\n`);
}

function requireFrames(frames: readonly ConstellationFrame[]): void {
  requireSome("frames", frames);
  frames.forEach(({ points }, index) => {
    requireSome(`points of frame ${index}`, points);
    requireSameLength(`points of frame ${index}`, points, frames[0]!.points.length);
    requireFinitePoints(`points of frame ${index}`, points);
  });
}

/** From an axis's units to pixels. */
function placing([x, y]: readonly [Axis, Axis], chart: ChartFrame, margins: Margins): (point: Point) => Point {
  const { width, height } = sizeOf(chart);
  const { left, right, top, bottom } = margins;
  const share = ({ min = 0, max = 1 }: Axis, value: number): number => (value - min) / (max - min);
  return ([px, py]) => [
    left + share(x, px) * (width - left - right),
    height - bottom - share(y, py) * (height - top - bottom),
  ];
}

function way(course: readonly Point[], colour: string): string {
  const places = course.map((point) => point.map(tenth).join(","));
  return `<polyline points="${places.join(" ")}" fill="none" stroke="${colour}" stroke-width="1" stroke-opacity="0.45"></polyline>`;
}

function dot(course: readonly Point[], colour: string, seconds: number): string {
  const [cx, cy] = course.at(-1)!.map(tenth);
  const axis = (name: "cx" | "cy", at: 0 | 1): string =>
    animate(
      name,
      [...course, course.at(-1)!].map((point) => tenth(point[at])),
      times(course.length),
      seconds,
    );
  return `<circle cx="${cx}" cy="${cy}" r="5" fill="${colour}" stroke="${INK}" stroke-width="1.4">${axis("cx", 0)}${axis("cy", 1)}</circle>`;
}

/** A text for each frame, all but one of them hidden at any time. */
function captions(frames: readonly ConstellationFrame[], [x, y]: Point, seconds: number): string[] {
  return frames.map(({ caption }, index) => {
    const isLast = index === frames.length - 1;
    const values = frames.map((_, at) => (at === index ? "1" : "0"));
    const font = `font-family="${escaped(FONT)}" font-size="12" fill="${MUTED}"`;
    const shown = animate("opacity", values, times(frames.length).slice(0, -1), seconds, "discrete");
    return `<text x="${x}" y="${y}" ${font} opacity="${isLast ? 1 : 0}">${escaped(caption)}${frames.length > 1 ? shown : ""}</text>`;
  });
}

function animate(
  name: string,
  values: readonly string[],
  keyTimes: readonly string[],
  seconds: number,
  mode: "linear" | "discrete" = "linear",
): string {
  const lists = `values="${values.join(";")}" keyTimes="${keyTimes.join(";")}"`;
  return `<animate attributeName="${name}" calcMode="${mode}" ${lists} dur="${seconds / MOVING}s" repeatCount="indefinite"></animate>`;
}

/** When each frame is reached, and the end, where the last is still there. */
function times(frames: number): string[] {
  return [
    ...Array.from({ length: frames }, (_, index) => ((MOVING * index) / Math.max(1, frames - 1)).toFixed(4)),
    "1",
  ];
}

function tenth(pixels: number): string {
  return pixels.toFixed(1);
}
