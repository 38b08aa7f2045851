/**
 * Convolutions as products with the matrix of `conv-patch.ts`, of which only a tile exists at a time. The order of
 * summation depends on shape and build alone.
 */
import { convolveDirectly, isDirect } from "./conv-direct";
import { gatherPatches, scatterPatches } from "./conv-patch";
import {
  convolveTogether, filterGradTogether, filterTogetherScratch, inputGradTogether, togetherScratch,
} from "./conv-together";
import { activate, blockBytes, KC, NC, part } from "./gemm";
import { packA, packB } from "./gemm-pack";
import { MR, PANEL_BYTES, rowsOfNext, strip } from "./gemm-tile";
import { batchOf, channelsOf, columnsOf, heightOf, rowsOf, widthOf, yChannelsOf, yHeightOf, yWidthOf } from "./window";

/** Columns of the matrix that the gradient of the filter gathers at once: with KC rows 240 KiB. A multiple of any MR. */
// @ts-ignore: decorator
@inline const GATHERED: i32 = 240;

/** Rows of the matrix. */
@inline
function patchesOf(w: usize): i32 {
  return batchOf(w) * yHeightOf(w) * yWidthOf(w);
}

/** Columns of the matrix. */
@inline
function patchOf(w: usize): i32 {
  return rowsOf(w) * columnsOf(w) * channelsOf(w);
}

@inline
function scratchBytes(n: i32, k: i32, tile: i32): i32 {
  return blockBytes(n, k) + part(k, KC, 1) * PANEL_BYTES + MR * 32 + tile;
}

/** Bytes of scratch for these images and filters: the window's fields that are sizes. */
export function conv2dScratch(
  batch: i32, height: i32, width: i32, channels: i32, yHeight: i32, yWidth: i32, yChannels: i32, rows: i32, columns: i32,
): i32 {
  const patch = rows * columns * channels;
  const together = togetherScratch(batch, height * width * channels, rows * columns, channels, yChannels);
  return together ? together : scratchBytes(yChannels, patch, MR * part(patch, KC, 1) * 4);
}

export function conv2dInputGradScratch(
  batch: i32, height: i32, width: i32, channels: i32, yHeight: i32, yWidth: i32, yChannels: i32, rows: i32, columns: i32,
): i32 {
  const taps = rows * columns;
  const together = togetherScratch(batch, yHeight * yWidth * yChannels, taps, yChannels, channels);
  return together ? together : scratchBytes(taps * channels, yChannels, MR * part(taps * channels, NC, 8) * 4);
}

export function conv2dFilterGradScratch(
  batch: i32, height: i32, width: i32, channels: i32, yHeight: i32, yWidth: i32, yChannels: i32, rows: i32, columns: i32,
): i32 {
  const places = yHeight * yWidth;
  const together = filterTogetherScratch(batch, height * width, rows * columns, channels, places, yChannels);
  return together ? together : scratchBytes(yChannels, batch * places, GATHERED * part(batch * places, KC, 1) * 4);
}

/** y = act(patches(x) F + bias). */
export function conv2d(w: usize, x: usize, filter: usize, y: usize, bias: usize, activation: i32, scratch: usize): void {
  const m = patchesOf(w);
  const n = yChannelsOf(w);
  const k = patchOf(w);
  if (togetherScratch(batchOf(w), heightOf(w) * widthOf(w) * channelsOf(w), rowsOf(w) * columnsOf(w), channelsOf(w), n)) {
    convolveTogether(w, x, filter, y, bias, activation, scratch);
    return;
  }
  if (isDirect(w)) {
    convolveDirectly(w, x, filter, y, bias);
    if (activation) activate(activation, y, m * n);
    return;
  }
  const kc = part(k, KC, 1);
  const nc = part(n, NC, 8);
  const panel = scratch + blockBytes(n, k);
  const spare = panel + kc * PANEL_BYTES;
  const tile = spare + MR * 32;
  const stride = <usize>n << 2;
  for (let j = 0; j < n; j += nc) {
    const columns = min(nc, n - j);
    const biasHere = bias ? bias + (<usize>j << 2) : 0;
    for (let p = 0; p < k; p += kc) {
      const depth = min(kc, k - p);
      packB(filter + (<usize>j << 2) + <usize>p * stride, scratch, columns, depth, stride, false);
      for (let i = 0, rows = 0; i < m; i += rows) {
        rows = rowsOfNext(m - i);
        const corner = y + <usize>i * stride + (<usize>j << 2);
        gatherPatches(w, x, i, rows, p, p + depth, tile, <usize>depth << 2);
        packA(tile, panel, rows, depth, <usize>depth << 2, 4);
        strip(0, depth, depth, panel, scratch, corner, stride, p == 0, biasHere, rows, columns, spare);
        if (activation && p + depth >= k) {
          for (let r = 0; r < rows; r++) activate(activation, corner + <usize>r * stride, columns);
        }
      }
    }
  }
}

