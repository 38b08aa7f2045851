/**
 * Convolutions of many images at once. One element of MR images lies side by side in a panel of A, so a row of a window is a run of that
 * panel: nothing is copied once for each window, and what hangs over the image's edge is left out instead of being multiplied by zero.
 */
import { activate } from "./gemm";
import { packA, packB } from "./gemm-pack";
import { MR, PANEL_BYTES, rowsOfNext, RUNS_BYTES, strip } from "./gemm-tile";
import {
  batchOf, channelsOf, columnDilationOf, columnsOf, columnStrideOf, endInside, firstInside, heightOf, leftOf, rowDilationOf, rowsOf,
  rowStrideOf, topOf, widthOf, yChannelsOf, yHeightOf, yWidthOf,
} from "./window";

/** Images whose places follow each other in the sums of the gradient by the filter. */
// @ts-ignore: decorator
@inline const IMAGES: i32 = 8;

/** Most bytes of panels, beyond which this is given up for the memory it takes. */
// @ts-ignore: decorator
@inline const MOST: i32 = 16 << 20;

/** The same for the gradient of the filter, which reads all of them for each tap and is slower where they leave the second-level cache. */
// @ts-ignore: decorator
@inline const MOST_SUMMED: i32 = 2 << 20;

// @ts-ignore: decorator
@inline const FRAME_BYTES: i32 = RUNS_BYTES + MR * 32;

/** Bytes of n columns in panels of eight, k deep. */
@inline
function panelBytes(n: i32, k: i32): i64 {
  return <i64>((n + 7) & ~7) * <i64>k * 4;
}

/**
 * Bytes of scratch for images of `elements` whose windows of `taps` x `channels` make `outputs` channels; 0 where this is not the fastest
 * way: a window of one element has nothing to share, and too few images or outputs leave tiles empty.
 */
export function togetherScratch(batch: i32, elements: i32, taps: i32, channels: i32, outputs: i32): i32 {
  if (taps == 1 || batch < MR || outputs < 8) return 0;
  const bytes = panelBytes(outputs, taps * channels) + <i64>elements * PANEL_BYTES;
  return bytes <= MOST ? FRAME_BYTES + <i32>bytes : 0;
}

/** The same for the gradient of the filter. */
export function filterTogetherScratch(batch: i32, pixels: i32, taps: i32, channels: i32, places: i32, outputs: i32): i32 {
  if (taps == 1 || batch < IMAGES || channels < MR || outputs < 8) return 0;
  const bytes = panelBytes(outputs, places * IMAGES) + <i64>pixels * IMAGES * PANEL_BYTES;
  return bytes <= MOST_SUMMED ? FRAME_BYTES + <i32>bytes : 0;
}

/**
 * Writes what `strip` reads: `rows` x `columns` runs of `depth` k's whose starts are so many k's apart in A and in B, in a row and
 * from row to row. Returns the depth: 0, in one run, when there is nothing.
 */
function describe(
  runs: usize, rows: i32, columns: i32, depth: i32, aRight: i32, aDown: i32, bRight: i32, bDown: i32,
): i32 {
  const some = rows > 0 && columns > 0;
  const back = columns - 1;
  store<i32>(runs, some ? columns : 1);
  store<i32>(runs, some ? rows : 1, 4);
  store<i32>(runs, (aRight - depth) * PANEL_BYTES, 8);
  store<i32>(runs, (aDown - back * aRight - depth) * PANEL_BYTES, 12);
  store<i32>(runs, (bRight - depth) << 5, 16);
  store<i32>(runs, (bDown - back * bRight - depth) << 5, 20);
  return some ? depth : 0;
}

