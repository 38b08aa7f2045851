// Every measured number on the front page stands in a result file that a command wrote.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { root } from "../lib/paths.mjs";
import type { Row } from "../reproduce/harness/reproduction.ts";

const readme = readFileSync(join(root, "README.md"), "utf8");
const results = (name: string) => JSON.parse(readFileSync(join(root, "docs", "results", `${name}.json`), "utf8"));

it("the ELBOs are those of docs/results/vae-mnist.json", () => {
  const [{ runs, published }] = results("vae-mnist").rows as [Row];
  const figures = runs.map(({ value }) => value.toFixed(2)).join(", ");
  expect(readme).toContain(`${figures} nats for seeds ${runs.map(({ seed }) => seed).join(", ")}`);
  for (const value of published!.figures.split(" and ")) expect(readme).toContain(Number(value).toFixed(2));
});

interface Ratio {
  readonly ours: string;
  readonly peer: string;
  readonly work: string;
  readonly batch?: number;
  readonly median: number;
}

const ratios = (suite: string): readonly Ratio[] => results(`bench-${suite}`).ratios;

it.each([
  ["isthmus-simd128", "tfjs-wasm", (ratio: number) => `${ratio.toFixed(1)} times as fast`],
  ["isthmus-simd128", "torch-1", (ratio: number) => `${ratio.toFixed(2)} of its speed with SIMD128`],
  ["isthmus-relaxed", "torch-1", (ratio: number) => `${ratio.toFixed(2)} with relaxed SIMD`],
  ["isthmus-simd128-2", "torch-1", (ratio: number) => `${ratio.toFixed(2)} with two threads of ours`],
])("the speed of %s beside %s is that of docs/results/bench-train.json", (ours, peer, words) => {
  const found = ratios("train").filter(
    (one) => one.ours === ours && one.peer === peer && one.batch === 128 && one.work === "VAE on digits",
  );
  expect(found).toHaveLength(1);
  expect(readme).toContain(words(found[0]!.median));
});

it("a product's share of the limit is that of docs/results/bench-gemm.json", () => {
  const found = ratios("gemm").find(
    (one) => one.ours === "isthmus-simd128" && one.peer === "registers-simd128" && one.work === "512x512x512 A B",
  );
  expect(readme).toContain(`| ${found!.median.toFixed(2)} of what multiplying and adding in registers alone reaches`);
});

it("the speed of coding symbols is that of docs/results/bench-codec.json", () => {
  const times = (direction: string): string =>
    ratios("codec")
      .find(({ peer, work }) => peer === "thing-range-coder" && work.startsWith(direction))!
      .median.toFixed(1);
  expect(readme).toContain(`encoded ${times("encode")} times as fast, decoded ${times("decode")} times`);
});

it("hostile inputs are as many as docs/results/fuzz.json has", () => {
  const { cases, kinds } = results("fuzz") as { cases: number; kinds: { p99Refused: number | null; most?: object }[] };
  expect(readme).toContain(`| ${cases.toLocaleString("en")} tried,`);
  for (const { p99Refused, most } of kinds) if (!most) expect(p99Refused ?? 0).toBeLessThan(1);
});

it("the rates on CIFAR-10 are those of docs/results/codec-cifar10.json", () => {
  const { rows } = results("codec-cifar10") as { rows: Row[] };
  const share = (what: string): number => rows.find((row) => row.what === what)!.runs[0]!.value;
  const fewer = (peer: string): string => (-100 * share(`BD-rate against ${peer}, one mosaic`)).toFixed(0);
  const more = (100 * share("BD-rate of one model for all rates against a model for each")).toFixed(1);
  expect(readme).toContain(
    `${fewer("JPEG")} % fewer bits than JPEG and ${fewer("WebP")} % than WebP, while one model for all rates takes ${more} % more`,
  );
});

it("counts the targets that were reached", () => {
  const all = ["gemm", "train", "infer"].flatMap((suite) => results(`bench-${suite}`).targets);
  const reached = all.filter(({ verdict }: { verdict: string }) => verdict === "PASS");
  expect(all.length).toBeGreaterThan(0);
  expect(readme).toContain(`| ${reached.length} of ${all.length} reached;`);
});
