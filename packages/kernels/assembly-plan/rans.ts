/** Range asymmetric numeral systems (Duda 2009 and 2013) as `docs/format.md` has them: a state of 32 bits, words of 16. */
import { Encoder } from "./encoder";
import { Table } from "./tables";

const LOWER: u32 = 0x10000;

/** The state, and where the next word goes. */
let x: u32 = 0;
let to: usize = 0;

/** Codes so many symbols, the last one first; how many bytes the payload has. */
export function codeSymbols(encoder: Encoder, count: i32): i32 {
  x = LOWER;
  to = encoder.words;
  for (let i = count - 1, c = encoder.tableCount - 1; i >= 0; i--, c = c == 0 ? encoder.tableCount - 1 : c - 1) {
    pushSymbol(changetype<Table>(encoder.tables + <usize>c * offsetof<Table>()), load<i32>(encoder.symbols + (<usize>i << 2)));
  }
  encoder.state = x;
  encoder.length = <i32>(to - encoder.words);
  return stateBytes(x) + encoder.length;
}

/** Writes what was coded last: the state, then the words, the last one first. Returns where it ends. */
export function writeCoded(encoder: Encoder, at: usize): usize {
  store<u32>(at, encoder.state);
  at += <usize>stateBytes(encoder.state);
  for (let word = encoder.words + <usize>encoder.length; word > encoder.words; at += 2) {
    word -= 2;
    store<u16>(at, load<u16>(word));
  }
  return at;
}

function stateBytes(state: u32): i32 {
  return state < 1 << 24 ? 3 : 4;
}

function pushSymbol(table: Table, symbol: i32): void {
  const count = table.count;
  let index = <i64>symbol - <i64>table.minimum;
  if (index < 0 || index >= <i64>count) {
    pushEscaped(index, count);
    index = count;
  }
  const sum = table.sums + (<usize>index << 2);
  const start = load<u32>(sum);
  const frequency = load<u32>(sum, 4) - start;
  const precision = <u32>table.precision;
  if (x >>> (32 - precision) >= frequency) emit();
  const quotient = x / frequency;
  x = (quotient << precision) + (x - quotient * frequency) + start;
}

/** How far a symbol lies outside the table, by its side and an Exp-Golomb code of order 0 of its distance. */
function pushEscaped(index: i64, count: i32): void {
  const u = <u32>(index < 0 ? -index : index - count + 1);
  const n = 31 - <i32>clz<u32>(u);
  const rest = u - (1 << n);
  pushBits(rest & 0xffff, min(n, 16));
  if (n > 16) pushBits(rest >>> 16, n - 16);
  pushBits(1, 1);
  for (let i = 0; i < n; i++) pushBits(0, 1);
  pushBits(u32(index < 0), 1);
}

/** Equally likely values: frequency 1, start `value`, out of 2^count, of at most 16 bits. */
function pushBits(value: u32, count: i32): void {
  if (<u64>x >= <u64>1 << (32 - count)) emit();
  x = (x << count) + value;
}

function emit(): void {
  store<u16>(to, x);
  to += 2;
  x >>>= 16;
}
