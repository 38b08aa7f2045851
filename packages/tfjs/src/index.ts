export { tfjsOps } from "./tfjs-ops.ts";
export type { TfjsCore } from "./tfjs-ops.ts";
