import { runPlan } from "./integers.ts";
import { run } from "./run.ts";

/** The page's only job is to be asked: `await isthmusRun("simd128")`, `await isthmusRunPlan(plan, items)`. */
Object.assign(globalThis, { isthmusRun: run, isthmusRunPlan: runPlan });
