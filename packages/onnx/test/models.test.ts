import { elementCount, interpret, type Program } from "@isthmus/graph";
import { describe, expect, test } from "vitest";
import { checkOnnx, exportModelPart, parity } from "../src/index.ts";
import { denseModel, pseudoRandom, sizes } from "./support/models.ts";
import { runtimes } from "./support/runtimes.ts";

const model = Object.fromEntries(
  Object.entries(sizes).flatMap(([size, values]) =>
    (["ae", "vae"] as const).map((kind) => [`${kind} ${size}`, denseModel(values, kind)]),
  ),
);

function inputsOf(program: Program, batch: number) {
  return Object.fromEntries(
    Object.entries(program.inputs).map(([name, id]) => [
      name,
      pseudoRandom(elementCount(program.nodes[id]!.shape, batch)),
    ]),
  );
}

describe.each(runtimes)("an exported dense model on $name equals the float64 interpreter", (runtime) => {
  describe.each(Object.entries(model))("%s", (_, made) => {
    const state = Object.fromEntries(
      Object.entries(made.parameters).map(([name, { data }]) => [name, data as Float32Array]),
    );
    test.each(["encoder", "decoder"] as const)("%s", async (part) => {
      const program = made[part];
      const bytes = exportModelPart(made, part);
      checkOnnx(bytes);
      for (const optimisation of ["disabled", "all"] as const) {
        const session = await runtime.open(bytes, optimisation);
        expect([...session.inputNames]).toEqual(Object.keys(program.inputs));
        expect([...session.outputNames].sort()).toEqual(Object.keys(program.outputs).sort());
        for (const batch of [1, 3, 100]) {
          const report = await parity({
            run: (inputs) => session.run(program, inputs, batch),
            reference: async (inputs) => {
              const { outputs } = interpret(program, { inputs, state, batch });
              return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data]));
            },
            inputs: inputsOf(program, batch),
          });
          // Weights and activations are below 1 in magnitude, so a dot product of k <= 784 terms of random sign is off
          // by about sqrt(k) 2^-24 < 2e-6. The largest output is of
          // the order of 1. Measured, both runtimes: 2.8e-7 absolute, 5.2e-7 of the largest.
          expect(report).toMatchObject({ finite: true });
          expect(report.maxAbs).toBeLessThan(2e-6);
          expect(report.maxRel).toBeLessThan(2e-6);
        }
      }
    });
  });
});
