/** Patches: what lies under a window, side by side. `pixel` is how many bytes a pixel has. */
import { Call } from "./call";

/** Of the window at (i, j): in the image where that is so, else gathered into the scratch. */
export function patchAt(call: Call, i: i32, j: i32, pixel: i32): usize {
  const row = i * call.rowStride - call.top;
  const column = j * call.columnStride - call.left;
  const isOne = call.rows == 1 && call.columns == 1;
  if (isOne && <u32>row < <u32>call.height && <u32>column < <u32>call.width) {
    return call.x + <usize>((row * call.width + column) * pixel);
  }
  gather(call, row, column, pixel);
  return call.scratch;
}

function gather(call: Call, top: i32, left: i32, pixel: i32): void {
  const run = call.columns * pixel;
  let to = call.scratch;
  for (let r = 0; r < call.rows; r++, to += <usize>run) {
    const row = top + r * call.rowDilation;
    if (<u32>row >= <u32>call.height) fill(to, call.padding, run);
    else if (call.columnDilation == 1) gatherRun(call, row, left, to, pixel);
    else gatherEach(call, row, left, to, pixel);
  }
}

/** Neighbouring columns: what is beside the image before, what is in it, what is beside it behind. */
@inline
function gatherRun(call: Call, row: i32, left: i32, to: usize, pixel: i32): void {
  const first = min(max(-left, 0), call.columns);
  const end = max(min(call.columns, call.width - left), first);
  fill(to, call.padding, first * pixel);
  const from = call.x + <usize>((row * call.width + left + first) * pixel);
  copy(to + <usize>(first * pixel), from, (end - first) * pixel);
  fill(to + <usize>(end * pixel), call.padding, (call.columns - end) * pixel);
}

@inline
function gatherEach(call: Call, row: i32, left: i32, to: usize, pixel: i32): void {
  for (let k = 0; k < call.columns; k++, to += <usize>pixel) {
    const column = left + k * call.columnDilation;
    if (<u32>column >= <u32>call.width) fill(to, call.padding, pixel);
    else copy(to, call.x + <usize>((row * call.width + column) * pixel), pixel);
  }
}

/** Short runs for the most part: a call of `memory.copy` takes longer. */
@inline
function copy(to: usize, from: usize, length: i32): void {
  let i: usize = 0;
  for (; i + 8 <= <usize>length; i += 8) i64.store(to + i, i64.load(from + i));
  for (; i < <usize>length; i++) i32.store8(to + i, i32.load8_u(from + i));
}

@inline
function fill(to: usize, value: i32, length: i32): void {
  for (let i: usize = 0; i < <usize>length; i++) i32.store8(to + i, value);
}

/** What stands under the window that reaches back from (bottom, right), side by side into the scratch. */
export function gatherApart(call: Call, bottom: i32, right: i32): void {
  const channels = call.channels;
  let to = call.scratch;
  for (let r = 0; r < call.rows; r++) {
    const row = apart(bottom - r * call.rowDilation, call.rowStride, call.height);
    for (let k = 0; k < call.columns; k++, to += <usize>channels) {
      const column = apart(right - k * call.columnDilation, call.columnStride, call.width);
      if (row < 0 || column < 0) fill(to, call.padding, channels);
      else copy(to, call.x + <usize>((row * call.width + column) * channels), channels);
    }
  }
}

/** The pixel at a position on an image whose pixels stand a stride apart; -1 where there is none. */
@inline
function apart(position: i32, stride: i32, size: i32): i32 {
  if (position < 0 || position % stride != 0) return -1;
  const pixel = position / stride;
  return pixel < size ? pixel : -1;
}

