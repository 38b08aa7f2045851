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
  type ElementwiseCall,
  FLOAT_PLAN_VERSION,
  type FloatCall,
  type FloatConvolutionCall,
  type FloatOutput,
  type FloatPlan,
  type FloatPoolCall,
  floatRow,
} from "./plan.ts";
import { floatFunctions } from "./float-functions.ts";

/**
 * Checks everything that a kernel of floats relies on, so that no call reads or writes outside the memory.
 *
 * @throws IsthmusError `PLAN_VERSION` a plan of another version; `PLAN_INVALID` naming the call and what is wrong with it
 */
export function checkFloatPlan(plan: FloatPlan): void {
  const memory = checkMemory(plan, FLOAT_PLAN_VERSION);
  const { constants, input, outputs, calls } = plan;
  memory.words("input", input.address, input.length);
  for (const output of outputs) checkOutput(output, memory, constants);
  calls.forEach((call, index) => checkCall(`call ${index} (${call.kernel})`, call, memory));
}

function checkOutput(
  { name, address, length, grid, channels }: FloatOutput,
  memory: Extent,
  constants: Uint8Array,
): void {
  const where = `output "${name}"`;
  memory.words(where, address, length);
  requireWhole(`${where}: channels`, channels, 1, length);
  memory.constantWords(`${where}: grid`, grid, 2 * channels);
  const view = new DataView(constants.buffer, constants.byteOffset + grid);
  for (let c = 0; c < channels; c++) {
    const [step, offset] = [view.getFloat32(4 * c, true), view.getFloat32(4 * (channels + c), true)];
    const isRight = step > 0 && step < Infinity && Number.isFinite(offset);
    requireThat(isRight, `${where}: channel ${c} has steps of ${step} from ${offset} on`);
  }
}

function checkCall(where: string, call: FloatCall, memory: Extent): void {
  switch (call.kernel) {
    case "floatConv2d":
    case "floatDepthwise":
    case "floatMaxPool":
      return checkWindowed(where, call, memory);
    default:
      return checkElementwise(where, call, memory);
  }
}

function checkWindowed(where: string, call: FloatConvolutionCall | FloatPoolCall, memory: Extent): void {
  const { kernel, window, x, y } = call;
  checkWindow(where, window);
  const { rows, columns, channels, yHeight, yWidth, yChannels } = window;
  const isDense = kernel === "floatConv2d";
  requireThat(isDense || yChannels % channels === 0, `${where}: "yChannels" is no multiple of "channels"`);
  const row = isDense ? floatRow(yChannels) : yChannels;
  const taps = rows * columns * (isDense ? channels : 1);
  const xLength = imageLength(window);
  // What stands behind the channels of the last pixel is written, too.
  const yLength = (yHeight * yWidth - 1) * yChannels + row;
  memory.words(`${where}: x`, x, xLength);
  memory.words(`${where}: y`, y, yLength);
  if (isDense) memory.words(`${where}: scratch`, call.scratch, taps);
  if (kernel === "floatMaxPool") requireThat(yChannels === channels, `${where}: "yChannels" is not "channels"`);
  else {
    memory.constantWords(`${where}: weights`, call.weights, taps * row);
    memory.constantWords(`${where}: biases`, call.biases, row);
  }
  requireApart(where, [[x, 4 * xLength], [y, 4 * yLength], ...(isDense ? [[call.scratch, 4 * taps] as const] : [])]);
}

function checkElementwise(where: string, call: ElementwiseCall, memory: Extent): void {
  const { kernel, x, y, length, xLength, other, otherLength } = call;
  if (!Object.hasOwn(floatFunctions, kernel)) throw invalid(`${where}: there is no such kernel`);
  requireFours(`${where}: length`, length);
  memory.words(`${where}: y`, y, length);
  for (const [name, address, count] of [
    ["x", x, xLength],
    ["other", other, otherLength],
  ] as const) {
    requireFours(`${where}: ${name}Length`, count);
    memory.anyWords(`${where}: ${name}`, address, count);
    if (address !== y || count !== length)
      requireApart(where, [
        [address, 4 * count],
        [y, 4 * length],
      ]);
  }
}

function requireFours(what: string, count: number): void {
  requireWhole(what, count, 4, 2 ** 28);
  requireThat(count % 4 === 0, `${what} expected a multiple of 4, got ${count}`);
}
