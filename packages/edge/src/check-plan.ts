import {
  checkMemory,
  checkWindow,
  type Extent,
  imageLength,
  invalid,
  requireApart,
  requireThat,
  requireWhole,
} from "./plan-checks.ts";
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
  rowBytes,
} from "./plan.ts";

/**
 * Checks everything that a kernel relies on, so that no call reads or writes outside the memory and no sum leaves int32.
 *
 * @throws IsthmusError `PLAN_VERSION` a plan of another version; `PLAN_INVALID` naming the call and what is wrong with it
 */
export function checkPlan(plan: IntegerPlan): void {
  const memory = checkMemory(plan, PLAN_VERSION);
  const { constants, input, outputs, calls } = plan;
  requireThat(Number.isFinite(input.scale) && input.scale > 0, `input: "scale" expected > 0, got ${input.scale}`);
  requireWhole("input: zero", input.zero, -128, 127);
  memory.workspace("input", input.address, input.length);
  for (const { name, address, length } of outputs) memory.words(`output "${name}"`, address, length);
  calls.forEach((call, index) => checkCall(`call ${index} (${call.kernel})`, call, memory, constants));
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
  // A copy: constants may begin at any byte.
  const records = new Uint8Array(constants.subarray(channels, channels + yChannels * CHANNEL_BYTES));
  checkChannels(where, new Int32Array(records.buffer));
}

/** Behind the taps of each row, up to its end: vectors multiply them, too. */
function requireZeros(where: string, weights: Uint8Array, taps: number, rows: number): void {
  const length = rowBytes(taps);
  for (let row = 0; row < rows; row++) {
    for (let i = taps; i < length; i++) {
      if (weights[row * length + i] !== 0)
        throw invalid(`${where}: what fills up row ${row} of the weights is not zero`);
    }
  }
}

/** Each with its bounds. */
const CHANNEL_FIELDS = [
  ["bias", -MAX_BIAS, MAX_BIAS],
  ["multiplier", 0, 2 ** 31 - 1],
  ["negative multiplier", 0, 2 ** 31 - 1],
  ["shift", MIN_SHIFT, MAX_SHIFT],
] as const;

function checkChannels(where: string, values: Int32Array): void {
  for (let i = 0; i < CHANNEL_FIELDS.length; i++) {
    const [field, least, most] = CHANNEL_FIELDS[i]!;
    // What it would be called is put together only where it is wrong: a thousand times are milliseconds.
    for (let at = i; at < values.length; at += 4)
      if (values[at]! < least || values[at]! > most)
        requireWhole(`${where}: ${field} of channel ${at >> 2}`, values[at]!, least, most);
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
