import { INK } from "./palette.ts";

/** A point in an axis's units, or in pixels. */
export type Point = readonly [x: number, y: number];

export interface DrawnSeries {
  readonly name?: string;
  readonly colour: string;
  /** The axes make room for these. */
  readonly extent: readonly Point[];
  /** An element of the charting library's graphics; `at` turns an axis's units into pixels. */
  readonly draw: (at: (point: Point) => Point) => object;
  /** Larger is in front. Default: 2, where lines are. */
  readonly z?: number;
}

interface Coordinates {
  readonly coord: (point: number[]) => number[];
}

/** A series that draws itself, clipped to the plotting area. */
export function drawnSeries({ name, colour, extent, draw, z = 2 }: DrawnSeries): object {
  return {
    type: "custom",
    ...(name !== undefined && { name }),
    coordinateSystem: "cartesian2d",
    data: extent.map((point) => [...point]),
    encode: { x: 0, y: 1 },
    itemStyle: { color: colour },
    silent: true,
    clip: true,
    z,
    renderItem: ({ dataIndex }: { readonly dataIndex: number }, api: Coordinates) =>
      dataIndex === 0 ? draw(([x, y]) => api.coord([x, y]) as unknown as Point) : undefined,
  };
}

/** Elements that make no room on the axes; larger `z` is in front. */
export function overlay(z: number, draw: (at: (point: Point) => Point) => object[]): object {
  return drawnSeries({
    ...{ colour: INK, extent: [[0, 0]], z },
    draw: (at) => ({ type: "group", children: draw(at) }),
  });
}
