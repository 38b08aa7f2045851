import { runPlan } from "./integers.ts";
import { run } from "./run.ts";
import { recoded } from "./streams.ts";

/** The page's only job is to be asked: `await isthmusRun("simd128")`, `await isthmusRunPlan(plan, items)`, `await isthmusRecoded(streams)`. */
Object.assign(globalThis, { isthmusRun: run, isthmusRunPlan: runPlan, isthmusRecoded: recoded });
