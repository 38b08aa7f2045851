import { expect, it } from "vitest";
import { blasOf, openblasCore } from "../bench/blas.ts";
import { Contestant, type ContestantSpec } from "../bench/contestant.ts";
import { lossObjection } from "../bench/loss-check.ts";
import { benchOptions } from "../bench/options.ts";
import { parseReply } from "../bench/protocol.ts";
import { readableJson } from "../bench/report/json.ts";
import { cpuDetails, machineLine } from "../bench/report/machine.ts";
import { markdownTable } from "../bench/report/markdown.ts";
import { batchStart } from "../bench/serve.ts";
import { cutOff, pairedRatios, quantile, summarise } from "../bench/statistics.ts";
import { trainChart } from "../bench/train-chart.ts";
import { trainMarkdown } from "../bench/train-markdown.ts";
import { type BatchTimes, judge, type Ratio, type TrainResults } from "../bench/train-suite.ts";

// numpy.percentile([3, 1, 4, 2], [0, 25, 50, 75, 100]) = [1, 1.75, 2.5, 3.25, 4].
it("quantiles interpolate as NumPy's do, whatever the order", () => {
  expect(summarise([3, 1, 4, 2])).toEqual({ median: 2.5, q1: 1.75, q3: 3.25, min: 1 });
  expect(quantile([3, 1, 4, 2], 1)).toBe(4);
  expect(summarise([7])).toEqual({ median: 7, q1: 7, q3: 7, min: 7 });
  expect(() => quantile([], 0.5)).toThrow(RangeError);
});

it("ratios are of one round; rounds that one side sat out do not count", () => {
  expect(pairedRatios([10, 30, 20], [5, 5, 10])).toEqual([2, 6, 2]);
  expect(pairedRatios([10], [5, 4, 3])).toEqual([2]);
});

it("a figure in our favour is cut off, never rounded up", () => {
  expect(cutOff(7.9999)).toBe("7.99");
  expect(cutOff(8)).toBe("8.00");
  expect(cutOff(0.7999999, 3)).toBe("0.799");
  expect(cutOff(0.29)).toBe("0.29");
});

it("tells replies from chatter, and refuses nonsense", () => {
  expect(parseReply(`{"ready": {"node": "20.19.0"}}`)).toEqual({ ready: { node: "20.19.0" } });
  expect(parseReply(`{"msPerStep": 9.5, "loss": 187.2}`)).toEqual({ msPerStep: 9.5, loss: 187.2 });
  expect(parseReply("Core: Haswell")).toBeUndefined();
  expect(() => parseReply(`{"msPerStep": 0, "loss": 1}`)).toThrow("a contestant said");
  expect(() => parseReply(`{"msPerStep": 1, "loss": null}`)).toThrow("a contestant said");
  expect(() => parseReply(`{"msPerStep": 1, "loss": NaN}`)).toThrow("a contestant said");
});

const alternatives = (value: string): string => `Name: libblas.so.3-x86_64-linux-gnu
Link: /usr/lib/x86_64-linux-gnu/libblas.so.3
Status: auto
Best: ${value}
Value: ${value}

Alternative: /usr/lib/x86_64-linux-gnu/blas/libblas.so.3
Priority: 10
`;

it("names OpenBLAS and refuses the reference BLAS, or one it cannot name", () => {
  const folder = "/usr/lib/x86_64-linux-gnu";
  expect(blasOf(alternatives(`${folder}/openblas-pthread/libblas.so.3`))).toEqual({ name: "openblas-pthread" });
  expect(blasOf(alternatives(`${folder}/blas/libblas.so.3`))).toEqual({
    refused: expect.stringContaining("reference"),
  });
  expect(blasOf(alternatives("none"))).toEqual({ refused: expect.stringContaining("cannot tell") });
  expect(blasOf("")).toEqual({ refused: expect.stringContaining("cannot tell") });
  expect(openblasCore("warning\nCore: Haswell\n")).toBe("Haswell");
  expect(openblasCore("")).toBeUndefined();
});

