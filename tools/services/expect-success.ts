import type { SpawnSyncReturns } from "node:child_process";

/** @throws Error what a program said that failed */
export function expectSuccess(run: SpawnSyncReturns<string>): SpawnSyncReturns<string> {
  if (run.error) throw run.error;
  if (run.status !== 0) throw new Error(`a program ended with ${run.status}: ${run.stdout}${run.stderr}`);
  return run;
}
