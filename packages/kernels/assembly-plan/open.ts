/** Reads a bundle without trust, and lays out what encoding needs. */
import { Call } from "./call";
import { FLOATS, PlanHead, productsOf } from "./check-plan";
import { Encoder } from "./encoder";
import { reserve } from "./room";
import { CODING, CONSTANTS, MODEL, PLAN, readSections, sectionOf, Section, UNITS } from "./sections";
import { channels, dims, readCounts, readTables, tableBytes } from "./tables";

const MODEL_BYTES = 104;
const ID_BYTES = 8;
const CALL_FIELDS = <i32>(offsetof<Call>() >> 2);
const MAX_DIMS: u32 = 1 << 16;
const TABLE: usize = 4096;
/** What may be read and written behind an item: an odd number of samples is taken two by two. */
const SLACK: usize = 16;

/** Of the encoder itself, and of what lies between its parts. */
const AROUND: u64 = 1024;

/** Where what is laid out next goes. */
let free: usize = 0;

/**
 * Opens the encoder of a bundle: moves its plan's constants to the beginning of the memory, and what encoding needs behind its plan.
 *
 * @param file from 8,192 on, below it all zero
 * @param maxMemory of the plan's memory, in bytes
 * @param maxProducts of the products for an item
 * @returns where the `Encoder` lies; 0 where anything is not as it must be, or there is no memory: `readBundle` of `@isthmus/edge` says what
 */
export function open(file: usize, length: i32, maxMemory: f64, maxProducts: f64): usize {
  const sections = TABLE;
  if (!readSections(file, length, 0, sections)) return 0;
  const plan = sectionOf(sections, PLAN);
  const constants = sectionOf(sections, CONSTANTS);
  const coding = sectionOf(sections, CODING);
  if (sectionOf(sections, MODEL).length != MODEL_BYTES || plan.at == 0 || constants.at == 0 || coding.length < 1) return 0;
  const head = changetype<PlanHead>(plan.at);
  if (!isPlan(head, plan.length) || <f64>head.memoryBytes > maxMemory) return 0;
  const products = productsOf(head, constants.at, constants.length);
  if (products < 0 || products > maxProducts) return 0;
  const memoryBytes = <usize>head.memoryBytes;
  free = max(memoryBytes, file + <usize>length);
  const samples = <usize>head.samples;
  const copies = <u64>sectionOf(sections, UNITS).length + <u64>plan.length + TABLE;
  if (!reserve(<u64>free + tableBytes(coding.length) + copies + 12 * <u64>samples + AROUND)) return 0;
  const encoder = changetype<Encoder>(laidOut(offsetof<Encoder>()));
  if (!openTables(encoder, coding, head.outputs) || !openUnits(encoder, sectionOf(sections, UNITS), head.samples)) return 0;
  openPlan(encoder, head);
  encoder.modelId = copied(sectionOf(sections, MODEL).at, ID_BYTES);
  encoder.remainders = copied(0, TABLE);
  encoder.given = laidOut(8 * samples + SLACK);
  encoder.item = laidOut(4 * samples + SLACK);
  encoder.symbols = laidOut(0);
  // Last, since the sections' places and the file are overwritten.
  const constantBytes = <usize>constants.length;
  memory.copy(0, constants.at, constantBytes);
  memory.fill(constantBytes, 0, memoryBytes - constantBytes);
  return changetype<usize>(encoder);
}

function isPlan(head: PlanHead, length: i32): bool {
  if (length < <i32>offsetof<PlanHead>() || head.fields != CALL_FIELDS || head.count < 0) return false;
  return <i64>length == <i64>offsetof<PlanHead>() + <i64>offsetof<Call>() * <i64>head.count;
}

function openTables(encoder: Encoder, coding: Section, outputs: i32): bool {
  const end = coding.at + <usize>coding.length;
  const first = readCounts(coding.at + 1, end);
  if (first == 0 || dims < 1 || dims > MAX_DIMS || channels < 1 || dims % channels != 0 || dims != <u32>outputs) return false;
  // Each has five bytes at least: no more are made room for.
  if (channels > <u32>coding.length / 5) return false;
  encoder.quality = load<u8>(coding.at);
  encoder.dims = dims;
  encoder.tableCount = channels;
  encoder.tables = laidOut(<usize>tableBytes(coding.length));
  return readTables(first, end, channels, encoder.tables);
}

/** Offsets, scales and perhaps fills, of all of an item or of each number. */
function openUnits(encoder: Encoder, section: Section, samples: i32): bool {
  encoder.unitRows = 0;
  if (section.at == 0) return true;
  if (section.length < 8) return false;
  const rows = load<i32>(section.at);
  const count = load<i32>(section.at, 4);
  if ((rows != 2 && rows != 3) || (count != 1 && count != samples) || <i64>section.length != 8 + 8 * rows * <i64>count) return false;
  const units = copied(section.at + 8, <usize>section.length - 8);
  for (let i = 0; i < rows * count; i++) {
    const value = load<f64>(units + (<usize>i << 3));
    if (value - value != 0 || (i >= count && i < 2 * count && value < 0)) return false;
  }
  encoder.unitRows = rows;
  encoder.unitCount = count;
  encoder.units = units;
  return true;
}

function openPlan(encoder: Encoder, head: PlanHead): void {
  encoder.samples = head.samples;
  encoder.isFloat = i32(head.version == FLOATS);
  encoder.input = <usize>head.input;
  encoder.zero = head.zero;
  encoder.output = <usize>head.output;
  encoder.grid = <usize>head.grid;
  encoder.gridChannels = head.gridChannels;
  encoder.scale = load<f64>(changetype<usize>(head), offsetof<PlanHead>("grid"));
  encoder.callCount = head.count;
  encoder.calls = copied(changetype<usize>(head) + offsetof<PlanHead>(), offsetof<Call>() * <usize>head.count);
}

function copied(from: usize, bytes: usize): usize {
  const to = laidOut(bytes);
  memory.copy(to, from, bytes);
  return to;
}

/** So many bytes from the next multiple of 16 on. */
function laidOut(bytes: usize): usize {
  const at = (free + 15) & ~15;
  free = at + bytes;
  return at;
}
