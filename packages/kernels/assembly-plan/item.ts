/** One item: samples to the network's numbers, these to symbols. */
import { Encoder } from "./encoder";
import { quantise } from "./quantise";
import { run } from "./run";

/** What `encodeItem` says. */
const DONE = 0;
const NOT_FINITE = 1;
const NO_SYMBOL = 2;

/**
 * Makes the symbols of the item in `given`, as number `index` of those that are encoded together.
 *
 * @param areBytes whether the samples are bytes, which without units stand for b / 255
 * @returns 0; 1 where a number in `item` is not finite; 2 where no symbol stands for output `refused`
 */
export function encodeItem(encoder: Encoder, index: i32, areBytes: bool): i32 {
  if (encoder.unitRows > 0) standardise(encoder);
  else narrow(encoder, areBytes ? 255 : 1);
  if (!(encoder.isFloat ? isGivenFloats(encoder) : isGivenIntegers(encoder))) return NOT_FINITE;
  run(encoder.calls, encoder.callCount);
  const symbols = encoder.symbols + (<usize>(index * encoder.dims) << 2);
  if (encoder.isFloat) return areSymbols(encoder, symbols) ? DONE : NO_SYMBOL;
  memory.copy(symbols, encoder.output, <usize>encoder.dims << 2);
  return DONE;
}

function narrow(encoder: Encoder, divisor: f64): void {
  const divisors = f64x2.splat(divisor);
  for (let at: usize = 0; at < <usize>encoder.samples << 3; at += 16) {
    place(encoder, at, f64x2.div(v128.load(encoder.given + at), divisors));
  }
}

/** (x - offset) / scale, 0 where scale is 0 and x finite; where there are fills, one of them for NaN. */
function standardise(encoder: Encoder): void {
  const row = <usize>encoder.unitCount << 3;
  const isOne = encoder.unitCount == 1;
  const hasFills = encoder.unitRows == 3;
  let offset = f64x2.splat(0);
  let scale = offset;
  let fill = offset;
  if (isOne) {
    offset = v128.load64_splat(encoder.units);
    scale = v128.load64_splat(encoder.units, 8);
    if (hasFills) fill = v128.load64_splat(encoder.units, 16);
  }
  for (let at: usize = 0; at < <usize>encoder.samples << 3; at += 16) {
    let x = v128.load(encoder.given + at);
    if (!isOne) {
      const unit = encoder.units + at;
      offset = v128.load(unit);
      scale = v128.load(unit + row);
      if (hasFills) fill = v128.load(unit + 2 * row);
    }
    if (hasFills) x = v128.bitselect(fill, x, f64x2.ne(x, x));
    const isLeftOut = v128.and(f64x2.eq(scale, f64x2.splat(0)), f64x2.eq(f64x2.sub(x, x), f64x2.splat(0)));
    place(encoder, at, v128.andnot(f64x2.div(f64x2.sub(x, offset), scale), isLeftOut));
  }
}

/** Two numbers, in float32; of the last of an odd number of them the second is none of the item's. */
@inline
function place(encoder: Encoder, at: usize, two: v128): void {
  v128.store64_lane(encoder.item + (at >> 1), f32x4.demote_f64x2_zero(two), 0);
}

function isGivenIntegers(encoder: Encoder): bool {
  return quantise(encoder.item, encoder.input, encoder.samples, encoder.scale, <f64>encoder.zero) > 0;
}

function isGivenFloats(encoder: Encoder): bool {
  let apart: f32 = 0;
  for (let i: usize = 0; i < <usize>encoder.samples << 2; i += 4) {
    const x = load<f32>(encoder.item + i);
    apart += x - x;
    store<f32>(encoder.input + i, x);
  }
  return apart == 0;
}

/** round((y - offset) / step) in float64, halves to the even integer. */
function areSymbols(encoder: Encoder, symbols: usize): bool {
  const channels = encoder.gridChannels;
  for (let i = 0, c = 0; i < encoder.dims; i++, c = c + 1 == channels ? 0 : c + 1) {
    const step = encoder.grid + (<usize>c << 2);
    const value = <f64>load<f32>(encoder.output + (<usize>i << 2));
    const symbol = nearest<f64>((value - <f64>load<f32>(step + (<usize>channels << 2))) / <f64>load<f32>(step));
    if (!(symbol >= -2147483648 && symbol <= 2147483647)) {
      encoder.refused = i;
      return false;
    }
    store<i32>(symbols + (<usize>i << 2), <i32>symbol);
  }
  return true;
}
