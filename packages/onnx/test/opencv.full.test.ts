/**
 * OpenCV's DNN module, which shares nothing with onnxruntime, computes what the float64 interpreter computes, or refuses the
 * file; and it refuses what the linter says, no more and no less.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { concreteShape, elementCount } from "@isthmus/graph";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { calibrate, describeOnnx, exportModelPart, lintFor } from "../src/index.ts";
import { denseModel, pseudoRandom } from "./support/models.ts";
import { opencvCases, stretchedCases } from "./support/opencv-cases.ts";
import { expectedOf, feedsFor, partsOfAll, smallZoo } from "./support/zoo.ts";

const SOURCE = fileURLToPath(new URL("../../../tools/opencv/run-onnx.cpp", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "isthmus-opencv-"));
const runner = join(folder, "run-onnx");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const headers = ["-E", "-x", "c++", "-I/usr/include/opencv4", "-include", "opencv2/dnn.hpp", "/dev/null"];
const missing = spawnSync("g++", headers, { stdio: "ignore" }).status !== 0;

/** Outputs one after the other, or what OpenCV says against the file. */
function run(
  bytes: Uint8Array,
  outputs: readonly string[],
  shape: readonly number[],
  input: Float32Array,
): Float32Array {
  const path = join(folder, "model.onnx");
  writeFileSync(path, bytes);
  const { status, stdout, stderr } = spawnSync(runner, [path, outputs.join(","), ...shape.map(String)], {
    input: new Uint8Array(input.buffer, input.byteOffset, input.byteLength),
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(stderr.toString());
  return new Float32Array(new Uint8Array(stdout).buffer);
}

/** Parts that OpenCV's one input of floats can feed. */
const parts = partsOfAll(smallZoo)
  .filter(([, { part, sample }]) => !sample && (part === "encoder" || part === "decoder"))
  .map(([what, one]) => [what, { ...one, program: one.model[one.part as "encoder" | "decoder"] }] as const)
  .filter(([, { program }]) => Object.keys(program.inputs).length === 1);

describe.skipIf(missing)("OpenCV (apt-get install libopencv-dnn-dev g++)", () => {
  beforeAll(() => {
    const flags = ["-O1", SOURCE, "-I/usr/include/opencv4", "-lopencv_dnn", "-lopencv_core", "-o", runner];
    const { status, stderr } = spawnSync("g++", flags, { encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
  }, 300_000);

  test.each(parts)("%s, operator sets 13 and 17, batch 1 and 3", (_, { program, model, ...asked }) => {
    const [input, id] = Object.entries(program.inputs)[0]!;
    for (const opset of [13, 17] as const) {
      const bytes = exportModelPart(model, asked.part, { opset });
      const outputs = describeOnnx(bytes).outputs.map(({ name }) => name);
      for (const batch of [1, 3]) {
        const fed = feedsFor(model, asked, batch);
        const dims = concreteShape(program.nodes[id]!.shape, batch);
        const attempt = () => run(bytes, outputs, dims, fed[input] as Float32Array);
        const warnings = lintFor("opencv", bytes);
        if (warnings.length === 0) expectEqual(attempt(), expectedOf(model, asked, fed, batch), outputs);
        else if (batch > 1 || warnings.some(({ id }) => id !== "constant-comparison"))
          expect(attempt).toThrow(/OpenCV/);
      }
    }
  });

  const files = Object.entries(opencvCases).flatMap(([id, [hit, , clear]]): (readonly [string, Uint8Array])[] => [
    [`${id}, what it is about`, hit],
    [`${id}, what it is not about`, clear],
  ]);

  test.each([...files, ...stretchedCases])("refuses what the linter says: %s", (_, bytes) => {
    const shape = describeOnnx(bytes).inputs[0]!.shape.map((dim) => (typeof dim === "number" ? dim : 2));
    const attempt = () => run(bytes, ["y"], shape, new Float32Array(elementCount(shape)));
    if (lintFor("opencv", bytes).length > 0) expect(attempt).toThrow(/OpenCV/);
    else expect(attempt).not.toThrow();
  });

  test.each([
    ["float16", "float16"],
    ["float16-compute", "float16"],
    ["int8-weights", "dequantised-weights"],
    ["int8", "dequantised-weights"],
  ] as const)("refuses %s, as the rule %s says", async (precision, rule) => {
    const model = denseModel({ pixels: 40, hidden: 30, latent: 5 }, "ae");
    const x = pseudoRandom(3 * 40);
    const ranges = await calibrate(exportModelPart(model, "encoder"), { batches: [{ x }] });
    const bytes = exportModelPart(model, "encoder", { precision, ...(precision === "int8" && { ranges }) });
    expect(lintFor("opencv", bytes).map(({ id }) => id)).toContain(rule);
    expect(() => run(bytes, ["z"], [3, 40], x)).toThrow(/OpenCV/);
  });
});

/** Outputs one after the other. */
function expectEqual(got: Float32Array, expected: Record<string, Float64Array>, outputs: readonly string[]): void {
  const all = outputs.flatMap((name) => [...expected[name]!]);
  expect(got).toHaveLength(all.length);
  const wrong = all.flatMap((value, i) => (Math.abs(got[i]! - value) <= 1e-5 + 1e-4 * Math.abs(value) ? [] : [i]));
  expect(wrong).toEqual([]);
}
