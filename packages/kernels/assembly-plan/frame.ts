/** A stream of one frame, as `docs/format.md` has it, and the payload of a session's message. */
import { remainder } from "./checksum";
import { Encoder } from "./encoder";
import { codeSymbols, writeCoded } from "./rans";
import { reserve } from "./room";

const HEADER_BYTES = 24;
const CRC_AT = 20;
const LEARNED = 0;
const RAW = 1;
const CODING_SHIFT = 2;
/** Last frame of its stream, with fields. */
const FLAGS = 0x30;
const FIELD_ITEMS = 1;
const FIELD_DIMS = 2;
/** Of header, fields and what is said of a payload, more than there ever are. */
const MOST_HEADER = 64;
/** Of a symbol's words: far outside its table it takes 80 bits. */
const WORD_BYTES: usize = 10;

/** Makes room for so many items, at most 2^20 symbols; whether there is memory. */
export function begin(encoder: Encoder, items: i32): bool {
  const count = <usize>(items * encoder.dims);
  encoder.words = encoder.symbols + 4 * count;
  encoder.written = encoder.words + WORD_BYTES * count + 16;
  return reserve(encoder.written + 4 * count + MOST_HEADER);
}

/** Writes the frame of so many items, of which the symbols are there; its length. */
export function writeFrame(encoder: Encoder, items: i32): i32 {
  const frame = encoder.written;
  store<u32>(frame, 0x1053c9);
  memory.copy(frame + 4, encoder.modelId, 8);
  store<u32>(frame + 12, encoder.quality | (1 << 8));
  const body = writeField(writeField(frame + HEADER_BYTES, FIELD_ITEMS, items), FIELD_DIMS, encoder.dims);
  store<u16>(frame + 14, <u16>(body - frame - HEADER_BYTES));
  const end = writePayload(encoder, items * encoder.dims, body);
  store<u8>(frame + 3, FLAGS | (encoder.coding << CODING_SHIFT));
  store<u32>(frame + 16, <u32>(end - body));
  const header = remainder(encoder.remainders, frame, frame + CRC_AT, -1);
  store<u32>(frame + CRC_AT, ~remainder(encoder.remainders, frame + HEADER_BYTES, end, header));
  return <i32>(end - frame);
}

/** Writes how many items, then their payload, by the same coding; its length. */
export function writeMessage(encoder: Encoder, items: i32): i32 {
  const end = writePayload(encoder, items * encoder.dims, writeNumber(encoder.written, items));
  return <i32>(end - encoder.written);
}

/** By rANS, unless integers of one width are shorter. */
function writePayload(encoder: Encoder, count: i32, at: usize): usize {
  const learned = codeSymbols(encoder, count);
  const width = widthOf(encoder.symbols, count);
  const raw = 1 + ((count * width + 7) >> 3);
  encoder.coding = learned <= raw ? LEARNED : RAW;
  return learned <= raw ? writeCoded(encoder, at) : writeFixedWidth(encoder.symbols, count, width, at);
}

/** The bits of two's complement that all symbols need, 1 to 32. */
function widthOf(symbols: usize, count: i32): i32 {
  let used = 0;
  for (let i = 0; i < count; i++) {
    const symbol = load<i32>(symbols + (<usize>i << 2));
    used |= symbol ^ (symbol >> 31);
  }
  return 33 - clz(used);
}

/** The width, then the symbols in so many bits, lowest bit first, filled up with zeros. */
function writeFixedWidth(symbols: usize, count: i32, width: i32, at: usize): usize {
  store<u8>(at++, width);
  let bits: u64 = 0;
  let held = 0;
  for (let i = 0; i < count; i++) {
    bits |= (<u64>load<u32>(symbols + (<usize>i << 2)) & (((<u64>1) << width) - 1)) << held;
    for (held += width; held >= 8; held -= 8, bits >>= 8) store<u8>(at++, <u8>bits);
  }
  if (held > 0) store<u8>(at++, <u8>bits);
  return at;
}

function writeField(at: usize, type: i32, value: u32): usize {
  store<u8>(at, type);
  const end = writeNumber(at + 2, value);
  store<u8>(at + 1, <u8>(end - at - 2));
  return end;
}

/** Seven bits in each byte, the lowest first. */
function writeNumber(at: usize, value: u32): usize {
  for (; value > 0x7f; value >>= 7) store<u8>(at++, value | 0x80);
  store<u8>(at++, value);
  return at;
}
