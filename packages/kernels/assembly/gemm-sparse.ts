/**
 * The product of `gemm` for an A that is mostly zero, to the same bits: A's rows become lists of their elements that are not zero, and each
 * element adds a row of B, a block of columns at a time, to sums in registers. Blocks of k are those of `gemm`, so sums are the same.
 * For a B that is mostly zero it is C' = B' A', turned as it is stored.
 */
import { activate, edge, gemm, gemmScratch, isByColumns, KC, part } from "./gemm";
import { allFinite, packEight, packWide, WIDE } from "./gemm-pack";
import { timesRows } from "./gemv";
import { sumsBefore } from "./gemm-tile";
import { f32s, loadPart, multiplyAdd, storePart } from "./simd";

/** Columns of a block of B, and of its narrower ones, with which the last columns make do: 8, 6 and 4 sums. */
// @ts-ignore: decorator
@inline const WIDTH: i32 = WIDE;
// @ts-ignore: decorator
@inline const NARROWER: i32 = 24;
// @ts-ignore: decorator
@inline const NARROW: i32 = 16;

/** Bytes of a row of a block. */
// @ts-ignore: decorator
@inline const WIDE_BYTES: i32 = WIDTH * 4;

/** Rows of A whose lists are there at the same time. */
// @ts-ignore: decorator
@inline const MOST_ROWS: i32 = 256;

/** Neighbouring rows that go to one share: groups are dealt out in turns, as the middle of an image has less zeros than its ends. */
// @ts-ignore: decorator
@inline const GROUP: i32 = 8;

/** An element of a list: the value, then the offset of B's row in its block. */
// @ts-ignore: decorator
@inline const ENTRY: i32 = 8;

/** Bytes from one list to the next: an odd number of cache lines, room for one element more than there are. */
@inline
function listBytes(kc: i32): i32 {
  return ((kc * ENTRY + 64 + 63) & ~63) | 64;
}

@inline
function rowsOfLists(m: i32): i32 {
  return min(MOST_ROWS, (m + GROUP - 1) & ~(GROUP - 1));
}

/** Bytes of scratch that `sparseGemm` needs for each share; `transposed` as there. */
export function sparseGemmScratch(transposed: i32, m: i32, n: i32, k: i32): i32 {
  const kc = part(k, KC, 1);
  const own = rowsOfLists(m) * (listBytes(kc) + 4) + (kc + GROUP + 1) * WIDE_BYTES;
  return max((own + 63) & ~63, gemmScratch(transposed & 1, transposed >> 1, m, n, k));
}

/** How many of n floats are not zero: stored at `tally`, and after it whether they are at most `atMost`. */
export function countNonZero(x: usize, n: i32, atMost: i32, tally: usize): void {
  let counts = i32x4.splat(0);
  const zero = f32s(0);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    counts = i32x4.sub(counts, f32x4.ne(v128.load(x), zero));
    x += 16;
  }
  if (i < n) counts = i32x4.sub(counts, f32x4.ne(loadPart(x, n - i), zero));
  const pairs = i32x4.add(counts, v128.shuffle<i32>(counts, counts, 2, 3, 0, 1));
  const count = i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1);
  store<i32>(tally, count);
  store<i32>(tally, i32(count <= atMost), 4);
}

/** Appends lane `lane` as the element at `offset`; it stays if its bit is in `mask`. */
@inline
function append(to: usize, x: v128, lane: u8, offset: i32, mask: i32): usize {
  if (lane == 0) v128.store_lane<u32>(to, x, 0);
  else if (lane == 1) v128.store_lane<u32>(to, x, 1);
  else if (lane == 2) v128.store_lane<u32>(to, x, 2);
  else v128.store_lane<u32>(to, x, 3);
  store<i32>(to, offset, 4);
  return to + ((mask >> lane & 1) * ENTRY);
}

