import { planKernelBytes, type PlanKernelExports } from "@isthmus/kernels/plan";
import { IsthmusError } from "@isthmus/math";

export interface LoadExecutorOptions {
  /** Default: `wasm` where WebAssembly has vectors, else `javascript`. Both leave the same bytes. */
  readonly kernels?: KernelsName;
  /**
   * The kernels, compiled, as bytes or to be fetched, where they must not be compiled from the bytes that travel inside this package: platforms that only
   * take a module of their own. `@isthmus/kernels/plan.wasm` is the file.
   */
  readonly module?: WebAssembly.Module | BufferSource | URL;
}

export type KernelsName = "wasm" | "javascript";

/** Kernels in a memory of their own, which no plan has taken yet. */
export interface OpenKernels extends PlanKernelExports {
  readonly memory: WebAssembly.Memory;
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

/** To so many bytes at least; false where there are not so many. */
export function grow(memory: WebAssembly.Memory, bytes: number): boolean {
  try {
    memory.grow(Math.max(0, Math.ceil((bytes - memory.buffer.byteLength) / PAGE)));
    return true;
  } catch {
    return false;
  }
}
