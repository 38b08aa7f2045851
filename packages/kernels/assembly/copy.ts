/** Moving data: strided reads (broadcasts, transposes, slices), fills, copies and casts. */
import { f32s, loadPart, storePart } from "./simd";

@inline
export function copyRow(x: usize, y: usize, n: i32): void {
  const whole = <usize>(n & ~3) << 2;
  for (let i: usize = 0; i < whole; i += 16) v128.store(y + i, v128.load(x + i));
  const rest = n & 3;
  if (rest) storePart(y + whole, loadPart(x + whole, rest), rest);
}

@inline
export function repeat(value: v128, y: usize, n: i32): void {
  const whole = <usize>(n & ~3) << 2;
  for (let i: usize = 0; i < whole; i += 16) v128.store(y + i, value);
  const rest = n & 3;
  if (rest) storePart(y + whole, value, rest);
}

@inline
function gatherRow(x: usize, y: usize, n: i32, stride: usize): void {
  for (let i = 0; i < n; i++) {
    store<f32>(y, load<f32>(x));
    x += stride;
    y += 4;
  }
}

/** Rows and columns of y in a block. Cache lines that lie far apart push each other out of the cache, so those of a block, of x and of y, are used up together. */
// @ts-ignore: decorator
@inline const BLOCK_ROWS: i32 = 16;
// @ts-ignore: decorator
@inline const BLOCK_COLUMNS: i32 = 32;

/** A vector of each of four rows, `stride` bytes apart, becomes a vector of each of four rows `toStride` bytes apart. */
@inline
export function transposeFour(from: usize, to: usize, stride: usize, toStride: usize): void {
  const a = v128.load(from);
  const b = v128.load(from + stride);
  const c = v128.load(from + 2 * stride);
  const d = v128.load(from + 3 * stride);
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const ef = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const gh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(ab, cd, 0, 2));
  v128.store(to + toStride, v128.shuffle<i64>(ab, cd, 1, 3));
  v128.store(to + 2 * toStride, v128.shuffle<i64>(ef, gh, 0, 2));
  v128.store(to + 3 * toStride, v128.shuffle<i64>(ef, gh, 1, 3));
}

/** As `transpose`, of a block; y's rows are `yStride` bytes apart. */
@inline
function transposeBlock(x: usize, y: usize, rows: i32, columns: i32, xStride: usize, yStride: usize): void {
  const edge = columns & 3;
  for (; rows >= 4; rows -= 4) {
    let from = x, to = y;
    for (const end = y + (<usize>(columns & ~3) << 2); to != end; to += 16) {
      transposeFour(from, to, xStride, yStride);
      from += 4 * xStride;
    }
    for (let i: usize = 0; edge && i < 4; i++) gatherRow(from + (i << 2), to + i * yStride, edge, xStride);
    x += 16;
    y += 4 * yStride;
  }
  for (; rows > 0; rows--) {
    gatherRow(x, y, columns, xStride);
    x += 4;
    y += yStride;
  }
}

/** Rows of x become columns of y: y[i, j] = x[j, i]; x's rows are `xStride` bytes apart, y's are dense with `columns` elements. */
export function transpose(x: usize, y: usize, rows: i32, columns: i32, xStride: usize): void {
  const yStride = <usize>columns << 2;
  for (let i = 0; i < rows; i += BLOCK_ROWS) {
    for (let j = 0; j < columns; j += BLOCK_COLUMNS) {
      const from = x + (<usize>i << 2) + <usize>j * xStride, to = y + <usize>i * yStride + (<usize>j << 2);
      transposeBlock(from, to, min(BLOCK_ROWS, rows - i), min(BLOCK_COLUMNS, columns - j), xStride, yStride);
    }
  }
}

/**
 * y, dense [d0, d1, d2, d3], from x by element strides (0 repeats). Fast when the last stride is 0 or 1, and for transposes
 * (last stride anything, the one before it 1).
 */
export function copyStrided(
  x: usize, y: usize, d0: i32, d1: i32, d2: i32, d3: i32, s0: i32, s1: i32, s2: i32, s3: i32,
): void {
  if (d3 == 1) {
    d3 = d2;
    s3 = s2;
    d2 = 1;
  } else if (s2 == s3 * d3) {
    d3 *= d2;
    d2 = 1;
  }
  const plane = <usize>d2 * <usize>d3 << 2;
  const rowBytes = <usize>d3 << 2;
  for (let i = 0; i < d0; i++) {
    for (let j = 0; j < d1; j++) {
      let from = x + (<usize>(i * s0 + j * s1) << 2);
      if (d2 > 1 && s2 == 1 && s3 > 1) {
        transpose(from, y, d2, d3, <usize>s3 << 2);
      } else {
        let to = y;
        for (let k = 0; k < d2; k++) {
          if (s3 == 1) copyRow(from, to, d3);
          else if (s3 == 0) {
            if (d3 > 0) repeat(v128.load32_splat(from), to, d3);
          } else gatherRow(from, to, d3, <usize>s3 << 2);
          from += <usize>s2 << 2;
          to += rowBytes;
        }
      }
      y += plane;
    }
  }
}

/** y = value, n times. */
export function fillWith(y: usize, value: f32, n: i32): void {
  repeat(f32x4.splat(value), y, n);
}

/** Bytes from x to y; the two may overlap. */
export function copyBytes(x: usize, y: usize, bytes: i32): void {
  memory.copy(y, x, bytes);
}

/** u8 to f32; x and y do not overlap. */
export function castU8(x: usize, y: usize, n: i32): void {
  let left = n;
  for (; left >= 8; left -= 8) {
    const words = v128.load_ext<u8>(x);
    v128.store(y, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(words)));
    v128.store(y, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(words)), 16);
    x += 8;
    y += 32;
  }
  for (; left > 0; left--) {
    store<f32>(y, <f32>load<u8>(x));
    x += 1;
    y += 4;
  }
}

/** i32 to f32, to nearest; y may be x. */
export function castI32(x: usize, y: usize, n: i32): void {
  const whole = <usize>(n & ~3) << 2;
  for (let i: usize = 0; i < whole; i += 16) v128.store(y + i, f32x4.convert_i32x4_s(v128.load(x + i)));
  const rest = n & 3;
  if (rest) storePart(y + whole, f32x4.convert_i32x4_s(loadPart(x + whole, rest)), rest);
}