/** The list of one row whose elements lie side by side; returns its end. `all` is 0, or 15 to keep zeros too. */
function listRow(a: usize, to: usize, kc: i32, all: i32): usize {
  for (let p = 0; p < kc; p += 4) {
    const rest = kc - p;
    const x = rest >= 4 ? v128.load(a) : loadPart(a, rest);
    let mask = all | i32x4.bitmask(f32x4.ne(x, f32s(0)));
    if (rest < 4) mask &= (1 << rest) - 1;
    if (mask) {
      const offset = p * WIDE_BYTES;
      to = append(to, x, 0, offset, mask);
      to = append(to, x, 1, offset + WIDE_BYTES, mask);
      to = append(to, x, 2, offset + 2 * WIDE_BYTES, mask);
      to = append(to, x, 3, offset + 3 * WIDE_BYTES, mask);
    }
    a += 16;
  }
  return to;
}

/** The lists, `step` bytes apart, of `rows` <= 4 rows of op(A) whose elements for one k lie side by side; stores where they end. */
function listColumns(
  a: usize, to: usize, step: usize, ends: usize, rows: i32, kc: i32, stride: usize, all: i32,
): void {
  let to1 = to + step, to2 = to + 2 * step, to3 = to + 3 * step;
  all &= (1 << rows) - 1;
  for (let offset = 0; offset < kc * WIDE_BYTES; offset += WIDE_BYTES) {
    const x = rows == 4 ? v128.load(a) : loadPart(a, rows);
    const mask = all | i32x4.bitmask(f32x4.ne(x, f32s(0)));
    if (mask) {
      to = append(to, x, 0, offset, mask);
      to1 = append(to1, x, 1, offset, mask);
      to2 = append(to2, x, 2, offset, mask);
      to3 = append(to3, x, 3, offset, mask);
    }
    a += stride;
  }
  store<usize>(ends, to);
  store<usize>(ends, to1, 4);
  store<usize>(ends, to2, 8);
  store<usize>(ends, to3, 12);
}

@inline
function finish(c: usize, sum: v128, first: bool, bias: usize): void {
  v128.store(c, f32x4.add(sumsBefore(c, first, bias, 4), sum));
}

/**
 * C's next `width` columns from a list and a block of B. Engines would load all of a row of the block before they add, for which registers do not
 * suffice beside eight sums, but move no load past a branch: so there is one that never leaves.
 */
@inline
function addRows(width: i32, from: usize, end: usize, b: usize, c: usize, first: bool, bias: usize): void {
  let s0 = f32s(0), s1 = f32s(0), s2 = f32s(0), s3 = f32s(0);
  let s4 = f32s(0), s5 = f32s(0), s6 = f32s(0), s7 = f32s(0);
  while (from < end) {
    const row = b + load<u32>(from, 4);
    const x = v128.load32_splat(from);
    s0 = multiplyAdd(x, v128.load(row), s0);
    s1 = multiplyAdd(x, v128.load(row, 16), s1);
    s2 = multiplyAdd(x, v128.load(row, 32), s2);
    s3 = multiplyAdd(x, v128.load(row, 48), s3);
    if (width > NARROW) {
      if (width == WIDTH && !end) break;
      s4 = multiplyAdd(x, v128.load(row, 64), s4);
      s5 = multiplyAdd(x, v128.load(row, 80), s5);
    }
    if (width == WIDTH) {
      s6 = multiplyAdd(x, v128.load(row, 96), s6);
      s7 = multiplyAdd(x, v128.load(row, 112), s7);
    }
    from += ENTRY;
  }
  finish(c, s0, first, bias);
  finish(c + 16, s1, first, bias ? bias + 16 : 0);
  finish(c + 32, s2, first, bias ? bias + 32 : 0);
  finish(c + 48, s3, first, bias ? bias + 48 : 0);
  if (width > NARROW) {
    finish(c + 64, s4, first, bias ? bias + 64 : 0);
    finish(c + 80, s5, first, bias ? bias + 80 : 0);
  }
  if (width == WIDTH) {
    finish(c + 96, s6, first, bias ? bias + 96 : 0);
    finish(c + 112, s7, first, bias ? bias + 112 : 0);
  }
}

/** Whole vectors of C's columns from sums in `spare`, then the rest. */
@inline
function finishEdge(c: usize, spare: usize, first: bool, bias: usize, columns: i32): void {
  let j: usize = 0;
  for (const whole = <usize>(columns & ~3) << 2; j < whole; j += 16) finish(c + j, v128.load(spare + j), first, bias ? bias + j : 0);
  const rest = columns & 3;
  if (!rest) return;
  const before = sumsBefore(c + j, first, bias ? bias + j : 0, rest);
  storePart(c + j, f32x4.add(before, v128.load(spare + j)), rest);
}

