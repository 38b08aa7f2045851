import { CALL_FIELDS, KERNELS, planKernelBytes, type PlanKernelExports } from "@isthmus/kernels/plan";
import { IsthmusError } from "@isthmus/math";
import { checkAnyPlan, type Executor, executorOver, openJavascript } from "./executor.ts";
import type { FloatCall, Plan, PlanCall } from "./plan.ts";

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
  return openExecutor(plan, options);
}

/** Of a plan that was checked. */
export async function openExecutor(plan: Plan, { kernels, module }: LoadExecutorOptions): Promise<Executor> {
  if (kernels !== undefined && kernels !== "wasm" && kernels !== "javascript") {
    throw new RangeError(`"kernels" expected wasm or javascript, got ${String(kernels)}`);
  }
  if (kernels === "javascript") return openJavascript(plan);
  const compiled = await compiledKernels(module);
  if (compiled) return wasmExecutor(plan, compiled);
  if (kernels === undefined) return openJavascript(plan);
  throw new IsthmusError("WASM_NO_SIMD", "there is no WebAssembly with vectors here");
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

async function wasmExecutor(plan: Plan, module: WebAssembly.Module): Promise<Executor> {
  const { calls, memoryBytes } = plan;
  const pages = Math.ceil((memoryBytes + 4 * WORDS * calls.length + SLACK) / PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const words = new Int32Array(memory.buffer, memoryBytes, WORDS * calls.length);
  calls.forEach((call, i) => words.set(callWords(call), WORDS * i));
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  const kernels = exports as unknown as PlanKernelExports;
  return executorOver(plan, memory.buffer, "wasm", () => kernels.run(memoryBytes, calls.length));
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
