/** What operator sets before 7 said otherwise is read as what newer ones say. */
import { elementCount, interpret } from "@isthmus/graph";
import { describe, expect, test } from "vitest";
import { importOnnx } from "../src/index.ts";
import { pseudoRandom } from "./support/models.ts";
import { file, floats, node, value } from "./support/onnx-models.ts";

const image = ["batch", 3, 2, 4] as const;
const int = (number: number) => ({ type: "int", value: number }) as const;

/** What a file makes of an image `x`, and of `b` where that is fed. */
function results(bytes: Uint8Array): number[] {
  const { program, parameters } = importOnnx(bytes);
  const inputs = Object.entries(program.inputs).map(([name, id]) => {
    const values = pseudoRandom(elementCount(program.nodes[id]!.shape, 2), name.length + name.charCodeAt(0));
    return [name, values] as const;
  });
  const state = Object.entries(parameters).map(([name, { data }]) => [name, data as Float32Array] as const);
  const { y } = interpret(program, {
    inputs: Object.fromEntries(inputs),
    state: Object.fromEntries(state),
    batch: 2,
  }).outputs;
  return [...y!.data];
}

interface Operand {
  readonly shape: readonly number[];
  readonly isFed: boolean;
}

/** An image and another operand; `axis` is written in operator set 6, without one the file is of set 17. */
function combined(opType: string, { shape, isFed }: Operand, axis?: number): Uint8Array {
  const attributes = axis === undefined ? {} : { broadcast: int(1), axis: int(axis) };
  const data = Array.from({ length: elementCount(shape) }, (_, i) => 1 + i / 4);
  return file(
    [node(opType, ["x", "b"], ["y"], attributes)],
    {
      initialisers: isFed ? [] : [floats("b", shape, data)],
      inputs: [value("x", image), ...(isFed ? [value("b", shape)] : [])],
      outputs: [value("y", image)],
    },
    { operatorSets: [{ domain: "", version: axis === undefined ? 17 : 6 }] },
  );
}

describe.each(["Add", "Sub", "Mul", "Div"])("%s along an axis", (opType) => {
  test.each([
    { shape: [3], axis: 1, present: [3, 1, 1] },
    { shape: [3, 2], axis: 1, present: [3, 2, 1] },
    { shape: [2], axis: 2, present: [2, 1] },
    { shape: [2], axis: -2, present: [2, 1] },
    { shape: [4], axis: 3, present: [4] },
  ])("$axis, of shape $shape", ({ shape, axis, present }) => {
    for (const isFed of [false, true]) {
      const got = results(combined(opType, { shape, isFed }, axis));
      expect(got).toEqual(results(combined(opType, { shape: present, isFed })));
      expect(got).toHaveLength(48);
    }
  });
});

test.each([2, 4, -1])("an operand of three axes does not lie along four from axis %i on", (axis) => {
  const bytes = combined("Add", { shape: [3, 2, 4], isFed: false }, axis);
  expect(() => importOnnx(bytes)).toThrow(
    expect.objectContaining({
      code: "ONNX_OPERATION",
      message: `onnx: node node_y (Add) lays 3 axes along 4 from axis ${axis} on`,
    }),
  );
});

test("a node that is told to train is refused", () => {
  const dropout = (isTest: number) =>
    file([node("Dropout", ["x"], ["y"], { is_test: int(isTest) })], {}, { operatorSets: [{ domain: "", version: 6 }] });
  expect(() => importOnnx(dropout(1))).not.toThrow();
  expect(() => importOnnx(dropout(0))).toThrow(/in training/);
});
