import { CALL_FIELDS, KERNELS } from "@isthmus/kernels/plan";
import { IsthmusError } from "@isthmus/math";
import { checkAnyPlan, type Executor, executorOver, openJavascript, type Quantiser } from "./executor.ts";
import { grow, type LoadExecutorOptions, type OpenKernels, openKernels } from "./open-kernels.ts";
import { type FloatCall, isFloatPlan, type Plan, type PlanCall } from "./plan.ts";

/**
 * A plan on the fastest kernels that run here.
 *
 * @throws IsthmusError `PLAN_VERSION`, `PLAN_INVALID`; `WASM_NO_SIMD` where `wasm` is asked for and cannot be had; `WASM_FETCH` where a
 *   module cannot be fetched; `WASM_MEMORY` where there is too little memory
 * @throws RangeError other kernels
 */
export async function loadExecutor(plan: Plan, options: LoadExecutorOptions = {}): Promise<Executor> {
  checkAnyPlan(plan);
  const kernels = await openKernels(options);
  return kernels ? wasmExecutor(plan, kernels) : openJavascript(plan);
}

const WORDS = CALL_FIELDS.length;
/** What kernels may read behind an x. */
const SLACK = 16;

/** Behind the memory of the plan stand its calls, then an item in floats. */
function wasmExecutor(plan: Plan, { memory, run, quantise }: OpenKernels): Executor {
  const { calls, input, memoryBytes } = plan;
  const floats = memoryBytes + 4 * WORDS * calls.length;
  const bytes = floats + 4 * input.length + SLACK;
  if (!grow(memory, bytes))
    throw new IsthmusError("WASM_MEMORY", `there are no ${bytes} bytes for the plan`, { bytes });
  const words = new Int32Array(memory.buffer, memoryBytes, WORDS * calls.length);
  for (let i = 0; i < calls.length; i++) words.set(callWords(calls[i]!), WORDS * i);
  const runCalls = () => run(memoryBytes, calls.length);
  if (isFloatPlan(plan)) return executorOver(plan, memory.buffer, "wasm", runCalls);
  const { address, length, scale, zero } = plan.input;
  const item = new Float32Array(memory.buffer, floats, length);
  const quantiser: Quantiser = (given) => {
    item.set(given);
    return quantise(floats, address, length, scale, zero);
  };
  return executorOver(plan, memory.buffer, "wasm", runCalls, quantiser);
}

/** A call as int32, in the order of the kernels' fields; 0 where it has none. */
export function callWords(call: PlanCall | FloatCall): number[] {
  const fields: Readonly<Record<string, unknown>> = {
    ...call,
    ...("table" in call && { weights: call.table }),
    ...("channels" in call && { records: call.channels }),
    ...("biases" in call && { records: call.biases }),
    ...("other" in call && { weights: call.other, channels: call.xLength, yChannels: call.otherLength }),
    ...("window" in call && call.window),
    kernel: KERNELS.indexOf(call.kernel),
  };
  return CALL_FIELDS.map((field) => Number(fields[field] ?? 0));
}
