import { crc32c, type FrequencyTable, frequencyTable, numberAt } from "@isthmus/codec";
import { CALL_FIELDS, KERNELS } from "@isthmus/kernels/plan";
import { IsthmusError } from "@isthmus/math";
import {
  BUNDLE_CRC_AT,
  BUNDLE_ENTRY_BYTES,
  BUNDLE_HASH_AT,
  BUNDLE_HEADER_BYTES,
  BUNDLE_MAGIC,
  BUNDLE_MODEL_BYTES,
  BUNDLE_PLAN_BYTES,
  BUNDLE_SECTIONS,
  BUNDLE_VERSION,
  type BundleSection,
} from "./bundle-format.ts";
import { checkAnyPlan } from "./executor.ts";
import {
  type FloatCall,
  type FloatPlan,
  FLOAT_PLAN_VERSION,
  type IntegerPlan,
  type Plan,
  type PlanCall,
  type PlanWindow,
} from "./plan.ts";

/** What a device needs of a model: its encoder as a plan, and how symbols become bytes. The decoder is not in it. */
export interface EncoderBundle {
  /** 8 bytes. */
  readonly modelId: Uint8Array;
  /** 32 bytes each: what the model id is made of. */
  readonly hashes: { readonly encoder: Uint8Array; readonly tables: Uint8Array; readonly decoder: Uint8Array };
  /** Which of the model's qualities it encodes at. */
  readonly quality: number;
  /** Symbols of an item. */
  readonly dims: number;
  /** One for each channel. */
  readonly tables: readonly FrequencyTable[];
  readonly units?: BundleUnits;
  readonly plan: Plan;
  /** Bytes of each section, by name. */
  readonly sections: Readonly<Partial<Record<BundleSection, number>>>;
}

/** A sample x is (x - offset) / scale to the network, 0 where scale is 0: one of each for all of an item, or one for each sample. */
export interface BundleUnits {
  readonly offsets: Float64Array;
  readonly scales: Float64Array;
  /** What stands for a sample that is NaN, in the units of samples. */
  readonly fills?: Float64Array;
}

export interface BundleLimits {
  /** Of the plan's memory. Default: 2^26. */
  readonly memoryBytes?: number;
  /** Multiplications for an item. Default: 2^32, some seconds. */
  readonly products?: number;
}

const DEFAULT_LIMITS = { memoryBytes: 2 ** 26, products: 2 ** 32 };
const MAX_SECTIONS = 16;
const MAX_DIMS = 2 ** 16;
/** Among the fields of a call. */
const FIRST_OF_WINDOW = 12;
const ANCILLARY = 0x80;
/** By their types, from 1 on. */
const SECTION_NAMES = Object.keys(BUNDLE_SECTIONS) as BundleSection[];

/**
 * Reads a bundle and checks all that running it relies on. Memory is taken only for what the bytes themselves hold.
 *
 * @throws IsthmusError `BUNDLE_TRUNCATED`, `_MAGIC`, `_VERSION`, `_LIMIT`, `_CRC` or `_INVALID` with the `offset` in its details;
 *   `TABLE_INVALID`, `PLAN_VERSION`, `PLAN_INVALID` for tables and a plan that break a rule of their own
 */
export function readBundle(bytes: Uint8Array, limits: BundleLimits = {}): EncoderBundle {
  return readBundleBy(crc32c, bytes, limits);
}

/** The same by another implementation of CRC32C. */
export function readBundleBy(checksum: Checksum, given: Uint8Array, limits: BundleLimits = {}): EncoderBundle {
  if (!(given instanceof Uint8Array)) throw new TypeError(`"bundle" expected a Uint8Array, got ${typeof given}`);
  // Of a Buffer of Node's a slice would be no copy.
  const bytes = new Uint8Array(given.buffer, given.byteOffset, given.length);
  const sections = sectionsOf(checksum, bytes);
  const model = required(sections, "model");
  if (model.bytes.length !== BUNDLE_MODEL_BYTES) throw invalid(model.offset, `a model of ${model.bytes.length} bytes`);
  const hash = (i: number) => model.bytes.slice(8 + 32 * i, 40 + 32 * i);
  const plan = planOf(required(sections, "plan"), required(sections, "constants"), { ...DEFAULT_LIMITS, ...limits });
  if (plan.input.length === 0) throw invalid(0, "a plan of no samples");
  const units = sections.units && unitsOf(sections.units, plan.input.length);
  return {
    modelId: model.bytes.slice(0, 8),
    hashes: { encoder: hash(0), tables: hash(1), decoder: hash(2) },
    ...codingOf(required(sections, "coding"), plan.outputs[0]!.length),
    ...(units && { units }),
    plan,
    sections: Object.fromEntries(Object.entries(sections).map(([name, { bytes: of }]) => [name, of.length])),
  };
}

/**
 * Compares the SHA-256 that a bundle carries with that of its bytes, where the platform can (WebCrypto).
 *
 * @returns whether it could
 * @throws IsthmusError `BUNDLE_HASH`
 */
