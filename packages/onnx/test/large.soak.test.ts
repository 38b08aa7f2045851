/** A model above what one ONNX file can hold: 2.25 GiB of weights, written, checked, run and read back. Takes as much on the disk, and 7 GiB of memory. */
import { dense, GraphBuilder, type Program } from "@isthmus/graph";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkOnnx, describeOnnx, draftOnnx, exportOnnx, importOnnx, type Parameters } from "../src/index.ts";
import { readOnnxFile, writeOnnxFile } from "../src/node.ts";
import { pseudoRandom } from "./support/models.ts";
import { openPath } from "./support/runtimes.ts";

const WIDTH = 8192;
const LAYERS = 9;
const TENSOR = WIDTH * WIDTH * 4;

function network(): Program {
  const build = new GraphBuilder();
  let y = build.input("x", ["batch", WIDTH]);
  for (let i = 0; i < LAYERS; i++) y = dense(build, y, { name: `layer${i}`, units: WIDTH, activation: "relu" });
  return build.program({ outputs: { y } });
}

/** Every layer's weights begin 64 numbers further in one array: all differ, and the model itself takes no more than one. */
const STEP = 64;
const numbers = pseudoRandom(WIDTH * WIDTH + LAYERS * STEP).map((value) => value * Math.sqrt(6 / WIDTH));
const kernel = (layer: number): Float32Array => numbers.subarray(layer * STEP, layer * STEP + WIDTH * WIDTH);
const bias = (layer: number): Float32Array => numbers.subarray(layer * STEP, layer * STEP + WIDTH);

const parameters: Parameters = Object.fromEntries(
  Array.from({ length: LAYERS }, (_, i) => [
    [`layer${i}.kernel`, { shape: [WIDTH, WIDTH], data: kernel(i) }],
    [`layer${i}.bias`, { shape: [WIDTH], data: bias(i) }],
  ]).flat() as [string, Parameters[string]][],
);

/** What the network makes of a row, in float64. */
function reference(x: Float32Array): Float64Array {
  let h = Float64Array.from(x);
  for (let layer = 0; layer < LAYERS; layer++) {
    const [w, b] = [kernel(layer), bias(layer)];
    const next = Float64Array.from(b);
    for (let i = 0; i < WIDTH; i++) {
      for (let j = 0; j < WIDTH; j++) next[j]! += h[i]! * w[i * WIDTH + j]!;
    }
    h = next.map((value) => Math.max(0, value));
  }
  return h;
}

const hashOf = ({ buffer, byteOffset, byteLength }: Float32Array): string =>
  createHash("sha256")
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest("hex");

/** Bytes that this process ever had resident; 0 where the system does not say. */
function peak(): number {
  const status = existsSync("/proc/self/status") ? readFileSync("/proc/self/status", "utf8") : "";
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "isthmus-large-"));
  path = join(folder, "large.onnx");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("weights of 2.25 GiB", () => {
  const program = network();
  const options = { graphName: "large" };

  test("are more than one file holds", async () => {
    const said = /expected at most 2147483647 bytes/;
    expect(() => exportOnnx(program, parameters, options)).toThrow(said);
    const draft = draftOnnx(program, parameters, options);
    await expect(writeOnnxFile(path, draft, { externalData: "never" })).rejects.toThrow(said);
  });

  test("are written beside the model, a few of them at a time", async () => {
    const before = peak();
    const written = await writeOnnxFile(path, draftOnnx(program, parameters, options));
    expect(written.bytes).toBeLessThan(100_000);
    expect(written.data).toEqual({ path: `${path}.data`, bytes: LAYERS * (TENSOR + WIDTH * 4) });
    expect(written.data!.bytes).toBeGreaterThan(2 ** 31);
    expect((await stat(`${path}.data`)).size).toBe(written.data!.bytes);
    // One that is turned, and one or two that the garbage collector has not come to.
    expect(peak() - before).toBeLessThan(4 * TENSOR);
  });

  test("are checked and described without being read", async () => {
    const before = peak();
    const { bytes } = await readOnnxFile(path, { external: "find" });
    checkOnnx(bytes);
    expect(describeOnnx(bytes).initialisers).toEqual({
      count: 2 * LAYERS,
      elements: LAYERS * (WIDTH * WIDTH + WIDTH),
      bytes: LAYERS * (TENSOR + WIDTH * 4),
      external: { "large.onnx.data": LAYERS * (TENSOR + WIDTH * 4) },
    });
    expect(peak() - before).toBeLessThan(TENSOR / 4);
  });

  test("are what onnxruntime-node runs", async () => {
    const x = pseudoRandom(WIDTH, 3);
    const session = await openPath(path);
    const { y } = await session.runFed({ x }, 1);
    await session.release();
    const expected = reference(x);
    expect(Math.max(...expected)).toBeGreaterThan(0.1);
    const wrong = expected.findIndex((value, i) => !(Math.abs(y![i]! - value) <= 1e-5 + 1e-4 * Math.abs(value)));
    expect(wrong).toBe(-1);
  });

  const missing = spawnSync("/usr/bin/python3", ["-c", "import onnx"]).status !== 0;
  test.skipIf(missing)("are what ONNX's own checker and reader find (apt-get install python3-onnx)", () => {
    const script = fileURLToPath(new URL("../../../tools/fixtures/onnx_external.py", import.meta.url));
    const { status, stdout, stderr } = spawnSync("/usr/bin/python3", [script, path], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(status).toBe(0);
    const { hashes } = JSON.parse(stdout) as { readonly hashes: Readonly<Record<string, string>> };
    for (let layer = 0; layer < LAYERS; layer++) expect(hashes[`layer${layer}.bias`]).toBe(hashOf(bias(layer)));
    expect(new Set(Object.values(hashes)).size).toBe(2 * LAYERS);
  });

  test("come back through the importer as they were", async () => {
    const { bytes, ...rest } = await readOnnxFile(path);
    const imported = importOnnx(bytes, rest);
    const names = Object.keys(imported.parameters).sort();
    expect(names).toEqual(Object.keys(parameters).sort());
    for (const name of names) {
      const { shape, data } = imported.parameters[name]!;
      expect(shape).toEqual(parameters[name]!.shape);
      expect(hashOf(data as Float32Array)).toBe(hashOf(parameters[name]!.data as Float32Array));
    }
  });
});
