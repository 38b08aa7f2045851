/** Every operation in operator sets whose schemas differ for us, in both profiles. */
import { describe, test } from "vitest";
import { operationCases } from "./support/operation-cases.ts";
import { compareOperation } from "./support/operation-parity.ts";
import { runtimes } from "./support/runtimes.ts";

const dialects = [
  { opset: 13, profile: "portable" },
  { opset: 15, profile: "compact" },
  { opset: 18, profile: "portable" },
  { opset: 21, profile: "compact" },
] as const;

describe.each(runtimes)("$name computes what the float64 interpreter does", (runtime) => {
  test.each(operationCases)("$name", async ({ make }) => {
    for (const options of dialects) {
      await compareOperation(runtime, make, { batches: [3], optimisations: ["all"], options });
    }
  });
});

describe.each(runtimes)("$name, in the compact profile", (runtime) => {
  test.each(operationCases.filter(({ name }) => name.startsWith("conv2dInputGrad")))("$name", async ({ make }) => {
    for (const opset of [13, 17, 21] as const) {
      const options = { opset, profile: "compact" } as const;
      await compareOperation(runtime, make, { batches: [1, 3], optimisations: ["disabled", "all"], options });
    }
  });
});
