/** Rounding, which the graph has no operation for: read as comparisons, exact to the bit. */
import { interpret } from "@isthmus/graph";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { importOnnx } from "../src/index.ts";
import * as onnx from "./support/onnx-models.ts";
import { runtimes } from "./support/runtimes.ts";

/** Halves, neighbours of whole numbers, and where float32 has no fractions any more. */
const TRICKY = [
  0,
  0.5,
  1.5,
  2.5,
  0.49999997,
  0.50000006,
  1 - 2 ** -24,
  254.5,
  255.5,
  8388607.5,
  8388608,
  2 ** 24 + 2,
  3e38,
];
const tricky = Float32Array.from([...TRICKY, ...TRICKY.map((value) => -value)]);

function halfEven(value: number): number {
  const low = Math.floor(value);
  if (value - low !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}

const operators = { Round: halfEven, Floor: Math.floor, Ceil: Math.ceil };

function run(bytes: Uint8Array, x: Float32Array): Float64Array {
  const { program, parameters } = importOnnx(bytes);
  const state = Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, data as Float32Array]));
  return interpret(program, { inputs: { x }, state, batch: x.length }).outputs["y"]!.data;
}

const ports = { inputs: [onnx.value("x", ["batch"])], outputs: [onnx.value("y", ["batch"])] };

describe.each(Object.entries(operators))("%s", (opType, formula) => {
  const bytes = onnx.file([onnx.node(opType, ["x"], ["y"])], ports);

  test("of tricky numbers, as the runtimes have it", async () => {
    expect(Array.from(run(bytes, tricky), (y) => y + 0)).toEqual(Array.from(tricky, (x) => formula(x) + 0));
    for (const runtime of runtimes) {
      const session = await runtime.open(bytes, "all");
      const { y } = await session.runFed({ x: tricky }, tricky.length);
      expect(Array.from(y!, (value) => value + 0)).toEqual(Array.from(tricky, (x) => formula(x) + 0));
      await session.release();
    }
  });

  test("of any number", () => {
    const floats = fc.float32Array({ noNaN: true, noDefaultInfinity: true, minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(floats, (x) => {
        expect(Array.from(run(bytes, x), (y) => y + 0)).toEqual(Array.from(x, (value) => formula(value) + 0));
      }),
    );
  });
});

test("a cast to a small integer goes to 0, one to an id is refused", () => {
  const cast = (to: number) =>
    onnx.file([onnx.node("Cast", ["x"], ["y"], { to: { type: "int", value: to } })], {
      ...ports,
      outputs: [onnx.value("y", ["batch"], to)],
    });
  const x = Float32Array.of(-2.7, -0.5, 0, 0.99, 1.5, 126.9);
  expect(Array.from(run(cast(3), x), (y) => y + 0)).toEqual([-2, 0, 0, 0, 1, 126]);
  expect(() => run(cast(7), x)).toThrow(/rounds to int64, which the graph only has as ids/);
});

test("a number that was clamped to bytes is rounded by eight digits", () => {
  const clip = [onnx.node("Clip", ["x", "low", "high"], ["c"]), onnx.node("Round", ["c"], ["y"])];
  const initialisers = [onnx.floats("low", [], [0]), onnx.floats("high", [], [255])];
  const clamped = onnx.file(clip, { ...ports, initialisers });
  const free = onnx.file([onnx.node("Round", ["x"], ["y"])], ports);
  const x = Float32Array.from([...tricky, 254.5, 253.5, 0.5]);
  expect(Array.from(run(clamped, x), (y) => y + 0)).toEqual(
    Array.from(x, (value) => halfEven(Math.min(255, Math.max(0, value))) + 0),
  );
  const size = (bytes: Uint8Array) => importOnnx(bytes).program.nodes.length;
  expect(size(clamped)).toBeLessThan(size(free) / 2);
});
