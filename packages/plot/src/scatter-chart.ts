import {
  type Axis,
  axisOption,
  type ChartFrame,
  drawChart,
  frameOption,
  type Margins,
  marginsOf,
  sizeOf,
} from "./chart.ts";
import { requireFinitePoints, requireSameLength, requireSome } from "./checks.ts";
import { drawnSeries, type Point } from "./drawn-series.ts";
import { classColour, INK, MUTED } from "./palette.ts";

export interface Ring {
  /** In the axes' units, around the origin. */
  readonly radius: number;
  /** Written on the ring. */
  readonly name: string;
}

export interface ScatterChart extends ChartFrame {
  readonly x: Axis;
  readonly y: Axis;
  readonly points: readonly Point[];
  /** Class of each point, an index of `classNames`. */
  readonly classes?: ArrayLike<number>;
  readonly classNames?: readonly string[];
  /** Such as those of a prior. With rings both axes have one scale. */
  readonly rings?: readonly Ring[];
  /** Whether the classes are listed beside the points. Default: true. */
  readonly legend?: boolean;
  /** Whether a class's name stands on its points. Default: true. */
  readonly namesOnPoints?: boolean;
}

/**
 * Points in the plane, coloured by class, whose name stands at the median of its points, as SVG.
 *
 * @throws RangeError without points, for coordinates that are not finite and classes without a name
 */
export function scatterChart(chart: ScatterChart): string {
  const { points, rings = [] } = chart;
  requireSome("points", points);
  requireFinitePoints("points", points);
  const groups = groupsOf(chart);
  const names = (chart.legend ?? true) ? groups.flatMap(({ name }) => name ?? []) : [];
  const margins = marginsOf(chart, names);
  const [x, y] = rings.length > 0 ? equalAxes(chart, margins) : [chart.x, chart.y];
  return drawChart(chart, {
    ...frameOption(chart, names, margins),
    xAxis: axisOf(x, "x"),
    yAxis: axisOf(y, "y"),
    series: [
      ...groups.map((group) => dots(group, points.length > 500 ? 3.5 : 5)),
      ...rings.map(ringSeries),
      ...((chart.namesOnPoints ?? true) ? groups.flatMap(nameSeries) : []),
    ],
  });
}

/** The ends of an axis that are no round numbers go unmarked. */
function axisOf(axis: Axis, direction: "x" | "y"): object {
  const option = axisOption(axis, direction) as { readonly axisLabel: object };
  if (axis.min === undefined) return option;
  return { ...option, axisLabel: { ...option.axisLabel, showMinLabel: false, showMaxLabel: false } };
}

interface Group {
  readonly name?: string;
  readonly colour: string;
  readonly points: readonly Point[];
}

function groupsOf({ points, classes, classNames = [] }: ScatterChart): Group[] {
  if (!classes) return [{ colour: classColour(0), points }];
  requireSameLength("classes", classes, points.length);
  const members = classNames.map((): Point[] => []);
  points.forEach((point, index) => {
    const group = members[classes[index]!];
    if (!group)
      throw new RangeError(`"classes" expected 0..${classNames.length - 1}, got ${classes[index]} at ${index}`);
    group.push(point);
  });
  return members.flatMap((group, index) =>
    group.length === 0 ? [] : [{ name: classNames[index]!, colour: classColour(index), points: group }],
  );
}

/** Dots `lineWidth` pixels wide. */
function dots({ name, colour, points }: Group, lineWidth: number): object {
  return drawnSeries({
    ...(name !== undefined && { name }),
    colour,
    extent: points,
    // One path of round dots: a tenth of the size of an element for each.
    draw: (at) => ({
      type: "path",
      shape: { pathData: points.map((point) => dot(at(point))).join("") },
      style: { fill: "none", stroke: colour, lineWidth, lineCap: "round", opacity: 0.6 },
    }),
  });
}

function dot([x, y]: Point): string {
  const [left, top] = [x.toFixed(1), y.toFixed(1)];
  return `M${left} ${top}L${left} ${(Number(top) + 0.1).toFixed(1)}`;
}

function ringSeries({ radius, name }: Ring): object {
  return drawnSeries({
    colour: INK,
    extent: [[0, 0]],
    z: 4,
    draw: (at) => {
      const [cx, cy] = at([0, 0]);
      const r = at([radius, 0])[0] - cx;
      const circle = { type: "circle", shape: { cx, cy, r }, style: { fill: "none", stroke: INK, lineWidth: 1.2 } };
      const text = { type: "text", style: { ...haloed(name, 11, MUTED), x: cx, y: cy - r, verticalAlign: "bottom" } };
      return { type: "group", children: [circle, text] };
    },
  });
}

function nameSeries({ name, points, colour }: Group): object[] {
  if (name === undefined) return [];
  const middle: Point = [median(points.map(([x]) => x)), median(points.map(([, y]) => y))];
  const draw = (at: (point: Point) => Point) => {
    const [x, y] = at(middle);
    return { type: "text", style: { ...haloed(name, 15, INK), x, y, verticalAlign: "middle", fontWeight: 700 } };
  };
  return [drawnSeries({ colour, extent: [middle], z: 5, draw })];
}

/** Text that can be read on top of dots. */
function haloed(text: string, fontSize: number, fill: string): object {
  return { text, fontSize, fill, align: "center", stroke: "#ffffff", lineWidth: 3 };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}

/** Both axes around the origin, wide enough for points and rings, a unit being as long on one as on the other. */
function equalAxes(chart: ScatterChart, { left, right, top, bottom }: Margins): [Axis, Axis] {
  const { x, y, points, rings = [] } = chart;
  const { width, height } = sizeOf(chart);
  const reach = (axis: 0 | 1): number =>
    1.06 *
    Math.max(
      ...rings.map(({ radius }) => radius),
      points.reduce((most, p) => Math.max(most, Math.abs(p[axis])), 0),
    );
  const [across, down] = [width - left - right, height - top - bottom];
  const perPixel = Math.max((2 * reach(0)) / across, (2 * reach(1)) / down);
  const half = [(perPixel * across) / 2, (perPixel * down) / 2] as const;
  return [
    { ...x, min: -half[0], max: half[0] },
    { ...y, min: -half[1], max: half[1] },
  ];
}
