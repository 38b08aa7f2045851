/** What is exported is read back: the same numbers, for every operation. */
import { interpret, type Program, type StoredTensor } from "@isthmus/graph";
import { describe, expect, test } from "vitest";
import { importOnnx } from "../src/index.ts";
import { exportCase, inputsFor, operationCases } from "./support/operation-cases.ts";

const BATCH = 3;

function run(
  program: Program,
  values: Readonly<Record<string, Float32Array | Float64Array>>,
  outputs = program.outputs,
) {
  const inputs = inputsFor(BATCH);
  const given = Object.fromEntries(Object.keys(program.inputs).map((name) => [name, inputs[name]!]));
  const results = interpret(program, { inputs: given, state: values, batch: BATCH }).outputs;
  return Object.fromEntries(Object.keys(outputs).map((name) => [name, results[name]!]));
}

function tensors(parameters: Readonly<Record<string, StoredTensor>>): Record<string, Float32Array> {
  return Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, data as Float32Array]));
}

describe("an exported operation, read back", () => {
  test.each(operationCases)("$name", ({ make }) => {
    const { program, bytes } = exportCase(make);
    const read = importOnnx(bytes);
    const [expected, got] = [run(program, {}), run(read.program, tensors(read.parameters), program.outputs)];
    for (const [name, { shape, data }] of Object.entries(expected)) {
      expect(got[name]!.shape).toEqual(shape);
      // Both are float64; constants that the exporter computed are float32.
      const wrong = [...data].filter((value, i) => {
        const other = got[name]!.data[i]!;
        return !Object.is(value, other) && !(Math.abs(value - other) <= 1e-6 + 1e-5 * Math.abs(value));
      });
      expect(wrong).toEqual([]);
    }
  });
});