export async function verifyBundle(bytes: Uint8Array): Promise<boolean> {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) return false;
  const digest = await subtle.digest("SHA-256", bytes.slice(BUNDLE_HEADER_BYTES));
  const stored = bytes.subarray(BUNDLE_HASH_AT, BUNDLE_HEADER_BYTES);
  if (new Uint8Array(digest).every((byte, i) => byte === stored[i])) return true;
  throw problem("BUNDLE_HASH", BUNDLE_HASH_AT, "its bytes have another SHA-256 than it carries");
}

/** CRC32C of bytes that follow others, whose CRC is `previous`; 0 where there are none. */
export type Checksum = (bytes: Uint8Array, previous: number) => number;

interface Section {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

type Sections = Partial<Record<BundleSection, Section>>;

/** Where each section lies, all checksums compared. */
function sectionsOf(checksum: Checksum, bytes: Uint8Array): Sections {
  const count = checkHeader(checksum, bytes);
  const view = viewOf(bytes);
  const found: Sections = {};
  let at = BUNDLE_HEADER_BYTES + BUNDLE_ENTRY_BYTES * count;
  for (let i = 0, last = 0; i < count; i++) {
    const entry = BUNDLE_HEADER_BYTES + BUNDLE_ENTRY_BYTES * i;
    const type = view.getUint32(entry, true);
    const length = view.getUint32(entry + 4, true);
    if (type <= last) throw invalid(entry, `section ${type} is repeated or out of order`);
    const name = SECTION_NAMES[type - 1];
    if (!name && type < ANCILLARY) throw invalid(entry, `section ${type} is not known to this version`);
    if (length > bytes.length - at) throw invalid(entry, `section ${type} of ${length} bytes does not fit`);
    const part = bytes.subarray(at, at + length);
    if (checksum(part, 0) !== view.getUint32(entry + 8, true))
      throw problem("BUNDLE_CRC", at, `section ${type} is damaged`);
    if (name) found[name] = { offset: at, bytes: part };
    at += length;
    last = type;
  }
  if (at !== bytes.length) throw invalid(at, `${bytes.length - at} bytes behind the last section`);
  return found;
}

function required(sections: Sections, name: BundleSection): Section {
  const section = sections[name];
  if (section) return section;
  throw invalid(BUNDLE_HEADER_BYTES, `the section "${name}" is missing`);
}

/** How many sections there are, once magic, version, lengths and the header's checksum are as they must be. */
function checkHeader(checksum: Checksum, bytes: Uint8Array): number {
  BUNDLE_MAGIC.forEach((expected, i) => {
    if (bytes[i] !== undefined && bytes[i] !== expected) throw problem("BUNDLE_MAGIC", 0, "it is no .isthb file");
  });
  const version = bytes[2];
  if (version !== undefined && version >>> 4 !== BUNDLE_VERSION >>> 4) {
    throw problem("BUNDLE_VERSION", 2, `version ${version >>> 4}: this runtime reads version ${BUNDLE_VERSION >>> 4}`);
  }
  if (bytes.length < BUNDLE_HEADER_BYTES) throw truncated(bytes, BUNDLE_HEADER_BYTES);
  const view = viewOf(bytes);
  const count = bytes[3]!;
  const directory = BUNDLE_HEADER_BYTES + BUNDLE_ENTRY_BYTES * count;
  const length = view.getUint32(4, true);
  if (count > MAX_SECTIONS) throw problem("BUNDLE_LIMIT", 3, `${count} sections: at most ${MAX_SECTIONS} are accepted`);
  if (bytes.length < Math.max(directory, length)) throw truncated(bytes, Math.max(directory, length));
  const covered = checksum(bytes.subarray(BUNDLE_HASH_AT, directory), checksum(bytes.subarray(0, BUNDLE_CRC_AT), 0));
  if (covered !== view.getUint32(BUNDLE_CRC_AT, true))
    throw problem("BUNDLE_CRC", BUNDLE_CRC_AT, "the header is damaged");
  if (length !== bytes.length) throw invalid(4, `${bytes.length} bytes, and ${length} by its header`);
  return count;
}

function codingOf({ bytes, offset }: Section, outputs: number): Pick<EncoderBundle, "quality" | "dims" | "tables"> {
  let at = 1;
  const next = (): number => {
    const found = numberAt(bytes, at);
    if (!found) throw invalid(offset + at, "no number");
    at = found.end;
    return found.value;
  };
  const dims = next();
  const channels = next();
  if (dims < 1 || dims > MAX_DIMS || channels < 1 || dims % channels !== 0 || dims !== outputs) {
    throw invalid(offset, `${dims} dimensions of ${channels} channels, of a plan that makes ${outputs}`);
  }
  const tables: FrequencyTable[] = [];
  while (tables.length < channels) {
    const precision = next();
    const zigzag = next();
    const last = next();
    if (last >= bytes.length - at) throw invalid(offset + at, `a table of ${last} symbols does not fit`);
    const frequencies = new Uint32Array(last + 1);
    for (let i = 0; i <= last; i++) frequencies[i] = next();
    tables.push(frequencyTable(precision, (zigzag >>> 1) ^ -(zigzag & 1), frequencies));
  }
  if (at !== bytes.length) throw invalid(offset + at, `${bytes.length - at} bytes behind the last table`);
  return { quality: bytes[0]!, dims, tables };
}

function unitsOf({ bytes, offset }: Section, samples: number): BundleUnits {
  const view = viewOf(bytes);
  const [rows, count] = bytes.length < 8 ? [0, 0] : [view.getUint32(0, true), view.getUint32(4, true)];
  if ((rows !== 2 && rows !== 3) || (count !== 1 && count !== samples) || bytes.length !== 8 + 8 * rows * count) {
    throw invalid(offset, `${rows} rows of ${count} units in ${bytes.length} bytes, of ${samples} samples`);
  }
  const units = new Float64Array(bytes.slice(8).buffer);
  const [offsets, scales] = [units.subarray(0, count), units.subarray(count, 2 * count)];
  if (!units.every(Number.isFinite) || !scales.every((scale) => scale >= 0))
    throw invalid(offset, "units not finite, or scales below 0");
  return { offsets, scales, ...(rows === 3 && { fills: units.subarray(2 * count) }) };
}

function planOf({ bytes, offset }: Section, constants: Section, limits: Required<BundleLimits>): Plan {
  const view = viewOf(bytes);
  const word = (index: number): number => view.getInt32(4 * index, true);
  const [fields, count] = bytes.length < BUNDLE_PLAN_BYTES ? [0, 0] : [word(9), word(10)];
  const length = BUNDLE_PLAN_BYTES + 4 * fields * count;
  if (fields !== CALL_FIELDS.length || count < 0 || bytes.length !== length) {
    throw invalid(offset, `${count} calls of ${fields} fields in ${bytes.length} bytes`);
  }
  const memoryBytes = word(1);
  if (memoryBytes > limits.memoryBytes) throw beyond(offset + 4, "bytes of memory", memoryBytes, limits.memoryBytes);
  const output = { name: "symbols", address: word(7), length: word(8) };
  const common = {
    ...{ version: word(0), constants: constants.bytes.slice(), memoryBytes },
    calls: Array.from({ length: count }, (_, i) => callOf(view, BUNDLE_PLAN_BYTES + 4 * fields * i)),
  };
  const input = { address: word(2), length: word(3) };
  const plan =
    common.version === FLOAT_PLAN_VERSION
      ? ({ ...common, input, outputs: [{ ...output, grid: word(4), channels: word(5) }] } as FloatPlan)
      : ({
          ...common,
          input: { ...input, scale: view.getFloat64(16, true), zero: word(6) },
          outputs: [output],
        } as IntegerPlan);
  checkAnyPlan(plan);
  let products = 0;
  for (const call of plan.calls) products += productsOf(call);
  if (products > limits.products) throw beyond(offset, "products for an item", products, limits.products);
  return plan;
}

/** The call whose fields begin at `at`, in the order of the kernels. */
function callOf(view: DataView, at: number): PlanCall | FloatCall {
  const all: Record<string, number> = {};
  const window: Record<string, number> = {};
  for (let i = 0; i < CALL_FIELDS.length; i++) {
    const of = i < FIRST_OF_WINDOW ? all : window;
    of[CALL_FIELDS[i]!] = view.getInt32(at + 4 * i, true);
  }
  const { x, y, weights, records, padding, scratch, zero, low, high, wide, length } = all;
  const kernel = KERNELS[all["kernel"]!];
  const made = { kernel, x, y };
  const windowed = { ...made, window: window as unknown as PlanWindow };
  switch (kernel) {
    case "conv2d":
    case "conv2dTranspose":
    case "depthwise":
      return {
        ...{ ...windowed, weights, channels: records, padding, scratch },
        ...{ zero, low, high, wide: wide !== 0 },
      } as PlanCall;
    case "floatConv2d":
    case "floatDepthwise":
      return { ...windowed, weights, biases: records, scratch } as FloatCall;
    case "maxPool":
    case "floatMaxPool":
      return windowed as FloatCall;
    case "lookup":
      return { ...made, table: weights, length } as PlanCall;
    default:
      return {
        ...{ ...made, length, xLength: window["channels"] },
        ...{ other: weights, otherLength: window["yChannels"] },
      } as FloatCall;
  }
}

function productsOf(call: PlanCall | FloatCall): number {
  if ("length" in call) return call.length;
  const { yHeight, yWidth, yChannels, rows, columns, channels } = call.window;
  return yHeight * yWidth * yChannels * rows * columns * (call.kernel.includes("onv2d") ? channels : 1);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function truncated(bytes: Uint8Array, needed: number): IsthmusError {
  return problem("BUNDLE_TRUNCATED", bytes.length, `it needs ${needed} bytes, got ${bytes.length}`);
}

function beyond(offset: number, what: string, value: number, limit: number): IsthmusError {
  return problem("BUNDLE_LIMIT", offset, `${value} ${what}: at most ${limit} are accepted`);
}

function invalid(offset: number, what: string): IsthmusError {
  return problem("BUNDLE_INVALID", offset, what);
}

function problem(code: string, offset: number, what: string): IsthmusError {
  return new IsthmusError(code, `bundle: ${what} (at byte ${offset})`, { offset });
}
