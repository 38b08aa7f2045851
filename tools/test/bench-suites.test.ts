// Every suite runs, with next to no rounds and without peers, as the command line starts it.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { root } from "../lib/paths.mjs";
import { quietly } from "../lib/process.mjs";

let folder = "";
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "isthmus-bench-test-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bench = (...args: string[]) => quietly(process.execPath, [join(root, "tools", "run.mjs"), "bench", ...args]);
const tiny = ["--peers", "none", "--builds", "simd128", "--pairs", "2", "--ms", "1"];

it.each([
  ["gemm", "16x16x256", "GFLOP/s"],
  ["ops", "add a row", "GB/s"],
  ["train", "channel", "Milliseconds per step"],
  ["infer", "batch 1", "Milliseconds per step"],
  ["codec", "encode", "MB/s"],
  ["edge", "alone", "µs"],
])("%s", async (suite, only, unit) => {
  const { code, output } = await bench("--suite", suite, "--only", only, ...tiny, "--out", folder);
  expect(output).toContain(unit);
  expect(code).toBe(0);
  expect(readdirSync(folder)).toEqual(
    expect.arrayContaining(["json", "md", "svg"].map((ending) => `bench-${suite}.${ending}`)),
  );
  const results = JSON.parse(readFileSync(join(folder, `bench-${suite}.json`), "utf8"));
  const others: Record<string, object> = { codec: { id: "isthmus-codec" }, edge: { id: "isthmus-int8" } };
  const first = others[suite] ?? { id: "isthmus-simd128", facts: { build: "simd128" } };
  expect(results.contestants[0]).toMatchObject(first);
  for (const { times } of results.contestants) for (const { samples } of times) expect(samples).toHaveLength(2);
  const counted = suite === "train" || suite === "infer";
  expect(results.rooflines).toHaveLength(counted ? results.cases.length : 0);
  for (const { flops, neededFlops, bytes, arithmetic, moving, leastMs, measuredMs, reached } of results.rooflines) {
    expect(neededFlops).toBeLessThanOrEqual(flops);
    expect(leastMs).toBe(Math.max(arithmetic.ms, moving.ms));
    expect(reached / (leastMs / measuredMs)).toBeCloseTo(1, 5);
    for (const limit of results.contestants.filter(({ side }: { side: string }) => side === "limit")) {
      expect(limit.times).toContainEqual(expect.objectContaining(limit.bounds === "flops" ? { flops } : { bytes }));
    }
  }
});

it("what the user got wrong is one line and exit code 2", async () => {
  const { code, output } = await bench("--suite", "conv");
  expect(output).toBe(`--suite expected some of train, gemm, ops, infer, codec, tfjs, edge, got "conv"\n`);
  expect(code).toBe(2);
});

it("help is printed", async () => {
  const { code, stdout } = await bench("--help");
  expect(stdout).toContain("npm run bench -- --suite gemm");
  expect(code).toBe(0);
});
