/**
 * The exact probability of a wrong decision of a maximum-likelihood receiver in the plane, by Craig's integral (1991) over the Voronoi
 * cell of each point: in the direction phi the noise leaves the cell with probability exp(-r(phi)^2 / (2 sigma^2)).
 */
import type { Codebook } from "./codebook.ts";
import { integrate } from "./quadrature.ts";
import { dimensions, noiseDeviation, type EbNo } from "./units.ts";

/**
 * @returns Mean over the points of a codebook of two real dimensions.
 * @throws RangeError when it has not two dimensions, or points coincide.
 */
export function exactSymbolError(book: Codebook, ebNo: EbNo): number {
  if (dimensions(book) !== 2) throw new RangeError(`"book" expected two real dimensions, got ${dimensions(book)}`);
  const sigma = noiseDeviation(ebNo, book);
  const leaving = Array.from({ length: book.size }, (_, m) =>
    voronoiEdges(book, m).reduce((sum, edge) => sum + throughEdge(edge, sigma), 0),
  );
  return leaving.reduce((sum, p) => sum + p, 0) / book.size;
}

/** A side of a cell, seen from its point: how far its line is, and which angles about the nearest point of the line it takes. */
interface Edge {
  readonly distance: number;
  readonly from: number;
  readonly to: number;
}

/** (1 / 2 pi) times the integral over the angles of exp(-d^2 / (2 sigma^2 cos^2)). */
function throughEdge({ distance, from, to }: Edge, sigma: number): number {
  const a = (distance * distance) / (2 * sigma * sigma);
  const wide = integrate((alpha) => Math.exp(-a * Math.tan(alpha) ** 2), from, to);
  return (Math.exp(-a) * wide) / (2 * Math.PI);
}

/** The sides of the cell of point m: of each other point's bisector the part on this side of all the others. */
function voronoiEdges({ points, size }: Codebook, m: number): Edge[] {
  const halfPlanes = Array.from({ length: size }, (_, j) => j)
    .filter((j) => j !== m)
    .map((j) => {
      const [dx, dy] = [points[2 * j]! - points[2 * m]!, points[2 * j + 1]! - points[2 * m + 1]!];
      const length = Math.hypot(dx, dy);
      if (length === 0) throw new RangeError(`"book" expected distinct points, got ${m} and ${j} the same`);
      return { distance: length / 2, ux: dx / length, uy: dy / length };
    });
  return halfPlanes.flatMap((line, i) => {
    let [from, to] = [-Infinity, Infinity];
    halfPlanes.forEach((other, j) => {
      if (j === i) return;
      // the point s along the line is inside the other half-plane when s * along <= room
      const along = line.ux * other.uy - line.uy * other.ux;
      const room = other.distance - line.distance * (line.ux * other.ux + line.uy * other.uy);
      if (Math.abs(along) < 1e-12) {
        if (room < 0) to = -Infinity;
      } else if (along > 0) to = Math.min(to, room / along);
      else from = Math.max(from, room / along);
    });
    if (!(from < to)) return [];
    return [{ distance: line.distance, from: Math.atan(from / line.distance), to: Math.atan(to / line.distance) }];
  });
}