function addWholeBlock(from: usize, end: usize, b: usize, c: usize, first: bool, bias: usize): void {
  addRows(WIDTH, from, end, b, c, first, bias);
}

function addNarrowerBlock(from: usize, end: usize, b: usize, c: usize, first: bool, bias: usize): void {
  addRows(NARROWER, from, end, b, c, first, bias);
}

function addNarrowBlock(from: usize, end: usize, b: usize, c: usize, first: bool, bias: usize): void {
  addRows(NARROW, from, end, b, c, first, bias);
}

/** `columns` <= WIDTH of a row of C; if fewer, they are computed whole in `spare`. */
@inline
function addBlock(
  from: usize, end: usize, b: usize, c: usize, first: bool, bias: usize, columns: i32, spare: usize,
): void {
  if (columns == WIDTH) {
    addWholeBlock(from, end, b, c, first, bias);
    return;
  }
  if (columns > NARROWER) addWholeBlock(from, end, b, spare, true, 0);
  else if (columns > NARROW) addNarrowerBlock(from, end, b, spare, true, 0);
  else addNarrowBlock(from, end, b, spare, true, 0);
  finishEdge(c, spare, first, bias, columns);
}

/** Row of C, and of op(A), that is row t of a share: the rows of group `index`, then of group `index + count`, and so on. */
@inline
function rowOf(t: i32, index: i32, count: i32): i32 {
  return (t / GROUP * count + index) * GROUP + t % GROUP;
}

/** How many of m rows a share has. */
@inline
function shareOf(m: i32, index: i32, count: i32): i32 {
  const turn = count * GROUP;
  return m / turn * GROUP + min(max(m % turn - index * GROUP, 0), GROUP);
}

/** `columns` <= WIDTH rows of C, of a group's elements each, from a group of lists: what they make is turned, and so are sums that are there before. */
function addTurned(
  lists: usize, step: usize, ends: usize, block: usize, c: usize, stride: usize, columns: i32, first: bool, tile: usize,
): void {
  const spare = tile + GROUP * WIDE_BYTES;
  for (let j = 0; !first && j < columns; j += 8) {
    packEight(c + <usize>j * stride, tile + (<usize>j << 2), columns - j, GROUP, stride, true, WIDE_BYTES);
  }
  for (let row = tile; row < spare; row += WIDE_BYTES) {
    addBlock(lists, load<usize>(ends), block, row, first, 0, columns, spare);
    lists += step;
    ends += 4;
  }
  packEight(tile, c, GROUP, columns, WIDE_BYTES, true, stride);
}

/**
 * The product without the zeros of A. `turned`: its transpose is stored, of rows that make whole groups, without bias and activation; the rows of
 * a share are then neighbours, as they are stored side by side.
 */
