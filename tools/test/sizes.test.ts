// What entries cost, and what the selector of engines loads when it is imported.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { entries, excesses, modulesOf, sizeOf } from "../sizes.mjs";
import { readJson, root } from "../lib/paths.mjs";

it("every entry that may be bundled has a limit, and is there", () => {
  const found = entries();
  expect(Object.keys(readJson(join(root, "tools", "size-limits.json"))).toSorted()).toEqual(
    Object.keys(found).toSorted(),
  );
  expect(Object.values(found).filter((file) => !existsSync(file))).toEqual([]);
  expect(Object.keys(found)).toContain("@isthmus/kernels/plan");
  expect(Object.keys(found).filter((entry) => /node$|\.wasm$|package\.json$/.test(entry))).toEqual([]);
});

it("an entry beyond its limit, without one, and a limit without entry are told by name", () => {
  const sizes = {
    here: { first: 10, all: 30 },
    fat: { first: 11, all: 30 },
    late: { first: 1, all: 31 },
    new: { first: 1, all: 2 },
  };
  const limit = { first: 10, all: 30 };
  expect(excesses(sizes, { here: limit, fat: limit, late: limit, gone: limit })).toEqual([
    'fat: "first" is 11 bytes, more than its limit of 10',
    'late: "all" is 31 bytes, more than its limit of 30',
    "new: no limit in tools/size-limits.json; it is 1 bytes at first, 2 in all",
    "tools/size-limits.json: there is no entry gone",
  ]);
});

it("what is loaded later counts apart: the kernels' bytes", async () => {
  const { first, all } = await sizeOf(entries()["@isthmus/kernels"]!);
  expect(first).toBeLessThan(4096);
  expect(all).toBeGreaterThan(20 * first);
});

it("importing the selector evaluates no engine, no kernel's bytes, nothing of TensorFlow.js", async () => {
  const engines = /packages\/(wasm\/src\/wasm-engine|tfjs\/src\/|kernels\/src\/generated\/)|@tensorflow/;
  const ofSelector = await modulesOf(entries()["@isthmus/backend"]!);
  expect(ofSelector).toContain("packages/backend/src/select-engine.ts");
  expect(ofSelector.filter((module) => engines.test(module))).toEqual([]);
  // What is looked for is there to be found, under the names that it is looked for by.
  const ofEngine = await modulesOf(entries()["@isthmus/wasm"]!);
  expect(ofEngine.filter((module) => engines.test(module))).toContain("packages/wasm/src/wasm-engine.ts");
}, 120_000);