/** y = act(windows of x times the filter + bias). */
export function convolveTogether(w: usize, x: usize, filter: usize, y: usize, bias: usize, activation: i32, scratch: usize): void {
  const n = yChannelsOf(w);
  const channels = channelsOf(w);
  const width = widthOf(w);
  const elements = heightOf(w) * width * channels;
  const patch = rowsOf(w) * columnsOf(w) * channels;
  const outputs = yHeightOf(w) * yWidthOf(w) * n;
  const panels = scratch + FRAME_BYTES;
  const panel = panels + <usize>panelBytes(n, patch);
  const right = columnDilationOf(w);
  packB(filter, panels, n, patch, <usize>n << 2, false);
  for (let b = 0, images = 0; b < batchOf(w); b += images) {
    images = rowsOfNext(batchOf(w) - b);
    let to = y;
    packA(x, panel, images, elements, <usize>elements << 2, 4);
    for (let oy = 0; oy < yHeightOf(w); oy++) {
      const top = oy * rowStrideOf(w) - topOf(w);
      const i = firstInside(top, rowDilationOf(w));
      const rows = endInside(top, rowDilationOf(w), heightOf(w), rowsOf(w)) - i;
      for (let ox = 0; ox < yWidthOf(w); ox++) {
        const left = ox * columnStrideOf(w) - leftOf(w);
        const j = firstInside(left, right);
        const columns = endInside(left, right, width, columnsOf(w)) - j;
        const merged = right == 1 && columns > 0;
        const depth = describe(
          scratch, rows, merged ? 1 : columns, merged ? columns * channels : channels,
          right * channels, rowDilationOf(w) * width * channels, channels, columnsOf(w) * channels,
        );
        const from = panel + <usize>(((top + i * rowDilationOf(w)) * width + left + j * right) * channels * PANEL_BYTES);
        const weight = panels + (<usize>((i * columnsOf(w) + j) * channels) << 5);
        strip(scratch, depth, patch, from, weight, to, <usize>outputs << 2, true, bias, images, n, scratch + RUNS_BYTES);
        to += <usize>n << 2;
      }
    }
    if (activation) activate(activation, y, images * outputs);
    x += <usize>(images * elements) << 2;
    y += <usize>(images * outputs) << 2;
  }
}

