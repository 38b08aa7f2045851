/** What treats each channel by itself: depthwise convolutions, pools, lookups. */
import { Call } from "./call";
import { store } from "./store";

export function depthwise(call: Call): void {
  const yChannels = call.yChannels;
  const isEven = yChannels == call.channels;
  let at = 0;
  for (let i = 0; i < call.yHeight; i++) {
    for (let j = 0; j < call.yWidth; j++) {
      let c = 0;
      if (isEven) for (; c + 8 <= yChannels; c += 8) eightUnder(call, i, j, at + c, c);
      for (; c < yChannels; c++) store(call, at + c, c, oneUnder(call, i, j, c));
      at += yChannels;
    }
  }
}

/** No address. */
export const BESIDE: usize = usize.MAX_VALUE;

/** Where the channels of x begin, `size` bytes each, under row r and column k of the window at (i, j); `BESIDE` beside the image. */
@inline
export function under(call: Call, i: i32, j: i32, r: i32, k: i32, size: i32 = 1): usize {
  const row = i * call.rowStride - call.top + r * call.rowDilation;
  const column = j * call.columnStride - call.left + k * call.columnDilation;
  if (<u32>row >= <u32>call.height || <u32>column >= <u32>call.width) return BESIDE;
  return call.x + <usize>((row * call.width + column) * call.channels * size);
}

function oneUnder(call: Call, i: i32, j: i32, c: i32): i32 {
  const channel = <usize>(c / (call.yChannels / call.channels));
  let weight = call.weights + <usize>c;
  let sum = 0;
  for (let r = 0; r < call.rows; r++) {
    for (let k = 0; k < call.columns; k++, weight += <usize>call.yChannels) {
      const place = under(call, i, j, r, k);
      sum += (place != BESIDE ? i32.load8_s(place + channel) : call.padding) * i32.load8_s(weight);
    }
  }
  return sum;
}

/** Eight channels that each read the channel of x with their number. */
function eightUnder(call: Call, i: i32, j: i32, at: i32, c: i32): void {
  let weight = call.weights + <usize>c;
  let low = i32x4.splat(0);
  let high = low;
  for (let r = 0; r < call.rows; r++) {
    for (let k = 0; k < call.columns; k++, weight += <usize>call.yChannels) {
      const place = under(call, i, j, r, k);
      const x = place != BESIDE ? v128.load_ext<i8>(place + <usize>c) : i16x8.splat(<i16>call.padding);
      const w = v128.load_ext<i8>(weight);
      low = i32x4.add(low, i32x4.extmul_low_i16x8_s(x, w));
      high = i32x4.add(high, i32x4.extmul_high_i16x8_s(x, w));
    }
  }
  store(call, at, c, i32x4.extract_lane(low, 0));
  store(call, at + 1, c + 1, i32x4.extract_lane(low, 1));
  store(call, at + 2, c + 2, i32x4.extract_lane(low, 2));
  store(call, at + 3, c + 3, i32x4.extract_lane(low, 3));
  store(call, at + 4, c + 4, i32x4.extract_lane(high, 0));
  store(call, at + 5, c + 5, i32x4.extract_lane(high, 1));
  store(call, at + 6, c + 6, i32x4.extract_lane(high, 2));
  store(call, at + 7, c + 7, i32x4.extract_lane(high, 3));
}

export function maxPool(call: Call): void {
  const channels = call.channels;
  let to = call.y;
  for (let i = 0; i < call.yHeight; i++) {
    for (let j = 0; j < call.yWidth; j++) {
      let c = 0;
      for (; c + 16 <= channels; c += 16) v128.store(to + <usize>c, sixteenLargest(call, i, j, c));
      for (; c < channels; c++) i32.store8(to + <usize>c, oneLargest(call, i, j, c));
      to += <usize>channels;
    }
  }
}

function sixteenLargest(call: Call, i: i32, j: i32, c: i32): v128 {
  let most = i8x16.splat(-128);
  for (let r = 0; r < call.rows; r++) {
    for (let k = 0; k < call.columns; k++) {
      const place = under(call, i, j, r, k);
      if (place != BESIDE) most = i8x16.max_s(most, v128.load(place + <usize>c));
    }
  }
  return most;
}

function oneLargest(call: Call, i: i32, j: i32, c: i32): i32 {
  let most = -128;
  for (let r = 0; r < call.rows; r++) {
    for (let k = 0; k < call.columns; k++) {
      const place = under(call, i, j, r, k);
      if (place != BESIDE) most = max(most, i32.load8_s(place + <usize>c));
    }
  }
  return most;
}

export function lookup(call: Call): void {
  const table = call.weights + 128;
  for (let i: usize = 0; i < <usize>call.length; i++) {
    i32.store8(call.y + i, i32.load8_s(table + <usize><isize>i32.load8_s(call.x + i)));
  }
}
