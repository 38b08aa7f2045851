/** How symbols become bytes: a table of frequencies for each channel, as a bundle has them. */

/** Of a channel, before its running sums: `count` symbols from `minimum` on, then the escape. */
@unmanaged
export class Table {
  precision: i32;
  minimum: i32;
  count: i32;
  /** Where the running sums are, uint32: `count` + 2 of them, from 0 to 2^precision. */
  sums: usize;
}

/** Bytes of all tables of a section at the most: each frequency takes one byte at least there, each table five. */
export function tableBytes(section: i32): u64 {
  return 9 * <u64>section + 24;
}

/** Where the next number begins, and whether any was not as it must be. */
let cursor: usize = 0;
let isBad: bool = false;

/** Reads so many tables that lie side by side from `at` up to `end`, and writes them; whether they are as they must be, and nothing is left. */
export function readTables(at: usize, end: usize, count: i32, tables: usize): bool {
  cursor = at;
  isBad = false;
  let sums = tables + <usize>count * offsetof<Table>();
  for (let c = 0; c < count && !isBad; c++) {
    const table = changetype<Table>(tables + <usize>c * offsetof<Table>());
    sums = readTable(table, sums, end);
  }
  return !isBad && cursor == end;
}

/** Returns where the running sums of the next one go. */
function readTable(table: Table, sums: usize, end: usize): usize {
  const precision = nextNumber(end);
  const zigzag = nextNumber(end);
  const count = nextNumber(end);
  if (isBad || precision < 12 || precision > 16 || count < 1 || count >= <u32>(end - cursor)) {
    isBad = true;
    return sums;
  }
  table.precision = precision;
  table.minimum = <i32>((zigzag >>> 1) ^ -(zigzag & 1));
  table.count = count;
  table.sums = sums;
  if (<i64>table.minimum + <i64>count - 1 > <i64>i32.MAX_VALUE) isBad = true;
  const total: u32 = 1 << precision;
  let sum: u32 = 0;
  store<u32>(sums, 0);
  for (let i: u32 = 0; i <= count; i++) {
    const frequency = nextNumber(end);
    if (isBad || frequency < 1 || frequency > total - sum) {
      isBad = true;
      return sums;
    }
    sum += frequency;
    sums += 4;
    store<u32>(sums, sum);
  }
  if (sum != total) isBad = true;
  return sums + 4;
}

/** Seven bits in each byte, the lowest first, the high bit set in all but the last; below 2^32 and in its shortest form. */
function nextNumber(end: usize): u32 {
  let value: u64 = 0;
  for (let shift: u64 = 0; shift < 35 && cursor < end; shift += 7) {
    const byte = <u64>load<u8>(cursor++);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      if (value >> 32 != 0 || (byte == 0 && shift > 0)) isBad = true;
      return <u32>value;
    }
  }
  isBad = true;
  return 0;
}

/** What a section of tables begins with, behind its first byte: symbols of an item, then how many tables there are. */
export let dims: u32 = 0;
export let channels: u32 = 0;

/** Reads them; where the tables begin, or 0. */
export function readCounts(at: usize, end: usize): usize {
  cursor = at;
  isBad = false;
  dims = nextNumber(end);
  channels = nextNumber(end);
  return isBad ? 0 : cursor;
}
