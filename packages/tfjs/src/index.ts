export type { BackendName } from "./engine/backends.ts";
export { createTfjsEngine } from "./engine/create-engine.ts";
export type { TfjsEngineOptions } from "./engine/create-engine.ts";
export type { TfjsEngine } from "./engine/tfjs-engine.ts";
export type { TfjsExecutable } from "./engine/tfjs-executable.ts";
export type { TfjsState } from "./engine/tfjs-state.ts";
export { tfjsOps } from "./tfjs-ops.ts";
export type { TfjsCore } from "./tfjs-ops.ts";
