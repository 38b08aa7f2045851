// Every measured number on the front page stands in a result file that a command wrote.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { root } from "../lib/paths.mjs";

const readme = readFileSync(join(root, "README.md"), "utf8");
const results = (name: string) => JSON.parse(readFileSync(join(root, "docs", "results", `${name}.json`), "utf8"));

it("the ELBOs are those of docs/results/vae-mnist.json", () => {
  const { runs, published } = results("vae-mnist");
  const figures = runs.map(({ test }: { test: { negElbo: number } }) => test.negElbo.toFixed(2)).join(", ");
  expect(readme).toContain(`${figures} nats for seeds ${runs.map(({ seed }: { seed: number }) => seed).join(", ")}`);
  for (const value of published.negElbo) expect(readme).toContain(value.toFixed(2));
});

it.each([
  ["isthmus-simd128", "tfjs-wasm", (ratio: number) => `${ratio.toFixed(1)} times as fast`],
  ["isthmus-simd128", "torch-1", (ratio: number) => `${ratio.toFixed(2)} of its speed with SIMD128`],
  ["isthmus-relaxed", "torch-1", (ratio: number) => `${ratio.toFixed(2)} with relaxed SIMD`],
])("the speed of %s beside %s is that of docs/results/bench-train.json", (ours, peer, words) => {
  const ratio = results("bench-train").ratios.find(
    (one: { ours: string; peer: string; batch: number }) => one.ours === ours && one.peer === peer && one.batch === 128,
  );
  expect(readme).toContain(words(ratio.median));
});
