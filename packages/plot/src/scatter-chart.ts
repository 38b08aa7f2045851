import { type Axis, type ChartFrame, drawChart, frameOption, type Margins, marginsOf } from "./chart.ts";
import { requireFinitePoints, requireSameLength, requireSome } from "./checks.ts";
import { drawnSeries, type Point } from "./drawn-series.ts";
import { bareEnds, equalAxes } from "./equal-axes.ts";
import { dots, type Group, haloed, type Ring, ringSeries } from "./marks.ts";
import { classColour, INK } from "./palette.ts";

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
  const [x, y] = rings.length > 0 ? ringAxes(chart, margins) : [chart.x, chart.y];
  return drawChart(chart, {
    ...frameOption(chart, names, margins),
    xAxis: bareEnds(x, "x"),
    yAxis: bareEnds(y, "y"),
    series: [
      ...groups.map((group) => dots(group, points.length > 500 ? 3.5 : 5)),
      ...rings.map((ring) => ringSeries(ring)),
      ...((chart.namesOnPoints ?? true) ? groups.flatMap(nameSeries) : []),
    ],
  });
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

function nameSeries({ name, points, colour }: Group): object[] {
  if (name === undefined) return [];
  const middle: Point = [median(points.map(([x]) => x)), median(points.map(([, y]) => y))];
  const draw = (at: (point: Point) => Point) => {
    const [x, y] = at(middle);
    return { type: "text", style: { ...haloed(name, 15, INK), x, y, verticalAlign: "middle", fontWeight: 700 } };
  };
  return [drawnSeries({ colour, extent: [middle], z: 5, draw })];
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}

/** Wide enough for points and rings. */
function ringAxes(chart: ScatterChart, margins: Margins): [Axis, Axis] {
  const { x, y, points, rings = [] } = chart;
  const reach = (axis: 0 | 1): number =>
    1.06 *
    Math.max(
      ...rings.map(({ radius }) => radius),
      points.reduce((most, p) => Math.max(most, Math.abs(p[axis])), 0),
    );
  return equalAxes(chart, margins, [x, y], [reach(0), reach(1)]);
}
