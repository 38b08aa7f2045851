import { CALL_FIELDS, KERNELS, planKernelBytes, type PlanKernelExports } from "@isthmus/kernels/plan";
import { IsthmusError } from "@isthmus/math";
import type { Checksum } from "./bundle.ts";
import { checkAnyPlan, type Executor, executorOver, openJavascript, type Quantiser } from "./executor.ts";
import { type FloatCall, isFloatPlan, type Plan, type PlanCall } from "./plan.ts";

export interface LoadExecutorOptions {
  /** Default: `wasm` where WebAssembly has vectors, else `javascript`. Both leave the same bytes. */
  readonly kernels?: Executor["kernels"];
  /**
   * The kernels, compiled, as bytes or to be fetched, where they must not be compiled from the bytes that travel inside this package: platforms that only
   * take a module of their own. `@isthmus/kernels/plan.wasm` is the file.
   */
  readonly module?: WebAssembly.Module | BufferSource | URL;
}

/**
 * A plan on the fastest kernels that run here.
 *
 * @throws IsthmusError `PLAN_VERSION`, `PLAN_INVALID`; `WASM_NO_SIMD` where `wasm` is asked for and cannot be had; `WASM_FETCH` where a
 *   module cannot be fetched
 * @throws RangeError other kernels
 */
export async function loadExecutor(plan: Plan, options: LoadExecutorOptions = {}): Promise<Executor> {
  checkAnyPlan(plan);
  return openExecutor(plan, await openKernels(options));
}

/** Kernels in a memory of their own, which no plan has taken yet. */
export interface OpenKernels extends PlanKernelExports {
  readonly memory: WebAssembly.Memory;
}

/** Of a plan that was checked; without kernels in plain JavaScript. */
export function openExecutor(plan: Plan, kernels: OpenKernels | undefined): Executor {
  return kernels ? wasmExecutor(plan, kernels) : openJavascript(plan);
}

/**
 * `undefined` where plain JavaScript is asked for, or nothing is and WebAssembly does not run.
 *
 * @throws IsthmusError, RangeError as `loadExecutor`
 */
export async function openKernels({ kernels, module }: LoadExecutorOptions): Promise<OpenKernels | undefined> {
  if (kernels !== undefined && kernels !== "wasm" && kernels !== "javascript") {
    throw new RangeError(`"kernels" expected wasm or javascript, got ${String(kernels)}`);
  }
  if (kernels === "javascript") return undefined;
  const compiled = await compiledKernels(module);
  if (!compiled) {
    if (kernels === undefined) return undefined;
    throw new IsthmusError("WASM_NO_SIMD", "there is no WebAssembly with vectors here");
  }
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = await WebAssembly.instantiate(compiled, { env: { memory } });
  return { ...(exports as unknown as PlanKernelExports), memory };
}

/** `undefined` where they do not run. */
async function compiledKernels(given: LoadExecutorOptions["module"]): Promise<WebAssembly.Module | undefined> {
  if (typeof WebAssembly !== "object") return undefined;
  if (given instanceof WebAssembly.Module) return given;
  const bytes = given instanceof URL ? await fetched(given) : (given ?? planKernelBytes());
  return WebAssembly.compile(bytes).catch(() => undefined);
}

async function fetched(url: URL): Promise<ArrayBuffer> {
  const failed = (why: string): IsthmusError =>
    new IsthmusError("WASM_FETCH", `kernels: ${url.href}: ${why}`, { url: url.href });
  const response = await fetch(url).catch((cause: Error) => {
    throw failed(cause.message);
  });
  if (!response.ok) throw failed(`status ${response.status}`);
  return response.arrayBuffer();
}

const PAGE = 65536;
const WORDS = CALL_FIELDS.length;
/** What kernels may read behind an x. */
const SLACK = 16;

/** Behind the memory of the plan stand its calls, then an item in floats. */
function wasmExecutor(plan: Plan, { memory, run, quantise }: OpenKernels): Executor {
  const { calls, input, memoryBytes } = plan;
  const floats = memoryBytes + 4 * WORDS * calls.length;
  grow(memory, floats + 4 * input.length + SLACK);
  const words = new Int32Array(memory.buffer, memoryBytes, WORDS * calls.length);
  for (let i = 0; i < calls.length; i++) words.set(callWords(calls[i]!), WORDS * i);
  const runCalls = () => run(memoryBytes, calls.length);
  if (isFloatPlan(plan)) return executorOver(plan, memory.buffer, "wasm", runCalls);
  const { address, length, scale, zero } = plan.input;
  const item = new Float32Array(memory.buffer, floats, length);
  const quantiser: Quantiser = (given) => {
    item.set(given);
    return quantise(floats, address, length & -2, scale, zero);
  };
  return executorOver(plan, memory.buffer, "wasm", runCalls, quantiser);
}

/** To so many bytes at least, all of them zero. */
function grow(memory: WebAssembly.Memory, bytes: number): void {
  new Uint8Array(memory.buffer).fill(0);
  memory.grow(Math.max(0, Math.ceil((bytes - memory.buffer.byteLength) / PAGE)));
}

/** Of the bytes of a table, as `remainder` makes it, and of what is brought before it at once. */
const TABLE = 4096;

/** CRC32C by kernels that no plan has taken yet: they are fast the first time, where JavaScript is not yet compiled for speed. */
export function checksumBy({ memory, remainder }: OpenKernels): Checksum {
  const window = new Uint8Array(memory.buffer, TABLE);
  return (bytes, previous) => {
    let crc = ~previous;
    for (let at = 0; at < bytes.length; at += window.length) {
      const part = bytes.subarray(at, at + window.length);
      window.set(part);
      crc = remainder(0, TABLE, TABLE + part.length, crc);
    }
    return ~crc >>> 0;
  };
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