it("objects to a loss that does not fall, is not a number, or comes out unlike the others'", () => {
  const usual = [
    { first: 547, last: 182 },
    { first: 551, last: 179 },
  ];
  expect(lossObjection(usual[0]!, usual)).toBeUndefined();
  expect(lossObjection({ first: 547, last: 500 }, usual)).toContain("went from 547 to 500");
  expect(lossObjection({ first: 547, last: NaN }, usual)).toContain("NaN");
  const low = { first: 547, last: 90 };
  expect(lossObjection(low, [...usual, low])).toContain("came to 90");
});

it("full batches go round and round", () => {
  expect([0, 1, 2, 3].map((index) => batchStart(index, 32, 100))).toEqual([0, 32, 64, 0]);
  expect(batchStart(5, 512, 512)).toBe(0);
});

const ratio = (median: number): Ratio => ({
  ours: "a",
  peer: "b",
  batch: 128,
  median,
  q1: median,
  q3: median,
  min: median,
});
const target = { ours: "a", peer: "b", batch: 128, atLeast: 8 };

it("a target is met at its value and missed just below; what was not measured is neither", () => {
  const verdicts = (ratios: Ratio[]) => judge([target], ratios).map(({ verdict }) => verdict);
  expect(verdicts([ratio(8)])).toEqual(["PASS"]);
  expect(verdicts([ratio(7.9999999)])).toEqual(["MISS"]);
  expect(verdicts([])).toEqual(["not measured"]);
  expect(verdicts([{ ...ratio(9), batch: 32 }])).toEqual(["not measured"]);
});

it("the default run is published; a smaller one only where it is told to", () => {
  expect(benchOptions([])).toMatchObject({ batches: [1, 32, 128, 512], pairs: 15, peers: ["tfjs", "torch"] });
  expect(benchOptions([]).out).toBe("docs/results");
  expect(benchOptions(["--network", "conv"])).toMatchObject({ batches: [128], peers: ["torch"], out: "docs/results" });
  expect(benchOptions(["--pairs", "5"]).out).toBeUndefined();
  expect(benchOptions(["--batches", "128"]).out).toBeUndefined();
  expect(benchOptions(["--peers", "none"])).toMatchObject({ peers: [], out: undefined });
  expect(benchOptions(["--pairs", "5", "--out", "elsewhere"]).out).toBe("elsewhere");
});

it.each([
  ["--batches=0"],
  ["--batches=1,x"],
  ["--pairs=1.5"],
  ["--peers=jax"],
  ["--suite=conv"],
  ["--network=rnn"],
  ["--typo"],
])("%s is the user's error", (option) => {
  expect(() => benchOptions([option])).toThrow(expect.objectContaining({ expected: true }));
});

it("JSON keeps seven digits and an array of numbers on one line", () => {
  expect(readableJson({ ms: [1.23456789, 20], name: "[1,\n2]" })).toBe(
    `{\n  "ms": [1.234568, 20],\n  "name": "[1,\\n2]"\n}\n`,
  );
  expect(JSON.parse(readableJson({ a: [[1, 2], []], b: [{ c: 1e-9 }] }))).toEqual({
    a: [[1, 2], []],
    b: [{ c: 1e-9 }],
  });
});

it("a Markdown table survives what stands in its cells", () => {
  expect(markdownTable(["a", "b"], [["x | y", "1\n2"]])).toBe("| a | b |\n| --- | ---: |\n| x \\| y | 1 2 |");
});

it("reads a processor's family and vector instructions", () => {
  const cpuinfo =
    "processor\t: 0\ncpu family\t: 25\nmodel\t\t: 1\nmodel name\t: AMD EPYC\nflags\t\t: fpu fma avx2 avx\n";
  expect(cpuDetails(cpuinfo)).toBe("family 25, model 1; avx2 fma");
  expect(cpuDetails("Features\t: fp asimd\n")).toBe("asimd");
  expect(cpuDetails("")).toBeNull();
});

/** A contestant of a few lines of JavaScript. */
const fake = (code: string): ContestantSpec => ({
  id: "fake",
  label: "Fake",
  side: "peer",
  command: process.execPath,
  args: ["-e", code],
  facts: { blas: "none" },
});

