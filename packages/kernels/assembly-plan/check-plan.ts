/**
 * Whether a plan keeps inside its memory: what `checkPlan` and `checkFloatPlan` of `@isthmus/edge` refuse, which say why, is refused
 * here. Sizes are multiplied as float64: beyond 2^53 they are rounded, and far beyond any memory.
 */
import { Call } from "./call";
import { Kernel } from "./kernel-numbers";

const MAX_MEMORY = 1 << 30;
const MAX_SIDE = 1 << 15;
const MAX_CHANNELS = 1 << 16;
const MAX_TAPS: f64 = 32768;
const MAX_BIAS = 1 << 30;
const MAX_FOURS: f64 = 268435456;
const CHANNEL_BYTES = 16;

/** The head of a plan, as it lies in a bundle. */
@unmanaged
export class PlanHead {
  version: i32;
  memoryBytes: i32;
  input: i32;
  samples: i32;
  /** Of floats: where the grid is, and of how many channels. Of integers: the input's scale, a float64. */
  grid: i32;
  gridChannels: i32;
  zero: i32;
  output: i32;
  outputs: i32;
  fields: i32;
  count: i32;
}

/** Versions of a plan: its numbers are int8, or float32. */
const INTEGERS = 1;
export const FLOATS = 2;

let constants: usize = 0;
let constantBytes: f64 = 0;
let memoryBytes: f64 = 0;

/** Of calls behind the head, over constants that begin at `at`; how many products they are, or -1. */
export function productsOf(head: PlanHead, at: usize, bytes: i32): f64 {
  constants = at;
  constantBytes = <f64>bytes;
  memoryBytes = <f64>head.memoryBytes;
  const isFloat = head.version == FLOATS;
  if (!(isFloat || head.version == INTEGERS) || !isWhole(head.memoryBytes, 0, MAX_MEMORY)) return -1;
  if ((head.memoryBytes & 3) != 0 || constantBytes > memoryBytes || head.samples == 0) return -1;
  if (!(isFloat ? isFloatEnds(head) : isIntegerEnds(head))) return -1;
  let products: f64 = 0;
  let call = changetype<Call>(changetype<usize>(head) + offsetof<PlanHead>());
  for (let i = 0; i < head.count; i++) {
    if (!(isFloat ? isFloatCall(call) : isIntegerCall(call))) return -1;
    products += productsOfCall(call);
    call = changetype<Call>(changetype<usize>(call) + offsetof<Call>());
  }
  return products;
}

function isIntegerEnds(head: PlanHead): bool {
  const scale = load<f64>(changetype<usize>(head), offsetof<PlanHead>("grid"));
  return (
    scale > 0 &&
    scale < Infinity &&
    isWhole(head.zero, -128, 127) &&
    isWorkspace(head.input, <f64>head.samples) &&
    areWords(head.output, <f64>head.outputs)
  );
}

function isFloatEnds(head: PlanHead): bool {
  const gridChannels = head.gridChannels;
  if (!areWords(head.input, <f64>head.samples) || !areWords(head.output, <f64>head.outputs)) return false;
  if (!isWhole(gridChannels, 1, head.outputs) || !areConstantWords(head.grid, 2 * <f64>gridChannels)) return false;
  const steps = constants + <usize>head.grid;
  for (let c: usize = 0; c < <usize>gridChannels; c++) {
    const step = load<f32>(steps + (c << 2));
    const offset = load<f32>(steps + ((c + <usize>gridChannels) << 2));
    if (!(step > 0 && step < Infinity) || offset - offset != 0) return false;
  }
  return true;
}

function isIntegerCall(call: Call): bool {
  const kernel = call.kernel;
  if (kernel == Kernel.Conv2d || kernel == Kernel.Depthwise || kernel == Kernel.Conv2dTranspose) return isConvolution(call);
  if (kernel == Kernel.MaxPool) return isMaxPool(call);
  return kernel == Kernel.Lookup && isLookup(call);
}

