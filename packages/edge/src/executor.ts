import { checkFloatPlan } from "./check-float-plan.ts";
import { checkPlan } from "./check-plan.ts";
import { FloatKernels } from "./float-kernels.ts";
import { JavascriptKernels } from "./javascript-kernels.ts";
import type { KernelsName } from "./open-kernels.ts";
import { type FloatOutput, type FloatPlan, type IntegerPlan, isFloatPlan, type Plan, type PlanInput } from "./plan.ts";
import { noSymbol, notFinite } from "./refusals.ts";

/**
 * An item of a plan in integers: int8 are taken as they are; uint8 less 128, which is for plans whose input has the zero point -128; of
 * floats the nearest multiple of the input's scale. Of a plan in floats: its numbers, rounded to float32.
 */
export type PlanItem = Int8Array | Uint8Array | Uint8ClampedArray | Float32Array | Float64Array;

/** A plan that is ready to run. */
export interface Executor {
  readonly kernels: KernelsName;
  /**
   * One item. Allocates nothing: the result is the same array each time, which the next run writes anew.
   *
   * @returns the outputs of the plan, one after the other
   * @throws RangeError an item of another length, or a number in it that is not finite
   * @throws IsthmusError `QUANTISER_NON_FINITE`, `QUANTISER_RANGE` a plan in floats makes a number that no symbol stands for
   */
  readonly run: (item: PlanItem) => Int32Array;
}

/**
 * A plan on kernels in plain JavaScript: where there is no WebAssembly, and at once.
 *
 * @throws IsthmusError `PLAN_VERSION`, `PLAN_INVALID`
 */
export function javascriptExecutor(plan: Plan): Executor {
  checkAnyPlan(plan);
  return openJavascript(plan);
}

/** Of a plan that was checked. */
export function openJavascript(plan: Plan): Executor {
  const memory = new ArrayBuffer(plan.memoryBytes);
  return executorOver(plan, memory, "javascript", runsOf(plan, memory));
}

/** @throws IsthmusError as `checkPlan` and `checkFloatPlan` */
export function checkAnyPlan(plan: Plan): void {
  if (plan && isFloatPlan(plan)) checkFloatPlan(plan);
  else checkPlan(plan);
}

function runsOf(plan: Plan, memory: ArrayBuffer): () => void {
  if (isFloatPlan(plan)) {
    const kernels = new FloatKernels(memory);
    return () => {
      for (const call of plan.calls) kernels.run(call);
    };
  }
  const kernels = new JavascriptKernels(memory);
  return () => {
    for (const call of plan.calls) kernels.run(call);
  };
}

/** Quantises the first numbers of an item; how many these were. */
export type Quantiser = (item: Float32Array) => number;

/** The constants put in place, and what is around a run: the item in, the outputs out. */
export function executorOver(
  plan: Plan,
  memory: ArrayBuffer,
  kernels: Executor["kernels"],
  runCalls: () => void,
  quantise: Quantiser = () => 0,
): Executor {
  const { constants, input, outputs } = plan;
  new Uint8Array(memory).set(constants);
  const write = isFloatPlan(plan) ? floatWriter(plan, memory) : integerWriter(plan, memory, quantise);
  const readers = isFloatPlan(plan)
    ? plan.outputs.map((output) => symbolReader(output, memory))
    : plan.outputs.map(({ address, length }) => wordReader(new Int32Array(memory, address, length)));
  const results = new Int32Array(outputs.reduce((sum, { length }) => sum + length, 0));
  return {
    kernels,
    run: (given) => {
      if (given.length !== input.length)
        throw new RangeError(`"item" expected ${input.length} numbers, got ${given.length}`);
      write(given);
      runCalls();
      let at = 0;
      for (const read of readers) at = read(results, at);
      return results;
    },
  };
}

function integerWriter({ input }: IntegerPlan, memory: ArrayBuffer, quantise: Quantiser): (item: PlanItem) => void {
  const to = new Int8Array(memory, input.address, input.length);
  return (item) => {
    if (item instanceof Int8Array) to.set(item);
    else if (item instanceof Uint8Array || item instanceof Uint8ClampedArray)
      for (let i = 0; i < to.length; i++) to[i] = item[i]! - 128;
    else {
      let i = item instanceof Float32Array ? quantise(item) : 0;
      for (; i < to.length; i++) to[i] = quantiseInput(item[i]!, i, input);
    }
  };
}

function floatWriter({ input }: FloatPlan, memory: ArrayBuffer): (item: PlanItem) => void {
  const to = new Float32Array(memory, input.address, input.length);
  return (item) => {
    for (let i = 0; i < to.length; i++) {
      if (!Number.isFinite(item[i]!)) throw notFinite(item[i]!, i);
      to[i] = item[i]!;
    }
  };
}

/** Writes the numbers of an output from `at` on; where the next one begins. */
type OutputReader = (into: Int32Array, at: number) => number;

function wordReader(from: Int32Array): OutputReader {
  return (into, at) => {
    into.set(from, at);
    return at + from.length;
  };
}

function symbolReader({ address, length, grid, channels }: FloatOutput, memory: ArrayBuffer): OutputReader {
  const values = new Float32Array(memory, address, length);
  const steps = new Float32Array(memory, grid, channels);
  const offsets = new Float32Array(memory, grid + 4 * channels, channels);
  return (into, at) => {
    for (let i = 0, c = 0; i < length; i++, c = c + 1 === channels ? 0 : c + 1) {
      const symbol = roundHalfEven((values[i]! - offsets[c]!) / steps[c]!);
      into[at + i] = symbol;
      if (into[at + i] !== symbol) throw noSymbol(values[i]!, i);
    }
    return at + length;
  };
}

/** round(value / scale) + zero in float64, halves to the even integer, within int8. */
export function quantiseInput(value: number, index: number, { scale, zero }: PlanInput): number {
  const q = roundHalfEven(value / scale) + zero;
  if (q > -128 && q < 127) return q;
  if (!Number.isFinite(value)) throw notFinite(value, index);
  return q < 0 ? -128 : 127;
}

/** 1.5 * 2^52: what is added to it is rounded to an integer, halves to the even one, where that is below 2^51. */
const WHOLE = 6755399441055744;

function roundHalfEven(x: number): number {
  return x + WHOLE - WHOLE;
}
