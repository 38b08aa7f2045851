/** Numbers on a grid, [height, width], row by row. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * The box of a plane on another grid: each number is the mean of what its cell covers, parts of cells by their share; outside the plane is 0.
 * The same numbers in every browser, unlike what a canvas makes of a smaller picture.
 */
export function resample(plane: Plane, box: Box, width: number, height: number): Plane {
  const across = coverage(box.left, box.width, width, plane.width);
  const down = coverage(box.top, box.height, height, plane.height);
  const narrow = new Float32Array(plane.height * width);
  for (let y = 0; y < plane.height; y++) {
    for (let x = 0; x < width; x++) {
      narrow[y * width + x] = weighted(across[x]!, (i) => plane.values[y * plane.width + i]!);
    }
  }
  const values = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) values[y * width + x] = weighted(down[y]!, (i) => narrow[i * width + x]!);
  }
  return { width, height, values };
}

/** Which old cells a new one covers, and with what share of it. */
interface Cover {
  readonly first: number;
  readonly shares: readonly number[];
}

function coverage(start: number, extent: number, cells: number, length: number): Cover[] {
  const size = extent / cells;
  return Array.from({ length: cells }, (_, cell) => {
    const [from, to] = [start + cell * size, start + (cell + 1) * size];
    const first = Math.max(0, Math.floor(from));
    const last = Math.min(length, Math.ceil(to));
    const share = (i: number) => (Math.min(to, i + 1) - Math.max(from, i)) / size;
    return { first, shares: Array.from({ length: Math.max(0, last - first) }, (__, i) => share(first + i)) };
  });
}

function weighted({ first, shares }: Cover, value: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < shares.length; i++) sum += shares[i]! * value(first + i);
  return sum;
}
