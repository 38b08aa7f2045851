/** Every operation in every operator set whose schemas differ for us, in both profiles. */
import { describe, test } from "vitest";
import { operationCases } from "./support/operation-cases.ts";
import { compareOperation } from "./support/operation-parity.ts";
import { runtimes } from "./support/runtimes.ts";

const dialects = ([13, 14, 15, 16, 18, 19, 20, 21] as const).map((opset) => ({
  opset,
  profile: opset % 2 === 0 ? ("compact" as const) : ("portable" as const),
}));

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
