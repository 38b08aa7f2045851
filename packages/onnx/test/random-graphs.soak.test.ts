/** Thousands of random graphs, drawn anew in each run. */
import fc from "fast-check";
import { test } from "vitest";
import { compareRandom, draws } from "./support/random-parity.ts";

const RUNS = 10_000;
const MINUTES = 60_000;

test("onnxruntime computes of random graphs what the float64 interpreter does", { timeout: 60 * MINUTES }, async () => {
  const same = fc.asyncProperty(draws, compareRandom);
  await fc.assert(same, { numRuns: RUNS });
});
