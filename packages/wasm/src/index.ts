export { planText } from "./plan-summary.ts";
export type { CallSummary, ChoiceSummary, PlanSummary } from "./plan-summary.ts";
export type { Choice, WasmResult } from "./run-result.ts";
export type { Threads, ThreadsReason, ThreadsReasonCode } from "./threads/options.ts";
export { workerSource } from "./threads/worker-source.ts";
export { createWasmEngine } from "./create-engine.ts";
export type { WasmEngine, WasmEngineOptions } from "./wasm-engine.ts";
export type { WasmExecutable } from "./wasm-executable.ts";
export type { WasmState } from "./wasm-state.ts";
