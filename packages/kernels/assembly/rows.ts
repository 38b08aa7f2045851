/** Moving whole rows: blocks of larger arrays, and rows chosen by int32 ids. An id out of range touches no memory but its own result's. */
import { copyRow, repeat } from "./copy";
import { f32s, loadPart, storePart } from "./simd";

function move(x: usize, y: usize, n: i32): void {
  copyRow(x, y, n);
}

function fill(value: f32, y: usize, n: i32): void {
  repeat(f32s(value), y, n);
}

/** `count` blocks of `length` floats: block i goes from xOffset + i xStride to yOffset + i yStride (in elements). */
export function copyBlocks(
  x: usize, y: usize, count: i32, length: i32, xStride: i32, yStride: i32, xOffset: i32, yOffset: i32,
): void {
  x += <usize>xOffset << 2;
  y += <usize>yOffset << 2;
  for (let i = 0; i < count; i++) {
    move(x, y, length);
    x += <usize>xStride << 2;
    y += <usize>yStride << 2;
  }
}

/** `count` blocks of `length` floats, each between `before` and `after` zeros. */
export function pad(x: usize, y: usize, count: i32, length: i32, before: i32, after: i32): void {
  for (let i = 0; i < count; i++) {
    fill(0, y, before);
    y += <usize>before << 2;
    move(x, y, length);
    x += <usize>length << 2;
    y += <usize>length << 2;
    fill(0, y, after);
    y += <usize>after << 2;
  }
}

/** y[i] = table[ids[i]], rows of d floats; NaN where the id is not in [0, n). */
export function gather(table: usize, ids: usize, y: usize, count: i32, n: i32, d: i32): void {
  const bytes = <usize>d << 2;
  for (let i = 0; i < count; i++) {
    const id = load<u32>(ids + (<usize>i << 2));
    if (id < <u32>n) move(table + <usize>id * bytes, y, d);
    else fill(NaN, y, d);
    y += bytes;
  }
}

function addRow(x: usize, y: usize, n: i32): void {
  const whole = <usize>(n & ~3) << 2;
  for (let i: usize = 0; i < whole; i += 16) v128.store(y + i, f32x4.add(v128.load(y + i), v128.load(x + i)));
  const rest = n & 3;
  if (rest) storePart(y + whole, f32x4.add(loadPart(y + whole, rest), loadPart(x + whole, rest)), rest);
}

/** y[rows, d] = 0, then y[ids[i]] += x[i] in the order of i; an id not in [0, rows) is left out. */
export function scatterAdd(x: usize, ids: usize, y: usize, count: i32, rows: i32, d: i32): void {
  const bytes = <usize>d << 2;
  memory.fill(y, 0, <usize>rows * bytes);
  for (let i = 0; i < count; i++) {
    const id = load<u32>(ids + (<usize>i << 2));
    if (id < <u32>rows) addRow(x, y + <usize>id * bytes, d);
    x += bytes;
  }
}

/** y[count, classes] = 1 at the ids, else 0; all 0 where an id is not in [0, classes). */
export function oneHot(ids: usize, y: usize, count: i32, classes: i32): void {
  const bytes = <usize>classes << 2;
  memory.fill(y, 0, <usize>count * bytes);
  for (let i = 0; i < count; i++) {
    const id = load<u32>(ids + (<usize>i << 2));
    if (id < <u32>classes) store<f32>(y + (<usize>id << 2), 1);
    y += bytes;
  }
}