function isConvolution(call: Call): bool {
  if (!isWindow(call)) return false;
  const isDepthwise = call.kernel == Kernel.Depthwise;
  if (isDepthwise && call.yChannels % call.channels != 0) return false;
  const taps = tapsOf(call, !isDepthwise);
  if (taps > MAX_TAPS) return false;
  const image = imageOf(call);
  const results = resultsOf(call);
  const row = <f64>((<i32>taps + 15) & -16);
  const written = call.wide ? 4 * results : results;
  if (!isWorkspace(<i32>call.x, image) || !isWorkspace(<i32>call.y, written) || (call.wide && (call.y & 3) != 0)) return false;
  if (!isConstant(<i32>call.weights, <f64>call.yChannels * (isDepthwise ? taps : row))) return false;
  if ((call.records & 3) != 0 || !isConstant(<i32>call.records, <f64>call.yChannels * CHANNEL_BYTES)) return false;
  if (areTouching(<f64>call.x, image, <f64>call.y, written)) return false;
  if (!isDepthwise) {
    const scratch = <f64>call.scratch;
    if (!isWorkspace(<i32>call.scratch, row) || !areFilled(call, <i32>taps)) return false;
    if (areTouching(<f64>call.x, image, scratch, row) || areTouching(<f64>call.y, written, scratch, row)) return false;
  }
  const isNarrow = isWhole(call.zero, -128, 127) && isWhole(call.low, -128, 127) && isWhole(call.high, -128, 127);
  return isWhole(call.padding, -128, 127) && (call.wide || isNarrow) && call.low <= call.high && areChannels(call);
}

/** Whether there are zeros behind the taps of each row: vectors multiply them, too. */
function areFilled(call: Call, taps: i32): bool {
  const row = (taps + 15) & -16;
  let at = constants + call.weights;
  for (let c = 0; c < call.yChannels; c++, at += <usize>row) {
    for (let i = taps; i < row; i++) if (load<u8>(at + <usize>i) != 0) return false;
  }
  return true;
}

function areChannels(call: Call): bool {
  let at = constants + call.records;
  for (let c = 0; c < call.yChannels; c++, at += CHANNEL_BYTES) {
    if (!isWhole(load<i32>(at), -MAX_BIAS, MAX_BIAS) || !isWhole(load<i32>(at, 12), 17, 62)) return false;
    if ((load<i32>(at, 4) | load<i32>(at, 8)) < 0) return false;
  }
  return true;
}

function isMaxPool(call: Call): bool {
  if (!isWindow(call) || call.yChannels != call.channels) return false;
  return areApart(call, imageOf(call), resultsOf(call), 1);
}

function isLookup(call: Call): bool {
  const length = <f64>call.length;
  if (!isWorkspace(<i32>call.x, length) || !isWorkspace(<i32>call.y, length)) return false;
  return isConstant(<i32>call.weights, 256) && (call.x == call.y || !areTouching(<f64>call.x, length, <f64>call.y, length));
}

function isFloatCall(call: Call): bool {
  const kernel = call.kernel;
  if (kernel >= Kernel.FloatConv2d && kernel <= Kernel.FloatMaxPool) return isFloatWindowed(call);
  return kernel >= Kernel.Abs && kernel <= Kernel.Minimum && isElementwise(call);
}

function isFloatWindowed(call: Call): bool {
  if (!isWindow(call)) return false;
  const isDense = call.kernel == Kernel.FloatConv2d;
  if (!isDense && call.yChannels % call.channels != 0) return false;
  const row = <f64>(isDense ? (call.yChannels + 3) & -4 : call.yChannels);
  const taps = tapsOf(call, isDense);
  const image = imageOf(call);
  // What stands behind the channels of the last pixel is written, too.
  const written = (<f64>call.yHeight * <f64>call.yWidth - 1) * <f64>call.yChannels + row;
  if (((call.x | call.y) & 3) != 0 || !areApart(call, image, written, 4)) return false;
  if (isDense) {
    const scratch = <f64>call.scratch;
    if (!areWords(<i32>call.scratch, taps)) return false;
    if (areTouching(<f64>call.x, 4 * image, scratch, 4 * taps)) return false;
    if (areTouching(<f64>call.y, 4 * written, scratch, 4 * taps)) return false;
  }
  if (call.kernel == Kernel.FloatMaxPool) return call.yChannels == call.channels;
  return areConstantWords(<i32>call.weights, taps * row) && areConstantWords(<i32>call.records, row);
}

