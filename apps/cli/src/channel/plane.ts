/** Signals as points of a plane. */
import { type Codebook, dimensions } from "@isthmus/channel";
import { principalAxes } from "@isthmus/math";
import type { Point } from "@isthmus/plot";
import { rowsOf } from "./codebook-rows.ts";

/** A way of looking at signals of any number of real dimensions. */
export interface Plane {
  /** Of the axes. */
  readonly names: readonly [x: string, y: string];
  /** Whether it shows all there is: distances are those of the signals. */
  readonly whole: boolean;
  readonly place: (signal: ArrayLike<number>) => Point;
}

/** The two dimensions that there are, or those in which the codebook varies most. */
export function planeOf(book: Codebook): Plane {
  const columns = dimensions(book);
  if (columns === 1) return { names: ["use 1", ""], whole: true, place: (signal) => [signal[0]!, 0] };
  if (columns === 2) {
    const names = book.complex ? (["in-phase", "quadrature"] as const) : (["use 1", "use 2"] as const);
    return { names, whole: true, place: (signal) => [signal[0]!, signal[1]!] };
  }
  const { axes, shares } = principalAxes(book.points, { dims: columns, count: 2 });
  const along = (axis: Float64Array, signal: ArrayLike<number>): number =>
    axis.reduce((sum, weight, i) => sum + weight * signal[i]!, 0);
  const name = (index: 0 | 1): string =>
    `principal axis ${index + 1} (${Math.round(100 * shares[index]!)} % of the energy)`;
  return {
    names: [name(0), name(1)],
    whole: false,
    place: (signal) => [along(axes[0]!, signal), along(axes[1]!, signal)],
  };
}

/** All points of a codebook. */
export function placesOf(book: Codebook, { place }: Plane): Point[] {
  return rowsOf(book).map(place);
}

/** The bits of each message, as many as all of them have. */
export function bitLabels({ labels, k }: Codebook): string[] {
  return Array.from(labels, (label) => label.toString(2).padStart(Math.ceil(k), "0"));
}
