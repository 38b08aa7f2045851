import { interpret } from "@isthmus/graph";
import { expect } from "vitest";
import { checkOnnx, type ExportOptions } from "../../src/index.ts";
import { type Case, exportCase, inputsFor } from "./operation-cases.ts";
import type { Runtime } from "./runtimes.ts";

const EPSILON = 2 ** -23;

export interface OperationTrial {
  readonly batches: readonly number[];
  readonly optimisations: readonly ("disabled" | "all")[];
  readonly options: Partial<ExportOptions>;
}

/** Expects a runtime to compute of a case what the float64 interpreter does. */
export async function compareOperation(
  runtime: Runtime,
  make: Case,
  { batches, optimisations, options }: OperationTrial,
): Promise<void> {
  const { program, bytes } = exportCase(make, options);
  checkOnnx(bytes);
  for (const optimisation of optimisations) {
    const session = await runtime.open(bytes, optimisation);
    for (const batch of batches) {
      const inputs = inputsFor(batch);
      const expected = interpret(program, { inputs, state: {}, batch }).outputs["result"]!.data;
      const { result } = await session.run(program, inputs, batch);
      const where = `${runtime.name}, optimisation ${optimisation}, batch ${batch}, ${JSON.stringify(options)}`;
      expect(result, where).toHaveLength(expected.length);
      // Values are at most 100 in magnitude before and e^40 after, each case a handful of roundings; runtimes' exp,
      // tanh and sigmoid are themselves a few units off.
      for (const [i, value] of expected.entries()) {
        expect(Math.abs(result![i]! - value), where).toBeLessThanOrEqual(32 * EPSILON * (1 + Math.abs(value)));
      }
    }
    await session.release();
  }
}
