import { chooseBuild, probe } from "@isthmus/kernels";
import type { WebgpuAdapter } from "@isthmus/tfjs/probe";
import { cores, requestedThreads, threadsObstacle } from "@isthmus/wasm/threads";
import { type Finding, lacking, reasonOf } from "./reason.ts";
import { webgl2, type WebglFound } from "./webgl.ts";

export interface Runtime {
  readonly kind: "node" | "deno" | "bun" | "page" | "worker" | "unknown";
  /** Its version, or what a browser says of itself. */
  readonly version: string;
  /** `linux-x64`; empty where only the browser's own words tell. */
  readonly platform: string;
  /** Logical processors, as far as the runtime says. */
  readonly cores: number;
}

/** What this machine and runtime offer. Nothing of an engine is loaded to find out, but for the package `webgpu` in Node. */
export interface Environment {
  readonly runtime: Runtime;
  readonly wasm: Finding;
  /** 128-bit vectors, which our kernels need; `build` is the kernels' that would be taken. */
  readonly simd: Finding & { readonly build?: string };
  readonly relaxedSimd: Finding;
  /** `count`: how many would share the work, the caller's among them. */
  readonly threads: Finding & { readonly count: number };
  /** Absent where nobody looked, as is `webgl2`. */
  readonly webgpu?: Finding & { readonly adapter?: WebgpuAdapter };
  readonly webgl2?: Finding & WebglFound;
}

/**
 * Looks at this machine and runtime.
 *
 * @param graphics whether to look for WebGPU and WebGL, which takes some hundred milliseconds. Default: true
 */
export async function probeEnvironment(graphics = true): Promise<Environment> {
  const here = runtime();
  const found = { runtime: here, ...webAssembly(here) };
  return graphics ? { ...found, webgpu: await webgpu(), webgl2: webgl2() } : found;
}

function webAssembly({ cores }: Runtime): Pick<Environment, "wasm" | "simd" | "relaxedSimd" | "threads"> {
  if (typeof WebAssembly !== "object") {
    const none = lacking("WASM_MISSING", "this runtime has no WebAssembly, or a policy forbids it");
    return { wasm: none, simd: none, relaxedSimd: none, threads: { ...none, count: 1 } };
  }
  const found = probe();
  return {
    wasm: { available: true },
    simd: found.simd
      ? { available: true, build: chooseBuild(found) }
      : lacking(
          "WASM_NO_SIMD",
          "this runtime has no WebAssembly SIMD; Node 16.4, Chrome 91, Firefox 89 and Safari 16.4 have",
        ),
    relaxedSimd: found.relaxedSimd
      ? { available: true }
      : lacking("WASM_NO_RELAXED_SIMD", "this runtime has no relaxed SIMD; Node 22, Chrome 114 and newer have"),
    threads: threads(cores),
  };
}

function threads(cores: number): Environment["threads"] {
  const reason = threadsObstacle();
  if (reason) return { available: false, count: 1, reason };
  const count = requestedThreads("auto");
  if (count > 1) return { available: true, count };
  const message = `this runtime sees ${cores} core${cores === 1 ? "" : "s"}: there is nobody to share the work with`;
  return { ...lacking("THREADS_ONE_CORE", message), count: 1 };
}

async function webgpu(): Promise<NonNullable<Environment["webgpu"]>> {
  try {
    const { webgpuAdapter } = await import("@isthmus/tfjs/probe");
    return { available: true, adapter: await webgpuAdapter() };
  } catch (error) {
    return { available: false, reason: reasonOf(error, "WEBGPU_FAILED") };
  }
}

interface Globals {
  readonly process?: { readonly versions?: Record<string, string>; readonly platform?: string; readonly arch?: string };
  readonly Deno?: { readonly version: { readonly deno: string } };
  readonly navigator?: { readonly userAgent?: string };
}

/** Deno and Bun have Node's `process` too. */
function runtime(): Runtime {
  const { process, Deno, navigator } = globalThis as Globals;
  const { bun, node } = process?.versions ?? {};
  const here = { platform: process?.platform ? `${process.platform}-${process.arch}` : "", cores: cores() };
  if (Deno) return { kind: "deno", version: Deno.version.deno, ...here };
  if (bun !== undefined) return { kind: "bun", version: bun, ...here };
  if (node !== undefined) return { kind: "node", version: node, ...here };
  const kind = "document" in globalThis ? "page" : "WorkerGlobalScope" in globalThis ? "worker" : "unknown";
  return { kind, version: navigator?.userAgent ?? "", ...here };
}
