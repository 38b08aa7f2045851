import { type Axis, type ChartFrame, drawChart, frameOption, type Margins, marginsOf } from "./chart.ts";
import { requireFinitePoints, requireSameLength, requireSome } from "./checks.ts";
import { overlay, type Point } from "./drawn-series.ts";
import { bareEnds, equalAxes } from "./equal-axes.ts";
import { labelPlaces } from "./label-places.ts";
import { dots, haloed, type Ring, ringSeries } from "./marks.ts";
import { classColour, INK, MUTED } from "./palette.ts";
import { colouring, voronoiCells } from "./voronoi.ts";

/** Which point a receiver decides for, in the middles of the cells of a square grid over [-reach, reach] in both directions. */
export interface DecisionRaster {
  readonly reach: number;
  /** [size, size] indices of points, rows from the top down. */
  readonly decisions: ArrayLike<number>;
}

export interface ConstellationChart extends ChartFrame {
  /** Default: in-phase. */
  readonly x?: Axis;
  /** Default: quadrature. */
  readonly y?: Axis;
  /** What is sent. */
  readonly points: readonly Point[];
  /** Beside each point, such as its bits. */
  readonly labels?: readonly string[];
  /** What is received, coloured by the point that was sent. */
  readonly cloud?: { readonly points: readonly Point[]; readonly sent: ArrayLike<number> };
  /** `voronoi` is what is nearest to each point, where a maximum-likelihood receiver decides for it. Default: none. */
  readonly regions?: "voronoi" | DecisionRaster;
  /** Such as the unit circle. */
  readonly rings?: readonly Ring[];
}

/** A square plotting area. */
const WIDTH = 546;
const HEIGHT = 550;
const SUBTITLE = 22;
const MOST_LABELS = 128;

/**
 * Points that are sent, what is received and how it is decided, a unit being as long in both directions, as SVG. Neighbours differ in colour.
 *
 * @throws RangeError without points, for coordinates that are not finite, and for labels, senders or decisions that do not belong to the points
 */
export function constellationChart(given: ConstellationChart): string {
  const chart = squared(given);
  requireConstellation(chart);
  const { points, labels, cloud, regions, rings = [] } = chart;
  const margins = marginsOf(chart, []);
  const axes = constellationAxes(chart, margins);
  const cells = voronoiCells(points, rangeOf(axes[0]), rangeOf(axes[1]));
  const near = typeof regions === "object" ? rasterNeighbours(regions, points.length) : cells.map((c) => c.neighbours);
  const colours = colouring(near).map(classColour);
  return drawChart(chart, {
    ...frameOption(chart, [], margins),
    xAxis: bareEnds(axes[0], "x"),
    yAxis: bareEnds(axes[1], "y"),
    series: [
      ...(regions === "voronoi"
        ? [
            cellSeries(
              cells.map(({ corners }) => corners),
              colours,
            ),
          ]
        : []),
      ...(typeof regions === "object" ? [rasterSeries(regions, colours)] : []),
      ...(cloud ? cloudSeries(cloud, colours) : []),
      ...rings.map((ring) => ringSeries(ring, freeAngle(ring, points))),
      pointSeries(points, colours),
      ...(labels && points.length <= MOST_LABELS ? [labelSeries(points, labels)] : []),
    ],
  });
}

/** The frame with the size that makes the plotting area a square. */
export function squared<F extends ChartFrame>(frame: F): F {
  const { width = WIDTH, height = HEIGHT + (frame.subtitle === undefined ? 0 : SUBTITLE) } = frame;
  return { ...frame, width, height };
}

function requireConstellation({ points, labels, cloud, regions }: ConstellationChart): void {
  requireSome("points", points);
  requireFinitePoints("points", points);
  if (labels) requireSameLength("labels", labels, points.length);
  if (cloud) {
    requireFinitePoints("cloud.points", cloud.points);
    requireSameLength("cloud.sent", cloud.sent, cloud.points.length);
    requireIndices("cloud.sent", cloud.sent, points.length);
  }
  if (typeof regions !== "object") return;
  const { decisions, reach } = regions;
  if (!(reach > 0 && reach < Infinity)) throw new RangeError(`"regions.reach" expected a number above 0, got ${reach}`);
  if (!Number.isInteger(Math.sqrt(decisions.length)) || decisions.length === 0)
    throw new RangeError(`"regions.decisions" expected a square of them, got ${decisions.length}`);
  requireIndices("regions.decisions", decisions, points.length);
}

function requireIndices(name: string, indices: ArrayLike<number>, count: number): void {
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    if (!(Number.isInteger(index) && index >= 0 && index < count))
      throw new RangeError(`"${name}" expected 0..${count - 1}, got ${index} at ${i}`);
  }
}

/** Around the origin: all points, rings and all but a few of the cloud, or what the raster covers. */
export function constellationAxes(chart: ConstellationChart, margins: Margins): [Axis, Axis] {
  const { x = { name: "in-phase" }, y = { name: "quadrature" }, points, cloud, regions, rings = [] } = chart;
  if (typeof regions === "object") return equalAxes(chart, margins, [x, y], [regions.reach, regions.reach]);
  const reach = Math.max(
    1.2 * most(points),
    1.08 * Math.max(0, ...rings.map(({ radius }) => radius)),
    cloud ? 1.02 * usual(cloud.points) : 0,
  );
  const least = reach > 0 ? reach : 1;
  return equalAxes(chart, margins, [x, y], [least, least]);
}

