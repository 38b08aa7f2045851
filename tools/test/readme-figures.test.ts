// Every measured number on the front page stands in a result file that a command wrote.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { chart } from "../bench/report/chart.ts";
import { page } from "../bench/report/page.ts";
import type { Results } from "../bench/results.ts";
import { cutOff } from "../bench/statistics.ts";
import { sameCase, SUITE_NAMES } from "../bench/suite.ts";
import { suites } from "../bench/suites/index.ts";
import { judge, type Ratio } from "../bench/targets.ts";
import { root } from "../lib/paths.mjs";
import type { Row } from "../reproduce/harness/reproduction.ts";

const readme = readFileSync(join(root, "README.md"), "utf8");
const result = (file: string) => readFileSync(join(root, "docs", "results", file), "utf8");
const results = (name: string) => JSON.parse(result(`${name}.json`));
const bench = (suite: string): Results => results(`bench-${suite}`);
const rowOf = (name: string, what: string): Row => results(name).rows.find((row: Row) => row.what === what)!;
/** Of a row with one run. */
const valueOf = (name: string, what: string): number => rowOf(name, what).runs[0]!.value;

it("the ELBOs are those of docs/results/vae-mnist.json", () => {
  const { runs, published } = rowOf("vae-mnist", "784-400-20, negative ELBO");
  const figures = runs.map(({ value }) => value.toFixed(2)).join(", ");
  expect(readme).toContain(`${figures} nats for seeds ${runs.map(({ seed }) => seed).join(", ")}`);
  for (const value of published!.figures.split(" and ")) expect(readme).toContain(Number(value).toFixed(2));
});

/** The one of these names, as the suite's page shows it. */
function ratio(suite: string, names: Pick<Ratio, "ours" | "peer" | "work" | "batch">, digits?: number): string {
  const found = bench(suite).ratios.filter(
    (one) => one.ours === names.ours && one.peer === names.peer && sameCase(one, names),
  );
  expect(found).toHaveLength(1);
  return cutOff(found[0]!.median, digits);
}

it("the speeds of a training step are those of docs/results/bench-train.json", () => {
  const beside = (peer: string, ours: string, digits?: number): string =>
    ratio("train", { ours, peer, work: "VAE on digits", batch: 128 }, digits);
  expect(readme).toContain(`| ${beside("tfjs-wasm", "isthmus-simd128", 1)} times as fast, SIMD128 build on Node 20 (`);
  const [plain, relaxed, threads] = ["simd128", "relaxed", "simd128-2"].map((one) =>
    beside("torch-1", `isthmus-${one}`),
  );
  expect(readme).toContain(
    `| ${plain} of its speed with SIMD128 on Node 20, ${relaxed} with relaxed SIMD on Node 24, ${threads} with two threads of ours;`,
  );
});

it("a product's shares of the limit are those of docs/results/bench-gemm.json", () => {
  const [plain, relaxed] = ["simd128", "relaxed"].map((build) =>
    ratio("gemm", { ours: `isthmus-${build}`, peer: `registers-${build}`, work: "512x512x512 A B" }),
  );
  expect(readme).toContain(
    `| a matrix product of 512^3 | ${plain} of what multiplying and adding in registers alone reaches with SIMD128 on Node 20, ${relaxed} with relaxed SIMD on Node 24 (`,
  );
});

it("the speed of coding symbols is that of docs/results/bench-codec.json", () => {
  const [encode, decode] = ["encode", "decode"].map((direction) =>
    ratio("codec", { ours: "isthmus-codec", peer: "thing-range-coder", work: `${direction} 262144 symbols` }, 1),
  );
  expect(readme).toContain(`encoded ${encode} times as fast, decoded ${decode} times (`);
});

it("hostile inputs are as many as docs/results/fuzz.json has", () => {
  const { cases, kinds } = results("fuzz") as { cases: number; kinds: { p99Refused: number | null; most?: object }[] };
  expect(readme).toContain(`| ${cases.toLocaleString("en")} tried,`);
  for (const { p99Refused, most } of kinds) if (!most) expect(p99Refused ?? 0).toBeLessThan(1);
});

it("the rates on CIFAR-10 are those of docs/results/codec-cifar10.json", () => {
  const share = (what: string) => valueOf("codec-cifar10", what);
  const fewer = (peer: string): string => (-100 * share(`BD-rate against ${peer}, one mosaic`)).toFixed(0);
  const more = (100 * share("BD-rate of one model for all rates against a model for each")).toFixed(1);
  expect(readme).toContain(
    `${fewer("JPEG")} % fewer bits than JPEG and ${fewer("WebP")} % than WebP, while one model for all rates takes ${more} % more`,
  );
});

