// Plans of ours beside the machine's limits, and what these say about missed targets.
import { expect, it } from "vitest";
import { planCounts } from "../bench/counts.ts";
import { missedAtLimit, rooflines } from "../bench/limits.ts";
import { limitSections } from "../bench/report/limits.ts";
import { type CaseTimes, type ContestantResult, ratiosOf, type Results } from "../bench/results.ts";
import { summarise } from "../bench/statistics.ts";
import { judge, type Target } from "../bench/targets.ts";

const one = { work: "vae", batch: 128 };
const times = (ms: number, counts: Partial<CaseTimes> = {}): CaseTimes => ({
  ...one,
  steps: 1,
  ...counts,
  ...summarise([ms]),
  samples: [ms],
});

const contestant = (
  id: string,
  side: ContestantResult["side"],
  ms: CaseTimes,
  facts: ContestantResult["facts"] = {},
  bounds?: ContestantResult["bounds"],
): ContestantResult => ({
  id,
  label: id.toUpperCase(),
  side,
  facts,
  checked: [],
  times: [ms],
  ...(bounds && { bounds }),
});

const plan = { flops: 400e6, bytes: 20e6, neededFlops: 400e6 };
const build = { build: "simd128" };
const ours = contestant("us", "ours", times(10, plan), { ...build, threads: 1 });
const oursOnTwo = contestant("us-2", "ours", times(6, plan), { ...build, threads: 2 });
const torch = contestant("torch", "peer", times(4));
const slowPeer = contestant("tfjs", "peer", times(80));
// 50 GFLOP/s in our build, 100 in another one; 10 GB/s and 5 GB/s.
const loop = contestant("loop", "limit", times(8, { flops: 400e6 }), build, "flops");
const otherLoop = contestant("other", "limit", times(4, { flops: 400e6 }), { build: "relaxed" }, "flops");
const copy = contestant("copy", "limit", times(2, { bytes: 20e6 }), {}, "bytes");
const slowCopy = contestant("slow", "limit", times(4, { bytes: 20e6 }), {}, "bytes");
const all = [ours, oursOnTwo, torch, slowPeer, loop, otherLoop, copy, slowCopy];

it("the least time is the larger of the arithmetic at the build's own rate and the bytes at the best copy's", () => {
  expect(rooflines(all)).toEqual([
    {
      ...{ ours: "us", ...one, ...plan },
      arithmetic: { limit: "loop", perSecond: 50e9, ms: 8 },
      moving: { limit: "copy", perSecond: 10e9, ms: 2 },
      ...{ bound: "arithmetic", leastMs: 8, measuredMs: 10, reached: 0.8 },
      peer: { id: "torch", flopsPerSecond: 100e9 },
    },
  ]);
  const few = contestant("us", "ours", times(10, { ...plan, flops: 50e6, neededFlops: 50e6 }), ours.facts);
  expect(rooflines([few, loop, copy])).toMatchObject([{ bound: "moving", leastMs: 2, reached: 0.2, peer: null }]);
});

it("without both limits, or without counts, there is nothing to say", () => {
  expect(rooflines([ours, torch, copy])).toEqual([]);
  expect(rooflines([ours, torch, loop, otherLoop])).toEqual([]);
  expect(rooflines([contestant("us", "ours", times(10), ours.facts), loop, copy])).toEqual([]);
});

const targets: Target[] = [
  { ...one, ours: "us", peers: ["torch"], atLeast: 0.45 },
  { ...one, ours: "us", peers: ["torch"], atLeast: 0.7 },
  { ...one, ours: "us-2", peers: ["torch"], atLeast: 0.9 },
  { ...one, ours: "us", peers: ["tfjs"], atLeast: 8 },
];

const judged = (contestants: readonly ContestantResult[]) => {
  const verdicts = judge(targets, ratiosOf(contestants));
  return missedAtLimit(verdicts, contestants, rooflines(contestants));
};

const sections = (contestants: readonly ContestantResult[]): string => {
  const found = { contestants, rooflines: rooflines(contestants), missedAtLimit: judged(contestants) };
  return limitSections(found as unknown as Results).join("\n");
};

