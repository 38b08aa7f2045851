export interface WindowOptions {
  /** Rows in a window, >= 1. */
  readonly window: number;
  /** Rows from one window to the next, >= 1; less than `window` lets them overlap. */
  readonly stride: number;
  /** Fills up a last window that is not whole with the last row again; else what is left at the end is left out. */
  readonly fillLast?: boolean;
}

/**
 * Windows of a series: `[windows, window, width]` of `[rows, width]`, window k from row k * stride on.
 *
 * @throws RangeError for a window or stride that is not a whole number >= 1.
 */
export function slidingWindows(series: Float32Array, width: number, options: WindowOptions): Float32Array {
  const { window, stride, fillLast = false } = options;
  requireSize("window", window);
  requireSize("stride", stride);
  const rows = series.length / width;
  const whole = rows < window ? 0 : Math.floor((rows - window) / stride) + 1;
  const covered = whole === 0 ? 0 : (whole - 1) * stride + window;
  const windows = whole + (fillLast && rows > covered ? 1 : 0);
  const out = new Float32Array(windows * window * width);
  for (let k = 0; k < windows; k++) {
    const part = series.subarray(k * stride * width, (k * stride + window) * width);
    out.set(part, k * window * width);
    const last = series.subarray((rows - 1) * width);
    for (let at = part.length; at < window * width; at += width) out.set(last, k * window * width + at);
  }
  return out;
}

function requireSize(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new RangeError(`${name}: expected a whole number >= 1, got ${value}`);
}