it("the bits on MNIST are those of docs/results/codec-mnist.json and codec-lossless.json", () => {
  const largest = valueOf("codec-mnist", "bits over PCA's at equal squared error, whole stream: largest of 5 rates");
  expect(readme).toContain(
    `on MNIST ${largest.toFixed(2)} of the bits of principal components with the same coder, or fewer, at each of five rates`,
  );
  const [few, fewBrotli, all, allBrotli] = ["8", "10,000"].flatMap((items) =>
    ["bits-back", "brotli"].map((coder) =>
      valueOf("codec-lossless", `8-bit, ${items} in a message: ${coder}`).toFixed(2),
    ),
  );
  expect(readme).toContain(
    `8 in a message, ${few} bits per pixel, brotli ${fewBrotli}; all in one, ${all} and ${allBrotli} (`,
  );
});

it("the wrong blocks of a learned link are those of docs/results/channel-hamming.json", () => {
  const { runs, published } = rowOf("channel-hamming", "the chosen start, 4 dB");
  const [learned, hamming] = [runs[0]!.value, Number(published!.figures)].map((share) => share.toExponential(3));
  expect(readme).toContain(
    `wrong in ${learned} of its blocks at 4 dB, Hamming (7,4) with maximum likelihood in ${hamming};`,
  );
});

const raced = ["gemm", "train", "infer"] as const;

it("the targets that were reached are as many as the ratios in docs/results reach, on the machine that is named", () => {
  const all = raced.flatMap((suite) => judge(suites[suite].targets, bench(suite).ratios));
  const reached = all.filter(({ verdict }) => verdict === "PASS");
  expect(readme).toContain(`| ${reached.length} of ${all.length} reached; measured on a Zen 3;`);
  // AMD's number for the Zen 3 of servers.
  for (const suite of raced) expect(bench(suite).machine.cpuDetails).toMatch(/^family 25, model 1;/);
});

it("those reached beside a PyTorch with AVX-512 are as many as docs/results/xeon/bench-train.json says", () => {
  const { ratios, contestants } = results("xeon/bench-train") as Results;
  const all = judge(suites.train.targets, ratios);
  const reached = all.filter(({ verdict }) => verdict === "PASS");
  expect(readme).toContain(
    `of the ${all.length} of training [${reached.length} on a Xeon](docs/results/xeon/bench-train.md)`,
  );
  const cores = contestants.filter(({ id }) => id.startsWith("torch-")).map(({ facts }) => facts["openblasCore"]);
  expect(cores).toEqual(["SkylakeX", "SkylakeX"]);
});

it("what docs/results/xeon shows and draws is what its JSON holds", () => {
  const measured = results("xeon/bench-train") as Results;
  expect(result("xeon/bench-train.md")).toBe(page(suites.train, measured));
  expect(result("xeon/bench-train.svg")).toBe(chart(suites.train, measured));
});

it.each(SUITE_NAMES)("docs/results/bench-%s.svg draws what its JSON holds", (suite) => {
  expect(result(`bench-${suite}.svg`)).toBe(chart(suites[suite], bench(suite)));
});

it.each([...raced, "edge"] as const)("docs/results/bench-%s.md shows what its JSON holds", (suite) => {
  expect(result(`bench-${suite}.md`)).toBe(page(suites[suite], bench(suite)));
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

it("the encoder for anomalies is that of docs/results/anomaly.json", () => {
  const values = (what: string): number[] => rowOf("anomaly", what).runs.map(({ value }) => value);
  const range = (what: string): string =>
    [Math.min(...values(what)), Math.max(...values(what))].map((value) => value.toFixed(3)).join(" to ");
  const bytes = new Set(values("stream of the int8 encoder").map((value) => value.toFixed(0)));
  expect(readme).toContain(`${range("area under the ROC curve, float32")} in float32`);
  expect(readme).toContain(
    `${range("the same from decoded streams of the int8 encoder")} from the int8 encoder's streams of ${[...bytes].join()} bytes a window`,
  );
});

it("the times of an encoder for devices are those of docs/results/bench-edge.json", () => {
  const targets = bench("edge").timeTargets;
  const [int8, float32] = targets.filter(({ work }) => work === "cold start").map(({ ms }) => ms!.toFixed(1));
  expect(targets.map(({ verdict }) => verdict)).toEqual(["PASS", "PASS", "PASS", "PASS"]);
  expect(readme).toContain("samples to a frame, within 30 µs in int8 and 60 µs in float32");
  expect(readme).toContain(`within 5 ms: ${int8} ms in int8, ${float32} ms in float32 | ✅ |`);
});
