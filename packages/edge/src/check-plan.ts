import { IsthmusError } from "@isthmus/math";
import {
  CHANNEL_BYTES,
  type ConvolutionCall,
  type IntegerPlan,
  type LookupCall,
  MAX_BIAS,
  MAX_SHIFT,
  MAX_TAPS,
  type MaxPoolCall,
  MIN_SHIFT,
  PLAN_VERSION,
  type PlanCall,
  type PlanWindow,
  rowBytes,
} from "./plan.ts";

/** The most memory of a plan: what a frame of the largest picture needs is far below. */
const MAX_MEMORY = 2 ** 30;
/** Of sizes, strides and dilations: positions on an image stay within int32. */
const MAX_SIDE = 2 ** 15;
const MAX_CHANNELS = 2 ** 16;

/**
 * Checks everything that a kernel relies on, so that no call reads or writes outside the memory and no sum leaves int32.
 *
 * @throws IsthmusError `PLAN_VERSION` a plan of another version; `PLAN_INVALID` naming the call and what is wrong with it
 */
export function checkPlan(plan: IntegerPlan): void {
  requireObject("plan", plan);
  const { version, constants, memoryBytes, input, outputs, calls } = plan;
  if (version !== PLAN_VERSION) {
    throw new IsthmusError("PLAN_VERSION", `plan: version ${version}; this runtime runs version ${PLAN_VERSION}`, {
      version,
    });
  }
  requireForm(plan);
  requireWhole("memoryBytes", memoryBytes, 0, MAX_MEMORY);
  requireThat(memoryBytes % 4 === 0, `"memoryBytes" expected a multiple of 4, got ${memoryBytes}`);
  const memory = new Extent(constants.length, memoryBytes);
  requireThat(constants.length <= memoryBytes, `${constants.length} bytes of constants in a memory of ${memoryBytes}`);
  requireThat(Number.isFinite(input.scale) && input.scale > 0, `input: "scale" expected > 0, got ${input.scale}`);
  requireWhole("input: zero", input.zero, -128, 127);
  memory.workspace("input", input.address, input.length);
  for (const { name, address, length } of outputs) memory.words(`output "${name}"`, address, length);
  calls.forEach((call, index) => checkCall(`call ${index} (${call.kernel})`, call, memory, constants));
}

/** What came out of a file may be anything: objects and arrays where they are looked into. */
function requireForm({ constants, input, outputs, calls }: IntegerPlan): void {
  requireThat(constants instanceof Uint8Array, `"constants" expected bytes`);
  requireObject("input", input);
  requireThat(Array.isArray(outputs) && Array.isArray(calls), `"outputs" and "calls" expected arrays`);
  outputs.forEach((output, index) => {
    requireObject(`output ${index}`, output);
    requireThat(typeof output.name === "string", `output ${index}: "name" expected a string`);
  });
  calls.forEach((call, index) => requireObject(`call ${index}`, call));
}

function requireObject(what: string, value: unknown): void {
  requireThat(typeof value === "object" && value !== null, `${what} expected an object, got ${String(value)}`);
}

function checkCall(where: string, call: PlanCall, memory: Extent, constants: Uint8Array): void {
  switch (call.kernel) {
    case "conv2d":
    case "conv2dTranspose":
    case "depthwise":
      return checkConvolution(where, call, memory, constants);
    case "maxPool":
      return checkMaxPool(where, call, memory);
    case "lookup":
      return checkLookup(where, call, memory);
    default:
      throw invalid(`${where}: there is no such kernel`);
  }
}

function checkConvolution(where: string, call: ConvolutionCall, memory: Extent, constants: Uint8Array): void {
  const { kernel, window, x, y, weights, channels, padding, scratch, zero, low, high, wide } = call;
  checkWindow(where, window);
  const { rows, columns, yHeight, yWidth, yChannels } = window;
  const isDepthwise = kernel === "depthwise";
  const taps = rows * columns * (isDepthwise ? 1 : window.channels);
  requireWhole(`${where}: taps`, taps, 1, MAX_TAPS);
  requireThat(!isDepthwise || yChannels % window.channels === 0, `${where}: "yChannels" is no multiple of "channels"`);
  const results = yHeight * yWidth * yChannels;
  memory.workspace(`${where}: x`, x, imageLength(window));
  if (wide) memory.words(`${where}: y`, y, results);
  else memory.workspace(`${where}: y`, y, results);
  const places = [[x, imageLength(window)] as const, [y, wide ? 4 * results : results] as const];
  memory.constant(`${where}: weights`, weights, yChannels * (isDepthwise ? taps : rowBytes(taps)));
  requireThat(channels % 4 === 0, `${where}: "channels" expected a multiple of 4, got ${channels}`);
  memory.constant(`${where}: channels`, channels, yChannels * CHANNEL_BYTES);
  if (!isDepthwise) {
    memory.workspace(`${where}: scratch`, scratch, rowBytes(taps));
    requireZeros(where, constants.subarray(weights), taps, yChannels);
  }
  requireApart(where, isDepthwise ? places : [...places, [scratch, rowBytes(taps)]]);
  requireWhole(`${where}: padding`, padding, -128, 127);
  const [least, most] = wide ? [-(2 ** 31), 2 ** 31 - 1] : [-128, 127];
  for (const [field, value] of Object.entries({ zero, low, high }))
    requireWhole(`${where}: ${field}`, value, least, most);
  requireThat(low <= high, `${where}: "low" ${low} is above "high" ${high}`);
  checkChannels(where, new DataView(constants.buffer, constants.byteOffset + channels), yChannels);
}

