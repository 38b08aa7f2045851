import { type EngineName, selectEngine } from "@isthmus/backend";
import { describe } from "vitest";
import { startTests } from "vitest/internal/browser";
import type { VitestRunner } from "vitest/suite";
import { engineConforms } from "../../../packages/graph/test/conformance/suite.ts";

/** How one test ended. */
export interface Verdict {
  readonly name: string;
  readonly state: string;
  readonly errors: readonly string[];
}

/** As much of a runner's configuration as it looks at. */
const config = {
  ...{ root: "/", name: "", setupFiles: [], passWithNoTests: false, allowOnly: false, includeTaskLocation: false },
  ...{ testTimeout: 3_600_000, hookTimeout: 60_000, maxConcurrency: 1, retry: 0, expect: {}, tags: [] },
  sequence: { shuffle: false, concurrent: false, seed: 1, hooks: "stack", setupFiles: "list" },
};

/** Runs the suite on an engine, by vitest itself, which needs no Node for that. */
export async function conform(require: EngineName): Promise<readonly Verdict[]> {
  if (require === "tfjs:webgpu") await leaveNothingToTheProcessor();
  // Where vitest keeps what its own process tells it.
  Object.assign(globalThis, { __vitest_worker__: { config, filepath: "/conformance.ts" } });
  const importFile = async () => {
    describe("an engine", () => {
      engineConforms(() => selectEngine({ require, wasm: { build: "simd128", threads: 2 }, store: false }));
    });
  };
  const runner = { config, importFile } as unknown as VitestRunner;
  const files = await startTests([{ filepath: "/conformance.ts", testLocations: undefined }], runner);
  return files.flatMap(verdicts);
}

/** Small arrays would be computed by the kernels of tfjs:cpu. */
async function leaveNothingToTheProcessor(): Promise<void> {
  await import("@tensorflow/tfjs-backend-webgpu");
  const { env } = await import("@tensorflow/tfjs-core");
  env().set("WEBGPU_CPU_FORWARD", false);
}

type Task = Awaited<ReturnType<typeof startTests>>[number]["tasks"][number];

function verdicts(
  task: Task | { readonly name: string; readonly tasks: readonly Task[]; readonly result?: Task["result"] },
): Verdict[] {
  const errors = task.result?.errors?.map(({ message }) => message) ?? [];
  if (!("tasks" in task)) return [{ name: task.name, state: task.result?.state ?? task.mode, errors }];
  const own = errors.length > 0 ? [{ name: task.name, state: "fail", errors }] : [];
  return [...own, ...task.tasks.flatMap(verdicts)];
}