/** Where on a ring its name is farthest from all points, radians. */
function freeAngle({ radius }: Ring, points: readonly Point[]): number {
  const angles = Array.from({ length: 24 }, (_, i) => Math.PI / 2 - (i * Math.PI) / 12);
  const room = (angle: number): number =>
    points.reduce(
      (least, [x, y]) => Math.min(least, Math.hypot(x - radius * Math.cos(angle), y - radius * Math.sin(angle))),
      Infinity,
    );
  return angles.reduce((best, angle) => (room(angle) > room(best) + 1e-9 ? angle : best));
}

function most(points: readonly Point[]): number {
  return points.reduce((reach, [x, y]) => Math.max(reach, Math.abs(x), Math.abs(y)), 0);
}

/** Reaches 99.5 % of the points. */
function usual(points: readonly Point[]): number {
  const sorted = points.map(([x, y]) => Math.max(Math.abs(x), Math.abs(y))).toSorted((a, b) => a - b);
  return sorted[Math.floor(0.995 * (sorted.length - 1))] ?? 0;
}

function rangeOf({ min = 0, max = 0 }: Axis): readonly [number, number] {
  return [min, max];
}

function cellSeries(cells: readonly (readonly Point[])[], colours: readonly string[]): object {
  const look = { fillOpacity: 0.16, stroke: MUTED, lineWidth: 0.8, strokeOpacity: 0.6 };
  return overlay(1, (at) =>
    cells.flatMap((corners, index) =>
      corners.length < 3
        ? []
        : [{ type: "polygon", shape: { points: corners.map(at) }, style: { fill: colours[index], ...look } }],
    ),
  );
}

/** One path of each point's cells, those beside each other in a row being one rectangle. */
function rasterSeries({ reach, decisions }: DecisionRaster, colours: readonly string[]): object {
  const size = Math.sqrt(decisions.length);
  const runs = colours.map((): (readonly [row: number, from: number, to: number])[] => []);
  for (let row = 0; row < size; row++) {
    for (let from = 0, to = 0; from < size; from = to) {
      const decision = decisions[row * size + from]!;
      while (to < size && decisions[row * size + to] === decision) to++;
      runs[decision]!.push([row, from, to]);
    }
  }
  const place = (index: number): number => -reach + (2 * reach * index) / size;
  return overlay(1, (at) =>
    runs.flatMap((cells, index) => {
      if (cells.length === 0) return [];
      const pathData = cells.map(([row, from, to]) => {
        const [left, top] = at([place(from), -place(row)]);
        const [right, bottom] = at([place(to), -place(row + 1)]);
        return `M${left.toFixed(1)} ${top.toFixed(1)}H${right.toFixed(1)}V${bottom.toFixed(1)}H${left.toFixed(1)}Z`;
      });
      const style = { fill: colours[index], fillOpacity: 0.22, stroke: "none" };
      return [{ type: "path", shape: { pathData: pathData.join("") }, style }];
    }),
  );
}

/** Points whose cells of the grid touch. */
function rasterNeighbours({ decisions }: DecisionRaster, count: number): number[][] {
  const size = Math.sqrt(decisions.length);
  const near = Array.from({ length: count }, () => new Set<number>());
  const touch = (a: number, b: number): void => {
    if (a === b) return;
    near[a]!.add(b);
    near[b]!.add(a);
  };
  for (let at = 0; at < decisions.length; at++) {
    if ((at + 1) % size !== 0) touch(decisions[at]!, decisions[at + 1]!);
    if (at + size < decisions.length) touch(decisions[at]!, decisions[at + size]!);
  }
  return near.map((others) => [...others]);
}

function cloudSeries({ points, sent }: NonNullable<ConstellationChart["cloud"]>, colours: readonly string[]): object[] {
  const groups = colours.map((colour) => ({ colour, points: [] as Point[] }));
  points.forEach((point, index) => groups[sent[index]!]!.points.push(point));
  return groups.filter((group) => group.points.length > 0).map((group) => dots(group, points.length > 500 ? 2.2 : 3.5));
}

/** In front of their cloud. */
function pointSeries(points: readonly Point[], colours: readonly string[]): object {
  return overlay(5, (at) =>
    points.map((point, index) => {
      const [cx, cy] = at(point);
      const style = { fill: colours[index], stroke: INK, lineWidth: 1.4 };
      return { type: "circle", shape: { cx, cy, r: radiusOf(points) }, style };
    }),
  );
}

/** Of a point that is drawn, pixels. */
function radiusOf({ length }: readonly Point[]): number {
  return length > 64 ? 3 : 5;
}

function labelSeries(points: readonly Point[], labels: readonly string[]): object {
  const fontSize = points.length > 32 ? 9 : 11;
  return overlay(6, (at) =>
    labelPlaces(points.map(at), labels, { radius: radiusOf(points), fontSize }).map(([x, y], index) => ({
      type: "text",
      style: { ...haloed(labels[index]!, fontSize, INK), x, y, verticalAlign: "middle" },
    })),
  );
}
