import { GraphBuilder, operations } from "@isthmus/graph";
import { describe, expect, test } from "vitest";
import { decodeModel } from "../src/decode.ts";
import { exportOnnx } from "../src/index.ts";
import { cases, exportCase, operationCases } from "./support/operation-cases.ts";
import { compareOperation } from "./support/operation-parity.ts";
import { runtimes } from "./support/runtimes.ts";

const EPSILON = 2 ** -23;
const whole = { batches: [1, 3, 6], optimisations: ["disabled", "all"], options: {} } as const;

/** Leaves are in every case; noise, gradients of images and what belongs to training are refused. */
const gradients = ["conv2dFilterGrad", "maxPool2dGrad", "maxPool2dPick", "avgPool2dGrad"];
const training = [...gradients, "depthwiseConv2dFilterGrad", "scatterAdd"];
const integers = ["quantise", "requantise"] as const;
const notCases = ["input", "state", "constant", "randomUniform", "randomNormal", ...training, ...integers];

test("every operation of graphs is either here or refused", () => {
  expect([...Object.keys(cases), ...notCases].sort()).toEqual([...operations.keys()].sort());
});

test.each(operationCases)("$name leaves no constant that nothing reads", ({ make }) => {
  const { nodes, initialisers } = decodeModel(exportCase(make).bytes).graph;
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  expect(initialisers.filter(({ name }) => !read.has(name))).toEqual([]);
});

describe.each(runtimes)("$name computes what the float64 interpreter does", (runtime) => {
  test.each(operationCases)("$name", ({ make }) => compareOperation(runtime, make, whole));
});

test("rows added by ids belong to training and are refused by name", () => {
  const build = new GraphBuilder();
  const values = build.input("values", ["batch", 2]);
  const program = build.program({ outputs: { y: build.scatterAdd(values, build.input("ids", ["batch"], "i32"), 3) } });
  expect(() => exportOnnx(program, {}, { graphName: "g" })).toThrow(
    expect.objectContaining({ code: "ONNX_OPERATION", details: { operation: "scatterAdd", node: 2 } }),
  );
});

test.each(integers)("%s belongs to integer networks and is refused by name", (op) => {
  const build = new GraphBuilder();
  const channels = { biases: [0], multipliers: [1], negatives: [1], shifts: [30] };
  const attributes = {
    quantise: { scale: 1, zero: 0 },
    requantise: { ...channels, zero: 0, low: 0, high: 1, table: [] },
  };
  const program = build.program({ outputs: { y: build.emit(op, [build.input("x", ["batch", 1])], attributes[op]) } });
  expect(() => exportOnnx(program, {}, { graphName: "g" })).toThrow(
    expect.objectContaining({ code: "ONNX_OPERATION", details: { operation: op, node: 1 } }),
  );
});

describe.each(runtimes)("$name keeps the digits of tiny arguments", (runtime) => {
  test.each(["expm1", "log1p"] as const)("%s", async (op) => {
    const build = new GraphBuilder();
    const program = build.program({ outputs: { result: build[op](build.input("x", ["batch"])) } });
    const session = await runtime.open(exportOnnx(program, {}, { graphName: op }), "all");
    const x = Float32Array.from([-1e-3, -1e-6, -1e-9, 1e-30, 1e-10, 3e-7, 2e-5, 4e-3, 0.1]);
    const { result } = await session.run(program, { x }, x.length);
    // A handful of roundings, relative to the result: exp(x) - 1 as written would be wrong by its whole size.
    for (const [i, value] of x.entries()) {
      const expected = Math[op](value);
      expect(Math.abs(result![i]! - expected)).toBeLessThanOrEqual(8 * EPSILON * Math.abs(expected));
    }
  });
});
