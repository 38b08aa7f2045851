import { expect, it } from "vitest";
import { chart } from "../bench/report/chart.ts";
import { readableJson } from "../bench/report/json.ts";
import { cpuDetails, machineLine } from "../bench/report/machine.ts";
import { markdownTable } from "../bench/report/markdown.ts";
import { page, summary } from "../bench/report/page.ts";
import { type CaseTimes, type ContestantResult, ratiosOf, type Results } from "../bench/results.ts";
import { chosen } from "../bench/run-suite.ts";
import { summarise } from "../bench/statistics.ts";
import { type CaseName, MILLISECONDS, type Suite, type Unit } from "../bench/suite.ts";
import { suites } from "../bench/suites/index.ts";
import { judge, judgeFacts, judgeTimes, type Ratio, type Target } from "../bench/targets.ts";

const of = (value: number) => ({ median: value, q1: value, q3: value, min: value });
const ratio = (median: number, peer = "b"): Ratio => ({ ours: "a", peer, work: "vae", batch: 128, ...of(median) });
const target: Target = { ours: "a", peers: ["b", "c"], work: "vae", batch: 128, atLeast: 8 };

it("a target is met at its value and missed just below; what was not measured is neither", () => {
  const verdicts = (ratios: Ratio[]) => judge([target], ratios).map(({ verdict }) => verdict);
  expect(verdicts([ratio(8)])).toEqual(["PASS"]);
  expect(verdicts([ratio(7.9999999)])).toEqual(["MISSED"]);
  expect(verdicts([])).toEqual(["not measured"]);
  expect(verdicts([{ ...ratio(9), batch: 32 }])).toEqual(["not measured"]);
  expect(verdicts([{ ...ratio(9), work: "gemm" }])).toEqual(["not measured"]);
});

it("of several peers the one counts that comes out best", () => {
  const [result] = judge([target], [ratio(9), ratio(7, "c"), ratio(1, "d")]);
  expect(result).toMatchObject({ peer: "c", ratio: 7, verdict: "MISSED" });
});

it("a size is within its bound at the bound, and over it just above", () => {
  const verdict = (facts: Record<string, unknown>) =>
    judgeFacts([{ ours: "a", fact: "bytes", atMost: 64 }], [{ id: "a", facts }])[0]!.verdict;
  expect([verdict({ bytes: 64 }), verdict({ bytes: 65 }), verdict({})]).toEqual(["PASS", "MISSED", "not measured"]);
});

it("a time is within its bound at the bound, over it just above", () => {
  const verdict = (median: number, work = "vae") =>
    judgeTimes([{ ours: "a", work: "vae", atMostMs: 2 }], [{ id: "a", times: [{ work, median }] }])[0]!.verdict;
  expect([verdict(2), verdict(2.001), verdict(1, "gemm")]).toEqual(["PASS", "MISSED", "not measured"]);
});

const times = (name: CaseName, ...samples: number[]): CaseTimes => ({
  ...name,
  steps: 10,
  ...summarise(samples),
  samples,
});

const contestants: ContestantResult[] = [
  {
    id: "a",
    label: "Us <1>",
    side: "ours",
    beside: ["limit"],
    facts: { build: "simd128" },
    checked: [{ work: "vae", batch: 128, steps: 100, first: 547, last: 182 }],
    times: [times({ work: "vae", batch: 1 }, 2), times({ work: "vae", batch: 128 }, 16)],
  },
  {
    id: "b",
    label: "Them",
    side: "peer",
    facts: {},
    checked: [{ work: "exp", value: 1.5 }],
    times: [times({ work: "vae", batch: 128 }, 127.999)],
  },
  {
    id: "limit",
    label: "Limit",
    side: "limit",
    facts: {},
    checked: [],
    times: [times({ work: "vae", batch: 128 }, 8)],
  },
];

it("we stand beside every peer and beside the limits we name, at the cases both did", () => {
  const found = ratiosOf(contestants).map(({ ours, peer, batch, median }) => [ours, peer, batch, median]);
  expect(found).toEqual([
    ["a", "b", 128, 127.999 / 16],
    ["a", "limit", 128, 0.5],
  ]);
});

const results: Results = {
  benchmark: "train",
  command: "npm run bench",
  data: { name: "MNIST test images", items: 2048, density: 0.19, sha256: null },
  date: "2026-01-02T03:04:05.678Z",
  revision: { commit: "0123456789ab", modified: false },
  machine: { cpu: "CPU", cpuDetails: null, cores: 2, platform: "linux x64", node: "20.19.0", v8: "11.3" },
  loadAverage: { before: 0.1, after: 1 },
  pairs: 15,
  cases: [
    { work: "vae", batch: 1 },
    { work: "vae", batch: 128, flops: 32e6 },
  ],
  contestants,
  absent: [{ label: "PyTorch", reason: "No module named 'torch'" }],
  ratios: ratiosOf(contestants),
  targets: judge([target], ratiosOf(contestants)),
  facts: judgeFacts([{ ours: "a", fact: "bytes", atMost: 64 }], [{ id: "a", facts: { bytes: 65 } }]),
  timeTargets: judgeTimes([{ ours: "a", work: "vae", batch: 1, atMostMs: 1.5 }], contestants),
  sizes: [{ what: "Us", raw: 12345, gzip: 6789, brotli: 42 }],
  rooflines: [],
  missedAtLimit: [],
};