function isElementwise(call: Call): bool {
  const length = <f64>call.length;
  if (!areFours(call.length) || !areWords(<i32>call.y, length)) return false;
  return isOperand(call, <i32>call.x, call.channels) && isOperand(call, <i32>call.weights, call.yChannels);
}

function isOperand(call: Call, address: i32, count: i32): bool {
  if (!areFours(count) || (address & 3) != 0 || !isWithin(address, 4 * <f64>count, 0, memoryBytes)) return false;
  if (address == <i32>call.y && count == call.length) return true;
  return !areTouching(<f64>address, 4 * <f64>count, <f64>call.y, 4 * <f64>call.length);
}

function areFours(count: i32): bool {
  return count >= 4 && <f64>count <= MAX_FOURS && (count & 3) == 0;
}

function isWindow(call: Call): bool {
  for (let at: usize = offsetof<Call>("height"); at <= offsetof<Call>("columnDilation"); at += 4) {
    const isChannels = at == offsetof<Call>("channels") || at == offsetof<Call>("yChannels");
    if (!isWhole(load<i32>(changetype<usize>(call) + at), 1, isChannels ? MAX_CHANNELS : MAX_SIDE)) return false;
  }
  return isWhole(call.top, 0, MAX_SIDE) && isWhole(call.left, 0, MAX_SIDE);
}

function imageOf(call: Call): f64 {
  return <f64>call.height * <f64>call.width * <f64>call.channels;
}

function resultsOf(call: Call): f64 {
  return <f64>call.yHeight * <f64>call.yWidth * <f64>call.yChannels;
}

function tapsOf(call: Call, isDense: bool): f64 {
  return <f64>call.rows * <f64>call.columns * (isDense ? <f64>call.channels : 1);
}

function productsOfCall(call: Call): f64 {
  const kernel = call.kernel;
  if (kernel == Kernel.Lookup || kernel >= Kernel.Abs) return <f64>call.length;
  const isDense = kernel == Kernel.Conv2d || kernel == Kernel.Conv2dTranspose || kernel == Kernel.FloatConv2d;
  return resultsOf(call) * tapsOf(call, isDense);
}

/** Whether x and y, so many elements of `size` bytes, lie in the workspace and apart. */
function areApart(call: Call, image: f64, results: f64, size: f64): bool {
  if (!isWorkspace(<i32>call.x, size * image) || !isWorkspace(<i32>call.y, size * results)) return false;
  return !areTouching(<f64>call.x, size * image, <f64>call.y, size * results);
}

function areTouching(a: f64, aLength: f64, b: f64, bLength: f64): bool {
  return a + aLength > b && b + bLength > a;
}

function isWorkspace(address: i32, length: f64): bool {
  return isWithin(address, length, constantBytes, memoryBytes);
}

function isConstant(address: i32, length: f64): bool {
  return isWithin(address, length, 0, constantBytes);
}

/** Of the workspace, of four bytes each. */
function areWords(address: i32, count: f64): bool {
  return (address & 3) == 0 && isWorkspace(address, 4 * count);
}

function areConstantWords(address: i32, count: f64): bool {
  return (address & 3) == 0 && isConstant(address, 4 * count);
}

function isWithin(address: i32, length: f64, first: f64, end: f64): bool {
  const at = <f64>address;
  return at >= first && length >= 0 && at + length <= end;
}

@inline
function isWhole(value: i32, least: i32, most: i32): bool {
  return value >= least && value <= most;
}
