import { run } from "./run.ts";

/** The page's only job is to be asked: `await isthmusRun("simd128")`. */
(globalThis as unknown as Record<string, unknown>)["isthmusRun"] = run;