function greatestDivisor(a: i32, b: i32): i32 {
  while (b) {
    const rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/** The first of `taps` through which a place of y reaches the element of x that is `at` from the padding's edge; `taps` if none does. */
@inline
function firstReach(at: i32, taps: i32, stride: i32, dilation: i32, size: i32): i32 {
  let k = 0;
  for (; k < taps; k++) {
    const from = at - k * dilation;
    if (from >= 0 && from % stride == 0 && from / stride < size) break;
  }
  return k;
}

/** How many do, from tap k on: every `period`-th. */
@inline
function countReach(at: i32, k: i32, taps: i32, dilation: i32, period: i32): i32 {
  return k < taps ? min((taps - 1 - k) / period, (at - k * dilation) / (period * dilation)) + 1 : 0;
}

/** x = act(bias + G through the filter's transpose). */
export function inputGradTogether(w: usize, g: usize, filter: usize, x: usize, bias: usize, activation: i32, scratch: usize): void {
  const n = channelsOf(w);
  const channels = yChannelsOf(w);
  const taps = rowsOf(w) * columnsOf(w);
  const elements = yHeightOf(w) * yWidthOf(w) * channels;
  const outputs = heightOf(w) * widthOf(w) * n;
  const panels = scratch + FRAME_BYTES;
  const panel = panels + <usize>panelBytes(n, taps * channels);
  const upDivisor = greatestDivisor(rowStrideOf(w), rowDilationOf(w));
  const leftDivisor = greatestDivisor(columnStrideOf(w), columnDilationOf(w));
  const rowPeriod = rowStrideOf(w) / upDivisor;
  const columnPeriod = columnStrideOf(w) / leftDivisor;
  let packed = panels;
  for (let o = 0; o < n; o += 8) {
    for (let tap = 0; tap < taps; tap++) {
      packB(filter + (<usize>((tap * n + o) * channels) << 2), packed, min(8, n - o), channels, <usize>channels << 2, true);
      packed += <usize>channels << 5;
    }
  }
  for (let b = 0, images = 0; b < batchOf(w); b += images) {
    images = rowsOfNext(batchOf(w) - b);
    let to = x;
    packA(g, panel, images, elements, <usize>elements << 2, 4);
    for (let iy = 0; iy < heightOf(w); iy++) {
      const top = iy + topOf(w);
      const i = firstReach(top, rowsOf(w), rowStrideOf(w), rowDilationOf(w), yHeightOf(w));
      const rows = countReach(top, i, rowsOf(w), rowDilationOf(w), rowPeriod);
      const oy = (top - i * rowDilationOf(w)) / rowStrideOf(w);
      for (let ix = 0; ix < widthOf(w); ix++) {
        const left = ix + leftOf(w);
        const j = firstReach(left, columnsOf(w), columnStrideOf(w), columnDilationOf(w), yWidthOf(w));
        const columns = countReach(left, j, columnsOf(w), columnDilationOf(w), columnPeriod);
        const ox = (left - j * columnDilationOf(w)) / columnStrideOf(w);
        const depth = describe(
          scratch, rows, columns, channels, -columnDilationOf(w) / leftDivisor * channels,
          -rowDilationOf(w) / upDivisor * yWidthOf(w) * channels, columnPeriod * channels, rowPeriod * columnsOf(w) * channels,
        );
        const from = panel + <usize>((oy * yWidthOf(w) + ox) * channels * PANEL_BYTES);
        const weight = panels + (<usize>((i * columnsOf(w) + j) * channels) << 5);
        strip(scratch, depth, taps * channels, from, weight, to, <usize>outputs << 2, true, bias, images, n, scratch + RUNS_BYTES);
        to += <usize>n << 2;
      }
    }
    if (activation) activate(activation, x, images * outputs);
    g += <usize>(images * elements) << 2;
    x += <usize>(images * outputs) << 2;
  }
}

/** The gradient of the filter: for each tap and MR channels of x the sum over all places, those of IMAGES images side by side. */
export function filterGradTogether(w: usize, x: usize, g: usize, filter: usize, scratch: usize): void {
  const n = yChannelsOf(w);
  const channels = channelsOf(w);
  const pixels = heightOf(w) * widthOf(w);
  const places = yHeightOf(w) * yWidthOf(w);
  const panels = scratch + FRAME_BYTES;
  const panel = panels + <usize>panelBytes(n, places * IMAGES);
  for (let b = 0; b < batchOf(w); b += IMAGES) {
    const images = min(IMAGES, batchOf(w) - b);
    let packed = panels;
    for (let o = 0; o < n; o += 8) {
      for (let place = 0; place < places; place++) {
        packB(g + (<usize>(place * n + o) << 2), packed, min(8, n - o), images, <usize>(places * n) << 2, false);
        packed += <usize>images << 5;
      }
    }
    for (let c = 0, many = 0; c < channels; c += many) {
      many = rowsOfNext(channels - c);
      packed = panel;
      for (let pixel = 0; pixel < pixels; pixel++) {
        packA(x + (<usize>(pixel * channels + c) << 2), packed, many, images, 4, <usize>(pixels * channels) << 2);
        packed += <usize>(images * PANEL_BYTES);
      }
      addTaps(w, panel, panels, filter + (<usize>(c * n) << 2), images, b == 0, many, scratch);
    }
    x += <usize>(images * pixels * channels) << 2;
    g += <usize>(images * places * n) << 2;
  }
}

/** Adds, or stores when `first`, what `images` images make of `many` channels of every tap. */
@inline
function addTaps(w: usize, panel: usize, panels: usize, filter: usize, images: i32, first: bool, many: i32, scratch: usize): void {
  const n = yChannelsOf(w);
  const right = columnStrideOf(w);
  for (let ky = 0; ky < rowsOf(w); ky++) {
    const top = ky * rowDilationOf(w) - topOf(w);
    const i = firstInside(top, rowStrideOf(w));
    const rows = endInside(top, rowStrideOf(w), heightOf(w), yHeightOf(w)) - i;
    for (let kx = 0; kx < columnsOf(w); kx++) {
      const left = kx * columnDilationOf(w) - leftOf(w);
      const j = firstInside(left, right);
      const columns = endInside(left, right, widthOf(w), yWidthOf(w)) - j;
      const merged = right == 1 && columns > 0;
      const depth = describe(
        scratch, rows, merged ? 1 : columns, merged ? columns * images : images,
        right * images, rowStrideOf(w) * widthOf(w) * images, images, yWidthOf(w) * images,
      );
      const from = panel + <usize>(((top + i * rowStrideOf(w)) * widthOf(w) + left + j * right) * images * PANEL_BYTES);
      const weight = panels + (<usize>((i * yWidthOf(w) + j) * images) << 5);
      const depthOfPanel = yHeightOf(w) * yWidthOf(w) * images;
      strip(scratch, depth, depthOfPanel, from, weight, filter, <usize>n << 2, first, 0, many, n, scratch + RUNS_BYTES);
      filter += <usize>(channelsOf(w) * n) << 2;
    }
  }
}
