/**
 * A window that moves over images, as fifteen int32 in memory: batch, height, width, channels of x; height, width, channels of y;
 * rows, columns of the window; strides, dilations (rows, columns); padding above and to the left.
 */
@inline
export function batchOf(w: usize): i32 { return load<i32>(w); }
@inline
export function heightOf(w: usize): i32 { return load<i32>(w, 4); }
@inline
export function widthOf(w: usize): i32 { return load<i32>(w, 8); }
@inline
export function channelsOf(w: usize): i32 { return load<i32>(w, 12); }
@inline
export function yHeightOf(w: usize): i32 { return load<i32>(w, 16); }
@inline
export function yWidthOf(w: usize): i32 { return load<i32>(w, 20); }
@inline
export function yChannelsOf(w: usize): i32 { return load<i32>(w, 24); }
@inline
export function rowsOf(w: usize): i32 { return load<i32>(w, 28); }
@inline
export function columnsOf(w: usize): i32 { return load<i32>(w, 32); }
@inline
export function rowStrideOf(w: usize): i32 { return load<i32>(w, 36); }
@inline
export function columnStrideOf(w: usize): i32 { return load<i32>(w, 40); }
@inline
export function rowDilationOf(w: usize): i32 { return load<i32>(w, 44); }
@inline
export function columnDilationOf(w: usize): i32 { return load<i32>(w, 48); }
@inline
export function topOf(w: usize): i32 { return load<i32>(w, 52); }
@inline
export function leftOf(w: usize): i32 { return load<i32>(w, 56); }

/** The first k >= 0 with from + k * step >= 0. */
@inline
export function firstInside(from: i32, step: i32): i32 {
  return from >= 0 ? 0 : (step - 1 - from) / step;
}

/** How many k from 0 up have from + k * step < size, of at most `most`. */
@inline
export function endInside(from: i32, step: i32, size: i32, most: i32): i32 {
  return from >= size ? 0 : min(most, (size - 1 - from) / step + 1);
}
