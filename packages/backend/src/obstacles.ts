import type { Engine } from "@isthmus/graph";
import type { Threads } from "@isthmus/wasm";
import { type EngineName, meeting, type Requirement } from "./engine-names.ts";
import type { Environment } from "./environment.ts";
import type { Reason } from "./reason.ts";

/** Why an engine is not what must be, whatever the machine. */
export function mismatch(name: EngineName, required: readonly Requirement[]): Reason | undefined {
  const unmet = required.find((requirement) => !meeting(requirement).includes(name));
  return unmet && { code: "BACKEND_REQUIREMENT", message: `it is not what is required: ${unmet}` };
}

/** Why an engine cannot be had on this machine; nothing where it can be tried. */
export function obstacle(name: EngineName, here: Environment, required: readonly Requirement[]): Reason | undefined {
  return lack(name, here) ?? (required.includes("gpu") ? drawnBySoftware(name, here) : undefined);
}

function lack(name: EngineName, { wasm, simd, webgpu, webgl2 }: Environment): Reason | undefined {
  switch (name) {
    case "wasm":
      return simd.reason;
    case "tfjs:wasm":
      return wasm.reason;
    case "tfjs:webgpu":
      return webgpu?.reason;
    case "tfjs:webgl":
      return webgl2?.reason;
    case "tfjs:cpu":
      return undefined;
    default:
      return name satisfies never;
  }
}

/** Why an engine is taken only where nothing else can be had: measuring it would take long, and say what is known. */
export function lastResort(name: EngineName, here: Environment): Reason | undefined {
  if (name !== "tfjs:cpu") return drawnBySoftware(name, here);
  return {
    code: "BACKEND_LAST_RESORT",
    message: "it computes in plain JavaScript; not measured while others can be had",
  };
}

function drawnBySoftware(name: EngineName, { webgpu, webgl2 }: Environment): Reason | undefined {
  const drawn = (what: string): Reason => {
    const message = `there is no graphics card: ${what} computes on the processor, more slowly than WebAssembly does`;
    return { code: "BACKEND_SOFTWARE_ADAPTER", message };
  };
  const { adapter } = webgpu ?? {};
  if (name === "tfjs:webgpu" && adapter?.software)
    return drawn(adapter.description || adapter.architecture || "its adapter");
  return name === "tfjs:webgl" && webgl2?.software ? drawn(webgl2.renderer ?? "its driver") : undefined;
}

/** What an engine lacks that was made. */
export function shortfall(engine: Engine, required: readonly Requirement[]): Reason | undefined {
  const { count, reason } = (engine as Engine & { readonly threads?: Threads }).threads ?? { count: 1 };
  if (!required.includes("threads") || count > 1) return undefined;
  return reason ?? { code: "THREADS_ONE", message: "it has one thread: one was asked for, or there is one core" };
}
