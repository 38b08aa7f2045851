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
  const { frames, seconds, courses, colours, captionAt, whole } = staged(given);
  return whole([
    ...courses.map((course, index) => dot(course.at(-1)!, colours[index]!, moving(course, seconds))),
    ...captions(frames, captionAt, seconds),
  ]);
}

/** A picture of an animation, and how long it is shown. */
export interface Still {
  /** A drawing. */
  readonly svg: string;
  readonly seconds: number;
}

/**
 * The same animation as drawings that follow each other, for what turns them into pixels. They are made one by one.
 *
 * @param perSecond how many, from the first frame to the last. Default: 12.
 * @throws RangeError as {@link constellationAnimation} does, and for a rate outside [1, 60]
 */
export function constellationStills(given: ConstellationAnimation, perSecond: number = 12): Iterable<Still> {
  if (!(perSecond >= 1 && perSecond <= 60))
    throw new RangeError(`"perSecond" expected a rate from 1 to 60, got ${perSecond}`);
  const stage = staged(given);
  return stills(stage, Math.max(1, Math.round(stage.seconds * perSecond)));
}

function* stills({ frames, seconds, courses, colours, captionAt, whole }: Stage, count: number): Generator<Still> {
  const step = (frames.length - 1) / count;
  for (let at = 0; step > 0 && at < count; at++) {
    const dots = courses.map((course, index) => dot(between(course, at * step), colours[index]!));
    // What rounding takes off a whole number is not a frame.
    const { caption } = frames[Math.floor(at * step + 1e-9)]!;
    yield { svg: whole([...dots, captionText(caption, captionAt)]), seconds: seconds / count };
  }
  const dots = courses.map((course, index) => dot(course.at(-1)!, colours[index]!));
  yield {
    svg: whole([...dots, captionText(frames.at(-1)!.caption, captionAt)]),
    seconds: seconds / MOVING - (step > 0 ? seconds : 0),
  };
}

/** What all pictures of an animation share. */
interface Stage {
  readonly frames: readonly ConstellationFrame[];
  readonly seconds: number;
  /** Of each point, frame by frame, in pixels. */
  readonly courses: readonly (readonly Point[])[];
  readonly colours: readonly string[];
  readonly captionAt: Point;
  /** The drawing with the ways and these elements in front. */
  readonly whole: (elements: readonly string[]) => string;
}

function staged(given: ConstellationAnimation): Stage {
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
  const ways = courses.map((course, index) => way(course, colours[index]!));
  return {
    ...{ frames, seconds, courses, colours },
    captionAt: [margins.left + INSET, margins.top + INSET + 12],
    whole: (elements) => ground.replace(/<\/svg>\s*$/, `${[...ways, ...elements].join("\n")}\n</svg>\n`),
  };
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

function dot([x, y]: Point, colour: string, motion = ""): string {
  return `<circle cx="${tenth(x)}" cy="${tenth(y)}" r="5" fill="${colour}" stroke="${INK}" stroke-width="1.4">${motion}</circle>`;
}

/** Along a course to its end, and there until the round is over. */
function moving(course: readonly Point[], seconds: number): string {
  const axis = (name: "cx" | "cy", at: 0 | 1): string =>
    animate(
      name,
      [...course, course.at(-1)!].map((point) => tenth(point[at])),
      times(course.length),
      seconds,
    );
  return `${axis("cx", 0)}${axis("cy", 1)}`;
}

/** Where a point is on its way from frame to frame. */
function between(course: readonly Point[], at: number): Point {
  const index = Math.min(course.length - 2, Math.floor(at));
  const [[fromX, fromY], [toX, toY]] = [course[index]!, course[index + 1]!];
  const share = at - index;
  return [fromX + share * (toX - fromX), fromY + share * (toY - fromY)];
}

/** A text for each frame, all but one of them hidden at any time. */
function captions(frames: readonly ConstellationFrame[], at: Point, seconds: number): string[] {
  return frames.map(({ caption }, index) => {
    const isLast = index === frames.length - 1;
    const values = frames.map((_, other) => (other === index ? "1" : "0"));
    const shown = animate("opacity", values, times(frames.length).slice(0, -1), seconds, "discrete");
    return captionText(caption, at, ` opacity="${isLast ? 1 : 0}"`, frames.length > 1 ? shown : "");
  });
}

function captionText(caption: string, [x, y]: Point, visibility = "", motion = ""): string {
  const font = `font-family="${escaped(FONT)}" font-size="12" fill="${MUTED}"`;
  return `<text x="${x}" y="${y}" ${font}${visibility}>${escaped(caption)}${motion}</text>`;
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
