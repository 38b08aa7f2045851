import { drawnSeries, overlay, type Point } from "./drawn-series.ts";
import { INK, MUTED } from "./palette.ts";

export interface Ring {
  /** In the axes' units, around the origin. */
  readonly radius: number;
  /** Written on the ring. */
  readonly name: string;
}

/** Points of one colour. */
export interface Group {
  readonly name?: string;
  readonly colour: string;
  readonly points: readonly Point[];
}

/** Dots `lineWidth` pixels wide. */
export function dots({ name, colour, points }: Group, lineWidth: number): object {
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

/** A circle about the origin, its name on it in the direction of an angle, radians. */
export function ringSeries({ radius, name }: Ring, angle: number = Math.PI / 2): object {
  return overlay(4, (at) => {
    const [cx, cy] = at([0, 0]);
    const r = at([radius, 0])[0] - cx;
    const [x, y] = [cx + r * Math.cos(angle), cy - r * Math.sin(angle)];
    const circle = { type: "circle", shape: { cx, cy, r }, style: { fill: "none", stroke: INK, lineWidth: 1.2 } };
    return [circle, { type: "text", style: { ...haloed(name, 11, MUTED), x, y, verticalAlign: "bottom" } }];
  });
}

/** Text that can be read on top of dots. */
export function haloed(text: string, fontSize: number, fill: string): object {
  return { text, fontSize, fill, align: "center", stroke: "#ffffff", lineWidth: 3 };
}
