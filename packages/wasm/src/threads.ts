/** What can be known of threads before there is an engine; nothing of the engine is loaded. */
export { cores, obstacle as threadsObstacle, requestedThreads } from "./threads/options.ts";
export type { ThreadsReason, ThreadsReasonCode } from "./threads/options.ts";
