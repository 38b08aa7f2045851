/** Networks in floats: each sum in one order and each product rounded, as `docs/float.md` says, so that the bytes are the same everywhere. */
import { Call } from "./call";
import { BESIDE, under } from "./channelwise";
import { patchAt } from "./gather";

/** Bytes of a row of weights: numbers of all channels, up to the next multiple of four. */
@inline
function rowBytes(call: Call): usize {
  return <usize>((call.yChannels + 3) & -4) << 2;
}

export function conv2dOfFloats(call: Call): void {
  const pixel = call.channels << 2;
  const bytes = <usize>(call.rows * call.columns * pixel);
  let to = call.y;
  for (let i = 0; i < call.yHeight; i++) {
    for (let j = 0; j < call.yWidth; j++) {
      sumsOver(call, patchAt(call, i, j, pixel), bytes, to);
      to += <usize>call.yChannels << 2;
    }
  }
}

/** Sixteen channels at once, then four. What stands behind the last channel the next pixel writes anew. */
function sumsOver(call: Call, patch: usize, bytes: usize, to: usize): void {
  const row = rowBytes(call);
  const end = patch + bytes;
  let c: usize = 0;
  for (; c + 64 <= row; c += 64) {
    let w = call.weights + c;
    let s0 = v128.load(call.records + c);
    let s1 = v128.load(call.records + c, 16);
    let s2 = v128.load(call.records + c, 32);
    let s3 = v128.load(call.records + c, 48);
    for (let p = patch; p < end; p += 4, w += row) {
      const x = v128.load32_splat(p);
      s0 = f32x4.add(s0, f32x4.mul(x, v128.load(w)));
      s1 = f32x4.add(s1, f32x4.mul(x, v128.load(w, 16)));
      s2 = f32x4.add(s2, f32x4.mul(x, v128.load(w, 32)));
      s3 = f32x4.add(s3, f32x4.mul(x, v128.load(w, 48)));
    }
    v128.store(to + c, s0);
    v128.store(to + c, s1, 16);
    v128.store(to + c, s2, 32);
    v128.store(to + c, s3, 48);
  }
  for (; c < row; c += 16) {
    let w = call.weights + c;
    let sum = v128.load(call.records + c);
    for (let p = patch; p < end; p += 4, w += row) {
      sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(p), v128.load(w)));
    }
    v128.store(to + c, sum);
  }
}

/** Depthwise convolutions, and pools where `isPool`. */
export function channelwiseOfFloats(call: Call, isPool: bool): void {
  const times = call.yChannels / call.channels;
  let to = call.y;
  for (let i = 0; i < call.yHeight; i++) {
    for (let j = 0; j < call.yWidth; j++) {
      for (let c = 0; c < call.yChannels; c++, to += 4) f32.store(to, under4(call, i, j, c, c / times, isPool));
    }
  }
}

function under4(call: Call, i: i32, j: i32, c: i32, from: i32, isPool: bool): f32 {
  let weight = call.weights + (<usize>c << 2);
  let value: f32 = isPool ? -Infinity : f32.load(call.records + (<usize>c << 2));
  for (let r = 0; r < call.rows; r++) {
    for (let k = 0; k < call.columns; k++, weight += <usize>call.yChannels << 2) {
      const place = under(call, i, j, r, k, 4);
      if (place == BESIDE) continue;
      const x = f32.load(place + (<usize>from << 2));
      value = isPool ? max(value, x) : value + x * f32.load(weight);
    }
  }
  return value;
}
