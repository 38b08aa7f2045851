import type { Dataset } from "@isthmus/data";
import { createWasmEngine } from "@isthmus/wasm";
import { expect, it } from "vitest";
import { linearProbe } from "../reproduce/harness/linear-probe.ts";

/** Points around one centre for each class, in units that no classifier may depend on. */
function clouds(items: number, apart: number): Dataset {
  const values = Float32Array.from({ length: items * 3 }, (_, i) => {
    const [item, axis] = [Math.floor(i / 3), i % 3];
    const jitter = (((item * 7919 + axis * 104_729) % 1000) / 1000 - 0.5) * 2;
    return axis === 2 ? 5 : 1000 * ((axis === item % 3 ? apart : 0) + jitter);
  });
  return {
    ...{ name: "clouds", items, shape: [3], values, scale: 1, classes: 3 },
    labels: Uint8Array.from({ length: items }, (_, item) => item % 3),
    provenance: { source: "made for tests" },
  };
}

it("names what a line can part, and guesses where nothing can", async () => {
  const engine = await createWasmEngine({ build: "simd128" });
  const accuracy = (apart: number) =>
    linearProbe(engine, { train: clouds(12_000, apart), test: clouds(300, apart) }, 1);
  // Class 2 has its centre at 0 on both axes: with 8 between centres and a jitter of 1, nothing overlaps.
  expect(await accuracy(8)).toBe(1);
  expect(Math.abs((await accuracy(0)) - 1 / 3)).toBeLessThan(0.15);
  engine.dispose();
});
