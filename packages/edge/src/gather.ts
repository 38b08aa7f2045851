import type { PlanWindow } from "./plan.ts";

/** Where a patch comes from and goes to. */
export interface Patch {
  readonly x: number;
  readonly scratch: number;
  readonly window: PlanWindow;
}

/** What lies under the window at (i, j), `padding` beside the image, side by side into the scratch. A number has `size` bytes. */
export function gather(
  bytes: Int8Array,
  { window, x, scratch }: Patch,
  padding: number,
  i: number,
  j: number,
  size = 1,
): void {
  const { height, width, rows, columns, rowDilation, columnDilation } = window;
  const pixel = window.channels * size;
  const top = i * window.rowStride - window.top;
  const left = j * window.columnStride - window.left;
  for (let r = 0, to = scratch; r < rows; r++) {
    const row = top + r * rowDilation;
    for (let k = 0; k < columns; k++, to += pixel) {
      const column = left + k * columnDilation;
      const from = x + (row * width + column) * pixel;
      if (isInside(row, height) && isInside(column, width)) bytes.copyWithin(to, from, from + pixel);
      else bytes.fill(padding, to, to + pixel);
    }
  }
}

export function isInside(position: number, size: number): boolean {
  return position >= 0 && position < size;
}
