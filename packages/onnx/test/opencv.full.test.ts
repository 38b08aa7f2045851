/** OpenCV's DNN module, which shares nothing with onnxruntime, computes what the float64 interpreter computes. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { elementCount } from "@isthmus/graph";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { calibrate, describeOnnx, exportModelPart, lintFor } from "../src/index.ts";
import { denseModel, pseudoRandom } from "./support/models.ts";
import { exportable, expectedOf, feedsFor, partsOf, smallZoo } from "./support/zoo.ts";

const SOURCE = fileURLToPath(new URL("../../../tools/opencv/run-onnx.cpp", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "isthmus-opencv-"));
const program = join(folder, "run-onnx");
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
  const { status, stdout, stderr } = spawnSync(program, [path, outputs.join(","), ...shape.map(String)], {
    input: new Uint8Array(input.buffer, input.byteOffset, input.byteLength),
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(stderr.toString());
  return new Float32Array(new Uint8Array(stdout).buffer);
}

/** What OpenCV 4.6 refuses, with its reason; a part that is listed must be refused. */
const refusals: Readonly<Record<string, readonly string[]>> = {
  "Shape of a batch of any size": [
    ...["decoder of vae, gaussian", "decoder of vae, colours", "encoder of linear vae, fixed"],
    ...["encoder of linear vae, shared", "decoder of linear vae, shared"],
    ...["encoder of linear vae, per feature", "decoder of linear vae, per feature"],
  ],
  "ReduceSum with its axes as an input, as since operator set 13": [
    ...["encoder of mixture-prior vae", "encoder of mixture-prior vae, warm-up"],
  ],
  "Max of one value and a constant": ["decoder of vae, discretised logistic"],
  "Mul of shapes that broadcast along more than one axis": ["encoder of vae, mixture posterior"],
  "a failed assertion about axes, which names no node": [
    ...["encoder of ae, threshold", "encoder of conditional vae, top half"],
  ],
};
const refused = new Set(Object.values(refusals).flat());

/** Parts that OpenCV's one input of floats can feed. */
const parts = smallZoo.flatMap(([name, definition]) => {
  const model = exportable(definition);
  return partsOf(definition)
    .filter(({ part, sample }) => !sample && (part === "encoder" || part === "decoder"))
    .filter(({ part }) => Object.keys(model[part as "encoder" | "decoder"].inputs).length === 1)
    .map((asked) => ({ name: `${asked.part} of ${name}`, model, asked }));
});

describe.skipIf(missing)("OpenCV (apt-get install libopencv-dnn-dev g++)", () => {
  beforeAll(() => {
    const flags = ["-O1", SOURCE, "-I/usr/include/opencv4", "-lopencv_dnn", "-lopencv_core", "-o", program];
    const { status, stderr } = spawnSync("g++", flags, { encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
  }, 300_000);

  test.each(parts.filter(({ name }) => !refused.has(name)))(
    "$name, operator sets 13 and 17, batch 1 and 3",
    ({ model, asked }) => {
      const [input, id] = Object.entries(model[asked.part as "encoder" | "decoder"].inputs)[0]!;
      const { shape } = model[asked.part as "encoder" | "decoder"].nodes[id]!;
      for (const opset of [13, 17] as const) {
        const bytes = exportModelPart(model, asked.part, { opset });
        expect(lintFor("opencv", bytes)).toEqual([]);
        const outputs = describeOnnx(bytes).outputs.map(({ name }) => name);
        for (const batch of [1, 3]) {
          const feeds = feedsFor(model, asked, batch);
          const expected = expectedOf(model, asked, feeds, batch);
          const dims = shape.map((dim) => (dim === "batch" ? batch : dim));
          expect(feeds[input]).toHaveLength(elementCount(shape, batch));
          const got = run(bytes, outputs, dims, feeds[input] as Float32Array);
          const all = outputs.flatMap((name) => [...expected[name]!]);
          expect(got).toHaveLength(all.length);
          const where = `operator set ${opset}, batch ${batch}`;
          all.forEach((value, i) => {
            if (!(Math.abs(got[i]! - value) <= 1e-5 + 1e-4 * Math.abs(value))) {
              throw new Error(`${where}, ${outputs.join(", ")}: value ${i} is ${got[i]}, not ${value}`);
            }
          });
        }
      }
    },
  );

  test.each(parts.filter(({ name }) => refused.has(name)))("refuses the $name", ({ model, asked }) => {
    const { nodes, inputs } = model[asked.part as "encoder" | "decoder"];
    const [input, id] = Object.entries(inputs)[0]!;
    const bytes = exportModelPart(model, asked.part);
    const outputs = describeOnnx(bytes).outputs.map(({ name }) => name);
    const dims = nodes[id]!.shape.map((dim) => (dim === "batch" ? 3 : dim));
    const fed = feedsFor(model, asked, 3)[input] as Float32Array;
    expect(() => run(bytes, outputs, dims, fed)).toThrow(/OpenCV/);
  });

  test.each([
    ["float16", "float16"],
    ["float16-compute", "float16"],
    ["int8-weights", "scales-per-channel"],
    ["int8", "scales-per-channel"],
  ] as const)("refuses %s, as the rule %s says", async (precision, rule) => {
    const model = denseModel({ pixels: 40, hidden: 30, latent: 5 }, "ae");
    const x = pseudoRandom(3 * 40);
    const ranges = await calibrate(exportModelPart(model, "encoder"), { batches: [{ x }] });
    const bytes = exportModelPart(model, "encoder", { precision, ...(precision === "int8" && { ranges }) });
    expect(lintFor("opencv", bytes).map(({ id }) => id)).toContain(rule);
    expect(() => run(bytes, ["z"], [3, 40], x)).toThrow(/OpenCV/);
  });

  test("refuses nothing that is not there", () => {
    expect(parts.filter(({ name }) => refused.has(name))).toHaveLength(refused.size);
  });
});
