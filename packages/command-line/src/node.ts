/** The command line of a program: for Node alone. */
export { outliveReaders } from "./closed-pipes.ts";
export { examples } from "./examples.ts";
export type { Failure } from "./failure.ts";
export { oneLine } from "./one-line.ts";
export { type Outputs, runProgram } from "./run-program.ts";
export { stoppedBySignals } from "./stop-signal.ts";
export { UsageError } from "./usage-error.ts";
