import type { PlanWindow } from "@isthmus/edge";
import type { Node } from "@isthmus/graph";

export type Pair = readonly [number, number];
export type Image = readonly ["batch", number, number, number];

/** Of a dense layer: a window of 1 x 1 over an image of 1 x 1. */
export function denseWindow([channels, yChannels]: Pair): PlanWindow {
  return {
    ...{ height: 1, width: 1, channels, yHeight: 1, yWidth: 1, yChannels, rows: 1, columns: 1 },
    ...{ rowStride: 1, columnStride: 1, rowDilation: 1, columnDilation: 1, top: 0, left: 0 },
  };
}

/** Of a node whose attributes say how its window moves over x. */
export function windowOf(
  { shape, attributes }: Node,
  [, height, width, channels]: Image,
  [rows, columns]: Pair,
): PlanWindow {
  const [, yHeight, yWidth, yChannels] = shape as Image;
  const [rowStride, columnStride] = attributes["strides"] as unknown as Pair;
  const [rowDilation, columnDilation] = (attributes["dilations"] ?? [1, 1]) as unknown as Pair;
  const [top, , left] = attributes["pads"] as readonly number[];
  return {
    ...{ height, width, channels, yHeight, yWidth, yChannels, rows, columns },
    ...{ rowStride, columnStride, rowDilation, columnDilation, top: top!, left: left! },
  };
}