it("a contestant answers in order, its chatter is kept apart, its death is an error with its last words", async () => {
  const contestant = await Contestant.start(
    fake(`
      console.log("Core: Fake");
      console.log(JSON.stringify({ ready: { version: 1 } }));
      require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
        const { steps, batch } = JSON.parse(line);
        if (steps === 0) throw new TypeError("no steps");
        console.log("warning: slow");
        console.log(JSON.stringify({ msPerStep: steps, loss: batch }));
      });`),
    "dense",
    "items",
  );
  try {
    expect(contestant.facts).toEqual({ version: 1, blas: "none" });
    expect(await contestant.measure({ steps: 3, batch: 128 })).toEqual({ msPerStep: 3, loss: 128 });
    expect(await contestant.measure({ steps: 4, batch: 1 })).toEqual({ msPerStep: 4, loss: 1 });
    expect(openblasCore(contestant.chatter)).toBe("Fake");
    await expect(contestant.measure({ steps: 0, batch: 1 })).rejects.toThrow(/Fake ended \(1\): TypeError: no steps/);
  } finally {
    contestant.stop();
  }
});

it("one that cannot start, or is not there, is an error", async () => {
  await expect(Contestant.start(fake(`process.exit(3)`), "dense", "items")).rejects.toThrow(
    "Fake ended (3): it said nothing",
  );
  await expect(Contestant.start({ ...fake(""), command: "no-such-program" }, "dense", "items")).rejects.toThrow(
    "ENOENT",
  );
});

const times = (batch: number, ms: number): BatchTimes => ({ batch, steps: 10, ...summarise([ms]), samples: [ms] });

const results: TrainResults = {
  benchmark: "train",
  title: "784-400-20 VAE",
  command: "npm run bench",
  file: "bench-train",
  work: "One step.",
  data: { name: "MNIST test images", items: 2048, density: 0.19, sha256: null },
  date: "2026-01-02T03:04:05.678Z",
  revision: { commit: "0123456789ab", modified: false },
  machine: { cpu: "CPU", cpuDetails: null, cores: 2, platform: "linux x64", node: "20.19.0", v8: "11.3" },
  loadAverage: { before: 0.1, after: 1 },
  pairs: 15,
  contestants: [
    {
      id: "a",
      label: "Us <1>",
      side: "ours",
      facts: { build: "simd128" },
      loss: { steps: 100, first: 547, last: 182 },
      times: [times(1, 2), times(128, 16)],
    },
    {
      id: "b",
      label: "Them",
      side: "peer",
      facts: {},
      loss: { steps: 100, first: 547, last: 182 },
      times: [times(128, 127.999)],
    },
  ],
  absent: [{ label: "PyTorch", reason: "No module named 'torch'" }],
  ratios: [ratio(127.999 / 16)],
  targets: judge([target], [ratio(127.999 / 16)]),
};

it("the page says what was measured, on what, and that a target was missed by a hair", () => {
  const page = trainMarkdown(results);
  expect(page).toContain("commit 0123456789ab\n");
  expect(page).toContain(machineLine(results.machine));
  expect(page).toContain("| Us <1> beside Them, batch 128 | >= 8 | 7.999 | MISS |");
  expect(page).toContain("| Them | - | 128 (128 to 128) |");
  expect(page).toContain("| Us <1> beside Them | - | 7.99 (7.99 to 7.99) |");
  expect(page).toContain("- PyTorch: No module named 'torch'");
});

it("the chart has a dot per measurement, further right for more milliseconds, and escapes names", () => {
  const chart = trainChart(results);
  const dots = [...chart.matchAll(/<circle cx="([\d.]+)"/g)].map((match) => Number(match[1]));
  const [oursAt1, oursAt128, theirsAt128] = dots;
  expect(dots).toHaveLength(3);
  // On a logarithmic axis, a factor of eight is the same distance everywhere.
  expect(theirsAt128! - oursAt128!).toBeCloseTo(oursAt128! - oursAt1!, 0);
  expect(theirsAt128!).toBeGreaterThan(oursAt128!);
  expect(chart).toContain("Us &lt;1&gt;");
});
