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

it("nothing is lost of as many frames as docs/results/chaos.json has", () => {
  const { frames, agents, deaths, pairs } = results("chaos");
  const killed = Object.entries<number>(deaths).filter(([who]) => who !== "network");
  expect(pairs).toBe(frames);
  expect(readme).toContain(`${frames.toLocaleString("en")} frames of ${agents} devices, each stored once`);
  expect(readme).toContain(`services and database were killed ${killed.reduce((sum, [, n]) => sum + n, 0)} times`);
});

interface Throughput {
  readonly work: string;
  readonly who: string;
  readonly connections: number;
  readonly perCpuSecond: { readonly median: number };
}

it("what the service does under load is that of docs/results/bench-service.json", () => {
  const { throughput, verdicts } = results("bench-service");
  const hundreds = (of: string): string => {
    const found = (throughput as Throughput[]).find(
      ({ work, who, connections }) => work.startsWith(`${of}, 32 `) && who === "service" && connections === 8,
    );
    return (100 * Math.round(found!.perCpuSecond.median / 100)).toLocaleString("en");
  };
  const measured = (what: string): string[] =>
    verdicts
      .filter((one: { what: string }) => one.what.includes(what))
      .map((one: { measured: string }) => one.measured);
  const slowest = Math.max(...measured("99 in 100 of the accepted within, ms").map(Number));
  expect(verdicts.map(({ verdict }: { verdict: string }) => verdict)).not.toContain("MISSED");
  expect(readme).toContain(`${hundreds("ingest")} frames a second stored and ${hundreds("decode")} items a second`);
  expect(readme).toContain(`within ${(slowest / 1000).toFixed(2)} s`);
  const [before, after] = measured("memory")[0]!.split(" to ");
  expect(readme).toContain(`${before} MiB of memory became ${after} in ten minutes`);
});

it("the encoder for anomalies is that of docs/results/anomaly.json and bench-edge.json", () => {
  const { rows } = results("anomaly") as { rows: Row[] };
  const range = (what: string): string => {
    const values = rows.find((row) => row.what === what)!.runs.map(({ value }) => value);
    return `${Math.min(...values).toFixed(3)} to ${Math.max(...values).toFixed(3)}`;
  };
  expect(readme).toContain(`${range("area under the ROC curve, float32")} in float32`);
  expect(readme).toContain(`${range("the same from decoded streams of the int8 encoder")} from the int8 encoder's`);
});

it("the times of an encoder for devices are those of docs/results/bench-edge.json", () => {
  const targets = results("bench-edge").timeTargets as { work: string; ms: number; verdict: string }[];
  const of = (work: string) => targets.filter((one) => one.work === work);
  const [int8, float32] = of("cold start").map(({ ms }) => ms.toFixed(1));
  expect(targets.map(({ verdict }) => verdict)).toEqual(["PASS", "PASS", "PASS", "PASS"]);
  expect(readme).toContain("samples to a frame, within 30 µs in int8 and 60 µs in float32");
  expect(readme).toContain(`within 5 ms: ${int8} ms in int8, ${float32} ms in float32 | ✅ |`);
});
