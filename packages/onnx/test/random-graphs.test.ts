/** Random graphs, in random operator sets, profiles and layouts; `random-graphs.soak.test.ts` tries many more. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { compareRandom, draws } from "./support/random-parity.ts";
import { grown, grows } from "./support/random-graphs.ts";

const RUNS = 150;

test("onnxruntime computes of random graphs what the float64 interpreter does", async () => {
  const same = fc.asyncProperty(draws, compareRandom);
  await fc.assert(same, { numRuns: RUNS });
});

test("every move goes somewhere", () => {
  Object.keys(grows).forEach((name, kind) => {
    const at = name === "dense" || name === "unflatten" ? 1 : 2;
    const move = { kind, at, numbers: [1, 1, 1, 1, 0, 1, 1, 1] };
    const { program } = grown([move], [6, 5, 3], 8);
    expect({ name, grows: program.nodes.length > 1 }).toEqual({ name, grows: true });
  });
});