/** Behind the taps of each row, up to its end: vectors multiply them, too. */
function requireZeros(where: string, weights: Uint8Array, taps: number, rows: number): void {
  for (let row = 0, at = 0; row < rows; row++, at += rowBytes(taps)) {
    const isZero = weights.subarray(at + taps, at + rowBytes(taps)).every((byte) => byte === 0);
    requireThat(isZero, `${where}: what fills up row ${row} of the weights is not zero`);
  }
}

function checkChannels(where: string, view: DataView, count: number): void {
  for (let c = 0; c < count; c++) {
    const [bias, multiplier, negative, shift] = [0, 4, 8, 12].map((at) => view.getInt32(c * CHANNEL_BYTES + at, true));
    requireWhole(`${where}: bias of channel ${c}`, bias!, -MAX_BIAS, MAX_BIAS);
    requireWhole(`${where}: multiplier of channel ${c}`, multiplier!, 0, 2 ** 31 - 1);
    requireWhole(`${where}: negative multiplier of channel ${c}`, negative!, 0, 2 ** 31 - 1);
    requireWhole(`${where}: shift of channel ${c}`, shift!, MIN_SHIFT, MAX_SHIFT);
  }
}

function checkMaxPool(where: string, { window, x, y }: MaxPoolCall, memory: Extent): void {
  checkWindow(where, window);
  requireThat(window.yChannels === window.channels, `${where}: "yChannels" is not "channels"`);
  memory.workspace(`${where}: x`, x, imageLength(window));
  const results = window.yHeight * window.yWidth * window.yChannels;
  memory.workspace(`${where}: y`, y, results);
  requireApart(where, [
    [x, imageLength(window)],
    [y, results],
  ]);
}

function checkLookup(where: string, { x, y, table, length }: LookupCall, memory: Extent): void {
  memory.workspace(`${where}: x`, x, length);
  memory.workspace(`${where}: y`, y, length);
  memory.constant(`${where}: table`, table, 256);
  if (x !== y)
    requireApart(where, [
      [x, length],
      [y, length],
    ]);
}

const SIDES = [
  ...(["height", "width", "yHeight", "yWidth", "rows", "columns"] as const),
  ...(["rowStride", "columnStride", "rowDilation", "columnDilation"] as const),
] as const satisfies readonly (keyof PlanWindow)[];

function checkWindow(where: string, window: PlanWindow): void {
  requireObject(`${where}: window`, window);
  for (const field of SIDES) requireWhole(`${where}: ${field}`, window[field], 1, MAX_SIDE);
  for (const field of ["channels", "yChannels"] as const) {
    requireWhole(`${where}: ${field}`, window[field], 1, MAX_CHANNELS);
  }
  for (const field of ["top", "left"] as const) requireWhole(`${where}: ${field}`, window[field], 0, MAX_SIDE);
}

function imageLength({ height, width, channels }: PlanWindow): number {
  return height * width * channels;
}

type Place = readonly [address: number, length: number];

/** What a kernel reads while it writes must not be what it writes. */
function requireApart(where: string, places: readonly Place[]): void {
  const sorted = places.toSorted(([a], [b]) => a - b);
  const touch = sorted.some(([address, length], i) => i + 1 < sorted.length && address + length > sorted[i + 1]![0]);
  requireThat(!touch, `${where}: what is read and what is written overlap`);
}

/** What lies where in the memory. */
class Extent {
  private readonly constants: number;
  private readonly bytes: number;

  constructor(constants: number, bytes: number) {
    this.constants = constants;
    this.bytes = bytes;
  }

  constant(where: string, address: number, length: number): void {
    within(where, address, length, 0, this.constants);
  }

  workspace(where: string, address: number, length: number): void {
    within(where, address, length, this.constants, this.bytes);
  }

  words(where: string, address: number, length: number): void {
    requireThat(address % 4 === 0, `${where}: the address ${address} is no multiple of 4`);
    this.workspace(where, address, 4 * length);
  }
}

function within(where: string, address: number, length: number, first: number, end: number): void {
  requireWhole(`${where}: address`, address, first, end);
  requireWhole(`${where}: length in bytes`, length, 0, end - address);
}

function requireWhole(what: string, value: number, least: number, most: number): void {
  requireThat(
    Number.isInteger(value) && value >= least && value <= most,
    `${what} expected an integer in [${least}, ${most}], got ${value}`,
  );
}

function requireThat(holds: boolean, problem: string): void {
  if (!holds) throw invalid(problem);
}

function invalid(problem: string): IsthmusError {
  return new IsthmusError("PLAN_INVALID", `plan: ${problem}`);
}
