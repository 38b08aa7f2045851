// Peers and we come to the same in every suite: the bench itself refuses who does not.
import { expect, it } from "vitest";
import { systemBlas } from "../bench/blas.ts";
import { loadedFiles } from "../bench/edge-sizes.ts";
import type { Results } from "../bench/results.ts";
import { root } from "../lib/paths.mjs";
import { has } from "../lib/probe.mjs";
import { quietly } from "../lib/process.mjs";

const tiny = ["--builds=simd128", "--pairs=1", "--ms=1", "--json"];
const torch = has().torch && "name" in systemBlas() ? ["torch-1", "torch-2"] : [];

it.each([
  ["gemm", ["--only=16x16x256 A B"], "tfjs,torch", ["tfjs-wasm", ...torch]],
  ["ops", ["--only=softmax", "--only=rows", "--only=columns", "--only=row"], "tfjs,torch", ["tfjs-wasm", ...torch]],
  ["train", ["--only=VAE on digits, batch 128", "--only=channel"], "tfjs,torch", ["tfjs-wasm", ...torch]],
  ["edge", ["--only=alone"], "ort,tfjs", ["ort", "ort-int8", "tfjs"]],
  ["infer", ["--only=batch"], "ort,tfjs,torch", ["ort-1", "tfjs-wasm", ...torch]],
])("%s", async (suite, only, peers, expected) => {
  const args = ["bench", `--suite=${suite}`, `--peers=${peers}`, ...only, ...tiny];
  // Who takes part does not depend on which processors OpenBLAS knows.
  const env = { OPENBLAS_CORETYPE: "Haswell", ...process.env };
  const run = await quietly(process.execPath, [`${root}/tools/run.mjs`, ...args], { env });
  expect(run.code, run.output).toBe(0);
  const results = JSON.parse(run.stdout) as Results;
  const took = results.contestants.filter(({ side }) => side === "peer");
  expect(took.map(({ id }) => id)).toEqual(expected);
  for (const { times, checked } of took) {
    expect(times.length).toBeGreaterThan(0);
    expect(checked).toHaveLength(times.length);
  }
});

it.each(["ort", "tfjs"] as const)("what a page loads of %s is found: code, and WebAssembly once", async (peer) => {
  const files = await loadedFiles[peer]();
  const isWasm = (file: Uint8Array) => Buffer.compare(file.subarray(0, 4), Buffer.from("\0asm")) === 0;
  expect(files.filter(isWasm)).toHaveLength(1);
  for (const file of files.filter((one) => !isWasm(one))) expect(Buffer.from(file).toString()).toContain("WebAssembly");
});
