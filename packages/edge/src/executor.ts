import { checkPlan } from "./check-plan.ts";
import { JavascriptKernels } from "./javascript-kernels.ts";
import type { IntegerPlan, PlanInput } from "./plan.ts";

/**
 * An item: int8 are taken as they are; uint8 less 128, which is for plans whose input has the zero point -128; of floats the nearest
 * multiple of the input's scale.
 */
export type PlanItem = Int8Array | Uint8Array | Uint8ClampedArray | Float32Array | Float64Array;

/** A plan that is ready to run. */
export interface Executor {
  readonly kernels: "wasm" | "javascript";
  /**
   * One item. Allocates nothing: the result is the same array each time, which the next run writes anew.
   *
   * @returns the outputs of the plan, one after the other
   * @throws RangeError an item of another length, or a number in it that is not finite
   */
  readonly run: (item: PlanItem) => Int32Array;
}

/**
 * A plan on kernels in plain JavaScript: where there is no WebAssembly, and at once.
 *
 * @throws IsthmusError `PLAN_VERSION`, `PLAN_INVALID`
 */
export function javascriptExecutor(plan: IntegerPlan): Executor {
  checkPlan(plan);
  const memory = new ArrayBuffer(plan.memoryBytes);
  const kernels = new JavascriptKernels(memory);
  const { calls } = plan;
  return executorOver(plan, memory, "javascript", () => {
    for (const call of calls) kernels.run(call);
  });
}

/** The constants put in place, and what is around a run: the item in, the outputs out. */
export function executorOver(
  { constants, input, outputs }: IntegerPlan,
  memory: ArrayBuffer,
  kernels: Executor["kernels"],
  runCalls: () => void,
): Executor {
  new Uint8Array(memory).set(constants);
  const item = new Int8Array(memory, input.address, input.length);
  const parts = outputs.map(({ address, length }) => new Int32Array(memory, address, length));
  const results = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
  return {
    kernels,
    run: (given) => {
      writeItem(item, given, input);
      runCalls();
      let at = 0;
      for (const part of parts) {
        results.set(part, at);
        at += part.length;
      }
      return results;
    },
  };
}

function writeItem(to: Int8Array, item: PlanItem, input: PlanInput): void {
  if (item.length !== to.length) throw new RangeError(`"item" expected ${to.length} numbers, got ${item.length}`);
  if (item instanceof Int8Array) to.set(item);
  else if (item instanceof Uint8Array || item instanceof Uint8ClampedArray)
    for (let i = 0; i < to.length; i++) to[i] = item[i]! - 128;
  else for (let i = 0; i < to.length; i++) to[i] = quantiseInput(item[i]!, i, input);
}

/** round(value / scale) + zero in float64, halves to the even integer, within int8. */
export function quantiseInput(value: number, index: number, { scale, zero }: PlanInput): number {
  if (!Number.isFinite(value)) throw new RangeError(`"item[${index}]" expected a finite number, got ${value}`);
  return Math.min(Math.max(roundHalfEven(value / scale) + zero, -128), 127);
}

function roundHalfEven(x: number): number {
  const up = Math.round(x);
  return up - x === 0.5 && up % 2 !== 0 ? up - 1 : up;
}