/** n rows of `channels` floats, each a copy of `bias`, or 0. */
function fillRows(x: usize, bias: usize, n: i32, channels: i32): void {
  const bytes = <usize>channels << 2;
  if (!bias) {
    memory.fill(x, 0, <usize>n * bytes);
    return;
  }
  for (let i = 0; i < n; i++) {
    memory.copy(x, bias, bytes);
    x += bytes;
  }
}

/** x = act(bias + what the rows of G F^T add up to in the image). */
export function conv2dInputGrad(w: usize, g: usize, filter: usize, x: usize, bias: usize, activation: i32, scratch: usize): void {
  const m = patchesOf(w);
  const n = patchOf(w);
  const k = yChannelsOf(w);
  if (togetherScratch(batchOf(w), yHeightOf(w) * yWidthOf(w) * k, rowsOf(w) * columnsOf(w), k, channelsOf(w))) {
    inputGradTogether(w, g, filter, x, bias, activation, scratch);
    return;
  }
  const kc = part(k, KC, 1);
  const nc = part(n, NC, 8);
  const panel = scratch + blockBytes(n, k);
  const spare = panel + kc * PANEL_BYTES;
  const tile = spare + MR * 32;
  const stride = <usize>k << 2;
  const tileStride = <usize>nc << 2;
  const pixels = batchOf(w) * heightOf(w) * widthOf(w);
  fillRows(x, bias, pixels, channelsOf(w));
  for (let j = 0; j < n; j += nc) {
    const columns = min(nc, n - j);
    for (let p = 0; p < k; p += kc) {
      const depth = min(kc, k - p);
      packB(filter + <usize>j * stride + (<usize>p << 2), scratch, columns, depth, stride, true);
      for (let i = 0, rows = 0; i < m; i += rows) {
        rows = rowsOfNext(m - i);
        packA(g + <usize>i * stride + (<usize>p << 2), panel, rows, depth, stride, 4);
        strip(0, depth, depth, panel, scratch, tile, tileStride, true, 0, rows, columns, spare);
        scatterPatches(w, x, i, rows, j, j + columns, tile, tileStride);
      }
    }
  }
  if (activation) activate(activation, x, pixels * channelsOf(w));
}

/** The gradient of the filter = patches(x)^T G. */
export function conv2dFilterGrad(w: usize, x: usize, g: usize, filter: usize, scratch: usize): void {
  const m = patchOf(w);
  const n = yChannelsOf(w);
  const k = patchesOf(w);
  if (filterTogetherScratch(batchOf(w), heightOf(w) * widthOf(w), rowsOf(w) * columnsOf(w), channelsOf(w), yHeightOf(w) * yWidthOf(w), n)) {
    filterGradTogether(w, x, g, filter, scratch);
    return;
  }
  const kc = part(k, KC, 1);
  const nc = part(n, NC, 8);
  const panel = scratch + blockBytes(n, k);
  const spare = panel + kc * PANEL_BYTES;
  const tile = spare + MR * 32;
  const stride = <usize>n << 2;
  const tileStride: usize = GATHERED << 2;
  for (let j = 0; j < n; j += nc) {
    const columns = min(nc, n - j);
    for (let p = 0; p < k; p += kc) {
      const depth = min(kc, k - p);
      packB(g + (<usize>j << 2) + <usize>p * stride, scratch, columns, depth, stride, false);
      for (let from = 0; from < m; from += GATHERED) {
        const width = min(GATHERED, m - from);
        gatherPatches(w, x, p, depth, from, from + width, tile, tileStride);
        for (let i = 0, rows = 0; i < width; i += rows) {
          rows = rowsOfNext(width - i);
          const corner = filter + <usize>(from + i) * stride + (<usize>j << 2);
          packA(tile + (<usize>i << 2), panel, rows, depth, 4, tileStride);
          strip(0, depth, depth, panel, scratch, corner, stride, p == 0, 0, rows, columns, spare);
        }
      }
    }
  }
}