function leaveOutZeros(
  transA: i32, transB: i32, m: i32, n: i32, k: i32, a: usize, b: usize, c: usize, bias: usize, activation: i32, lists: usize,
  most: i32, index: i32, count: i32, turned: bool,
): void {
  const kc = part(k, KC, 1);
  const ends = lists + most * listBytes(kc);
  const block = ends + (most << 2);
  const spare = block + kc * WIDE_BYTES;
  const aRow: usize = transA ? 4 : <usize>k << 2;
  const aK: usize = transA ? <usize>m << 2 : 4;
  const bColumn: usize = transB ? <usize>k << 2 : 4;
  const bK: usize = transB ? 4 : <usize>n << 2;
  const stride = <usize>(turned ? m : n) << 2;
  let first = 0, last = n;
  if (turned) {
    const start = edge(m, GROUP, index, count);
    m = edge(m, GROUP, index + 1, count) - start;
    a += <usize>start * aRow;
    c += <usize>start << 2;
    index = 0;
    count = 1;
  } else if (isByColumns(m, n)) {
    first = edge(n, NARROW, index, count);
    last = edge(n, NARROW, index + 1, count);
    index = 0;
    count = 1;
  }
  const own = shareOf(m, index, count);
  /** Lanes to be kept although they are zero: all of them once B is known to hold what is not finite, as 0 times NaN is not 0. */
  let all = 0;
  for (let start = 0; start < own; start += most) {
    const rows = min(most, own - start);
    let p = 0;
    do {
      const depth = min(kc, k - p);
      let listed = false;
      for (let j = first; j < last; j += WIDTH) {
        const columns = min(WIDTH, last - j);
        packWide(b + <usize>j * bColumn + <usize>p * bK, block, columns, depth, transB ? bColumn : bK, transB != 0);
        if (!all && start == 0 && !allFinite(block, depth * WIDE_BYTES)) {
          all = 15;
          listed = false;
        }
        for (let t = 0; !listed && t < rows; t += transA ? 4 : 1) {
          const from = a + <usize>rowOf(start + t, index, count) * aRow + <usize>p * aK;
          const to = lists + t * listBytes(kc);
          const end = ends + (t << 2);
          if (transA) listColumns(from, to, listBytes(kc), end, min(4, rows - t), depth, aK, all);
          else store<usize>(end, listRow(from, to, depth, all));
        }
        listed = true;
        for (let t = 0; turned && t < rows; t += GROUP) {
          const corner = c + <usize>j * stride + (<usize>(start + t) << 2);
          addTurned(lists + t * listBytes(kc), listBytes(kc), ends + (t << 2), block, corner, stride, columns, p == 0, spare);
        }
        const biasHere = bias ? bias + (<usize>j << 2) : 0;
        for (let t = 0; !turned && t < rows; t++) {
          const from = lists + t * listBytes(kc);
          const end = load<usize>(ends + (t << 2));
          if (from == end && p > 0) continue;
          const corner = c + <usize>rowOf(start + t, index, count) * stride + (<usize>j << 2);
          addBlock(from, end, block, corner, p == 0, biasHere, columns, spare);
        }
      }
      p += kc;
    } while (p < k);
    for (let t = 0; activation && t < rows; t++) {
      activate(activation, c + <usize>rowOf(start + t, index, count) * stride + (<usize>first << 2), last - first);
    }
  }
}

/**
 * `gemm` for an A, or a B, that may be mostly zero: the tallies are what `countNonZero` left for them, or 0 for what was not counted, and say which
 * way is taken. B's is 0 unless n is a multiple of 8 and there is neither bias nor activation. The bits are those of `gemm` in any way.
 * `transposed`: 1 for A, 2 for B, or their sum. Shares are groups of rows, or columns where `gemm` has columns, and then each lists all
 * of A; without the zeros of B they are always columns, and each packs all of A.
 */
export function sparseGemm(
  transposed: i32, m: i32, n: i32, k: i32, a: usize, b: usize, c: usize, bias: usize, activation: i32, scratch: usize,
  tallyA: usize, tallyB: usize, share: i32,
): void {
  const transA = transposed & 1;
  const transB = transposed >> 1;
  const count = max(share >> 8, 1);
  const index = share & 255;
  const lists = scratch + index * sparseGemmScratch(transposed, m, n, k);
  const most = rowsOfLists(m);
  if (tallyA && load<i32>(tallyA, 4)) leaveOutZeros(transA, transB, m, n, k, a, b, c, bias, activation, lists, most, index, count, false);
  else if (tallyB && load<i32>(tallyB, 4)) leaveOutZeros(1 - transB, 1 - transA, n, m, k, b, a, c, 0, 0, lists, most, index, count, true);
  else gemm(transA, transB, m, n, k, a, b, c, bias, activation, scratch, share);
}

/**
 * `gemm` for so few rows of A that nothing is packed, without transposes: rows of B that only zeros of A would multiply are not read. `tally` is
 * what `countNonZero` left for A; `finite` the address of an int32, not 0 if all of B is known to be finite, without which all of it is read.
 */
export function sparseRows(
  m: i32, n: i32, k: i32, a: usize, b: usize, c: usize, bias: usize, activation: i32, tally: usize, finite: usize,
): void {
  const sparse = load<i32>(tally, 4) != 0 && load<i32>(finite) != 0;
  for (let i = 0; i < m; i++) {
    timesRows(n, k, a, b, c, bias, sparse);
    activate(activation, c, n);
    a += <usize>k << 2;
    c += <usize>n << 2;
  }
}