const suite: Suite = {
  name: "train",
  title: "Title",
  intro: "Intro.",
  unit: MILLISECONDS,
  cases: [],
  ours: [],
  peers: {},
  usual: [],
  targets: [],
  measurement: 1,
};

it("the page says what was measured, on what, and that a target was missed by a hair", () => {
  const text = page(suite, results);
  expect(text).toContain("commit 0123456789ab\n");
  expect(text).toContain(machineLine(results.machine));
  expect(machineLine({ ...results.machine, priority: -5 })).toMatch(/, at priority -5 \(usual: 0\)$/);
  expect(text).toContain("| vae, batch 128: Us <1> beside Them | >= 8 | 7.999 | MISSED |");
  expect(text).toContain("| Us <1>: bytes | <= 64 | 65 | MISSED |");
  expect(text).toContain("| vae, batch 1: Us <1> | <= 1.50 ms | 2.00 ms | MISSED |");
  expect(text).toContain("| Us | 12,345 | 6,789 | 42 |");
  expect(text).toContain("| vae, batch 1 | 2.00 (2.00 to 2.00) | - | - |");
  expect(text).toContain("| vae, batch 128: Us <1> | 7.99 (7.99 to 7.99) | 0.50 (0.50 to 0.50) |");
  expect(text).toContain("vae, batch 128: loss 547.0 -> 182.0 in 100 steps");
  expect(text).toContain("- PyTorch: No module named 'torch'");
  expect(text).not.toContain("## Limits");
  expect(summary(suite, results)).toContain("MISSED");
  expect(text).not.toContain("rounds waited");
  const quiet = { share: 0.9, patience: 20, waited: 1.25, rounds: 30, disturbed: 2 };
  expect(page(suite, { ...results, quiet })).toContain(
    "1.3 minutes of at most 20; 2 of 30 rounds began all the same\n",
  );
  expect(page(suite, { ...results, quiet })).not.toContain("handshakes");
  expect(page(suite, { ...results, quiet: { ...quiet, handshakes: 0.5 } })).toContain("handshakes at 50 % of theirs");
  const others = page(suite, { ...results, data: { name: "sounds", items: 3 }, sizes: [] });
  expect(others).toContain("- 3 sounds\n");
  expect(others).not.toContain("## Bytes to load");
});

const RATE: Unit = { name: "GFLOP/s", better: "more", of: ({ flops = 1e6 }, ms) => flops / ms / 1e6 };

it("a rate is shown with its quartiles in the order of numbers", () => {
  const slower = { ...contestants[0]!, times: [times({ work: "vae", batch: 128 }, 8, 16, 32)] };
  const text = page({ ...suite, unit: RATE }, { ...results, contestants: [slower] });
  // 32 MFLOP in 16 (12 to 24) ms.
  expect(text).toContain("| vae, batch 128 | 2.00 (1.33 to 2.67) |");
});

it("the chart has a dot per measurement, further right for more milliseconds, and escapes names", () => {
  const drawn = chart(suite, results);
  const dots = [...drawn.matchAll(/<circle cx="([\d.]+)"/g)].map((match) => Number(match[1]));
  const [oursAt1, oursAt128, theirsAt128] = dots;
  expect(dots).toHaveLength(4);
  // On a logarithmic axis, a factor of eight is the same distance everywhere.
  expect(theirsAt128! - oursAt128!).toBeCloseTo(oursAt128! - oursAt1!, 0);
  expect(theirsAt128!).toBeGreaterThan(oursAt128!);
  expect(drawn).toContain("Us &lt;1&gt;");
});

it("the chart has room for the longest name, whose letters are at most 7.5 wide", () => {
  const name = "a contestant on several threads of a newer engine";
  const drawn = chart(suite, { ...results, contestants: [{ ...contestants[0]!, label: name }] });
  const end = Number(/<text x="([\d.]+)"[^>]*text-anchor="end"/.exec(drawn)![1]);
  expect(end).toBeGreaterThanOrEqual(7.5 * name.length);
  const [width] = /(?<=viewBox="0 0 )[\d.]+/.exec(drawn)!;
  expect(Math.max(...[...drawn.matchAll(/<circle cx="([\d.]+)"/g)].map((match) => Number(match[1])))).toBeLessThan(
    Number(width),
  );
});

it.each(Object.values(suites))("targets and checks of $name are about its own cases and contestants", (one) => {
  const known = (name: CaseName) => one.cases.some((each) => each.work === name.work && each.batch === name.batch);
  expect(one.targets.filter((each) => !known(each))).toEqual([]);
  const names = one.cases.map(({ work, batch }) => `${work} ${batch}`);
  expect(new Set(names).size).toBe(names.length);
  // A case whose work is checked elsewhere has that elsewhere.
  for (const { work, check } of one.cases) {
    if (check.kind === "elsewhere")
      expect(one.cases.some((each) => each.work === (check.in ?? work) && each.check.kind !== "elsewhere")).toBe(true);
  }
});

it("words choose cases by their names", () => {
  const { cases } = suites.train;
  expect(chosen(cases, [])).toBe(cases);
  expect(chosen(cases, ["channel", "VAE on digits, batch 1"]).map(({ batch }) => batch)).toEqual([1, 256]);
  expect(chosen(cases, ["batch 1"]).map(({ batch }) => batch)).toEqual([1, 128, 1, 128, 128]);
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