it("a missed target is told what the limit would come to, evenly shared by several threads; a met one is not", () => {
  const found = judged(all).map(({ atLeast, ms, ratioAtLimit, threads }) => ({ atLeast, ms, ratioAtLimit, threads }));
  expect(found).toEqual([
    { atLeast: 0.45, ms: 8, ratioAtLimit: 0.5, threads: 1 },
    { atLeast: 0.7, ms: 8, ratioAtLimit: 0.5, threads: 1 },
    { atLeast: 0.9, ms: 4, ratioAtLimit: 1, threads: 2 },
  ]);
  expect(judged(all.filter((each) => each !== copy && each !== slowCopy))).toEqual([]);
});

it("several threads are held to what the loop does on as many, where that was measured", () => {
  // 80 GFLOP/s together, where twice the rate of one would be 100.
  const pair = contestant("loop-2", "limit", times(5, { flops: 400e6 }), { ...build, threads: 2 }, "flops");
  const otherPair = contestant(
    "other-2",
    "limit",
    times(3, { flops: 400e6 }),
    { build: "relaxed", threads: 2 },
    "flops",
  );
  expect(rooflines([...all, pair, otherPair])).toEqual(rooflines(all));
  const found = judged([...all, pair, otherPair]).map(({ ms, threads, together }) => ({ ms, threads, together }));
  expect(found.slice(1)).toEqual([
    { ms: 8, threads: 1, together: undefined },
    { ms: 5, threads: 2, together: 80e9 },
  ]);
  expect(sections([...all, pair])).toContain(
    "at the limit (5.00 ms, arithmetic, by the loop on 2 threads) the ratio would be 0.80: the target asks for 113 % of the limit, beyond what vectors of 128 bits can do. TORCH does 100 GFLOP/s, the loop in registers 80.0.",
  );
});

it("what only copies bound is shared evenly, whatever the loop does on several threads", () => {
  const light = { ...plan, flops: 40e6, neededFlops: 40e6 };
  const one = contestant("us", "ours", times(10, light), ours.facts);
  const two = contestant("us-2", "ours", times(6, light), oursOnTwo.facts);
  const pair = contestant("loop-2", "limit", times(0.5, { flops: 40e6 }), { ...build, threads: 2 }, "flops");
  expect(sections([one, two, torch, loop, copy, pair])).toContain("(1.00 ms, copy, shared evenly by 2 threads)");
});

it("the page has a row for each plan and a sentence for each missed target", () => {
  const text = sections(all);
  expect(text).toContain(
    "| vae, batch 128: US | 400 | 400 | 20.0 | 8.00 | 2.00 | 8.00 (arithmetic) | 10.0 | 80 % | 40.0 | 50.0 | 10.0 | 100 (TORCH) |",
  );
  expect(text).toContain(
    "US beside TORCH came to 0.400 where 0.45 is asked; at the limit (8.00 ms, arithmetic) the ratio would be 0.50: " +
      "the target asks for 90 % of the limit. TORCH does 100 GFLOP/s, the loop in registers 50.0.",
  );
  expect(text).toContain(
    "0.7 is asked; at the limit (8.00 ms, arithmetic) the ratio would be 0.50: the target asks for 140 % of the limit, beyond what vectors",
  );
  expect(text).toContain("at the limit (4.00 ms, arithmetic, shared evenly by 2 threads) the ratio would be 1.00");
  const sparse = contestant("us", "ours", times(10, { ...plan, neededFlops: 200e6 }), ours.facts);
  expect(sections([sparse, torch, loop, copy])).toContain(
    "(4.00 ms, arithmetic, without the zeros that we left out) the ratio would be 1.00",
  );
});

it("zeros that the last run left out are not needed; those of an operand taken as dense are", () => {
  const call = (flops: number, operand?: string) => ({
    ...{ section: "compute" as const, kernel: "gemm", nodes: [], flops, bytes: 8 },
    choices: operand ? [{ operand, sparseUpTo: 0.5 }] : [],
  });
  const calls = [call(4, "x"), call(2, "y"), call(4), call(8, "x")];
  const made = { batch: 1, calls, flops: 18, bytes: 32, workspaceBytes: 0, constantBytes: 0 };
  const choices = [
    { operand: "x", density: 0.25, path: "sparse" as const },
    { operand: "y", density: 0.9, path: "dense" as const },
  ];
  expect(planCounts(made, choices)).toEqual({ flops: 18, bytes: 32, neededFlops: 9 });
});
