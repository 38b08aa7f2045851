/** Which part of the plane is nearest to which point. */
import type { Point } from "./drawn-series.ts";

/** What is nearest to a point within a rectangle. */
export interface Cell {
  /** Corners, in turn; none where another point is in the same place, or nothing of the cell is in the rectangle. */
  readonly corners: readonly Point[];
  /** Indices of the points whose cells it touches along a side. */
  readonly neighbours: readonly number[];
}

/** A corner, and across which point's bisector the side that begins there lies; -1 for sides of the rectangle. */
interface Corner {
  readonly at: Point;
  readonly across: number;
}

/** The cells of points within [left, right] x [bottom, top], by cutting the rectangle along the bisectors of pairs. */
export function voronoiCells(
  points: readonly Point[],
  [left, right]: readonly [number, number],
  [bottom, top]: readonly [number, number],
): Cell[] {
  const corners: readonly Point[] = [
    [left, bottom],
    [right, bottom],
    [right, top],
    [left, top],
  ];
  return points.map((own, m) => {
    let cell = corners.map((at): Corner => ({ at, across: -1 }));
    points.forEach((other, j) => {
      const isSame = other[0] === own[0] && other[1] === own[1];
      if (isSame ? j < m : j !== m) cell = isSame ? [] : cut(cell, own, other, j);
    });
    const neighbours = new Set(cell.map(({ across }) => across).filter((across) => across >= 0));
    return { corners: cell.map(({ at }) => at), neighbours: [...neighbours] };
  });
}

/** What of a polygon is nearer to `own` than to `other`. */
function cut(cell: readonly Corner[], own: Point, other: Point, index: number): Corner[] {
  const normal: Point = [other[0] - own[0], other[1] - own[1]];
  const middle = (other[0] ** 2 + other[1] ** 2 - own[0] ** 2 - own[1] ** 2) / 2;
  const beyond = ([x, y]: Point): number => x * normal[0] + y * normal[1] - middle;
  return cell.flatMap((corner, i) => {
    const next = cell[(i + 1) % cell.length]!;
    const [here, there] = [beyond(corner.at), beyond(next.at)];
    const kept = here <= 0 ? [corner] : [];
    if (here <= 0 === there <= 0) return kept;
    const way = here / (here - there);
    const at: Point = [
      corner.at[0] + way * (next.at[0] - corner.at[0]),
      corner.at[1] + way * (next.at[1] - corner.at[1]),
    ];
    return [...kept, { at, across: here <= 0 ? index : corner.across }];
  });
}

/** A small number for each, other than its neighbours': the least that is free, in order. */
export function colouring(neighbours: readonly (readonly number[])[]): number[] {
  const colours: number[] = [];
  neighbours.forEach((around, index) => {
    const taken = new Set([
      ...around.map((other) => colours[other]),
      ...neighbours.flatMap((others, other) => (others.includes(index) ? [colours[other]] : [])),
    ]);
    let colour = 0;
    while (taken.has(colour)) colour++;
    colours[index] = colour;
  });
  return colours;
}
