import { syntheticDigits } from "@isthmus/data";
import { expect, it } from "vitest";
import { vaeMnistChart } from "../reproduce/vae-mnist-chart.ts";
import { vaeMnistMarkdown } from "../reproduce/vae-mnist-markdown.ts";
import { vaeMnistOptions } from "../reproduce/vae-mnist-options.ts";
import { PASS_LINE, PUBLISHED, requireMnist, type VaeMnistResults } from "../reproduce/vae-mnist-run.ts";

it("refuses synthetic digits, with the reason why there are no real ones", () => {
  const digits = syntheticDigits({ items: 1, split: "train" });
  const standIn = { ...digits, provenance: { ...digits.provenance, note: "the network is unreachable" } };
  expect(() => requireMnist(standIn)).toThrow("the network is unreachable");
  expect(() => requireMnist(standIn)).toThrow(expect.objectContaining({ expected: true }));
  expect(() => requireMnist({ ...digits, name: "mnist" })).not.toThrow();
});

it("the default run is published; another only where it is told to", () => {
  expect(vaeMnistOptions([])).toMatchObject({ seeds: [1, 2, 3], epochs: 10, out: "docs/results" });
  expect(vaeMnistOptions(["--seeds", "7", "--epochs", "2"])).toMatchObject({ seeds: [7], epochs: 2, out: undefined });
  expect(vaeMnistOptions(["--epochs", "2", "--out", "elsewhere"]).out).toBe("elsewhere");
});

it.each([["--seeds=1,"], ["--seeds=-1"], ["--epochs=0"], ["--epochs=ten"], ["--typo"]])(
  "%s is the user's error",
  (option) => {
    expect(() => vaeMnistOptions([option])).toThrow(expect.objectContaining({ expected: true }));
  },
);

const curve = [130, 110].map((negElbo, i) => ({
  epoch: i + 1,
  train: { loss: negElbo + 1 },
  test: { negElbo, reconstruction: negElbo - 25, kl: 25 },
  seconds: 5,
}));

const results: VaeMnistResults = {
  reproduction: "vae-mnist",
  protocol: { network: "784-400-20, ReLU", data: "real-valued pixels", epochs: 2 },
  published: PUBLISHED,
  passLine: PASS_LINE,
  passed: false,
  date: "2026-01-02T03:04:05.678Z",
  revision: null,
  machine: { cpu: "CPU", cpuDetails: null, cores: 2, platform: "linux x64", node: "20.19.0", v8: "11.3" },
  loadAverage: { before: 0.1, after: 1 },
  engine: { name: "wasm", build: "simd128" },
  data: {
    train: { items: 60_000, sha256: "ab", mean: 0.13, note: "the pixel value 1 is stored as 0" },
    test: { items: 10_000, sha256: "cd", mean: 0.13, note: null },
  },
  runs: [{ seed: 1, steps: 938, seconds: 10, test: curve[1]!.test, curve }],
};

it("the page tells result, verdict, published figures and what the data differ in", () => {
  const page = vaeMnistMarkdown(results);
  expect(page).toContain("| 1 | 110.00 | 85.00 | 25.00 | 111.00 | 10 |");
  expect(page).toContain("105.5585 and 105.589 after 10 epochs");
  expect(page).toContain("105.3 to 106 for every seed; MISS");
  expect(page).toContain("| 2 | 110.00 |");
  expect(page).toContain("the pixel value 1 is stored as 0");
  expect(page).toContain("no commit");
  expect(vaeMnistMarkdown({ ...results, passed: true })).toContain("for every seed; PASS");
});

it("the chart draws a point per epoch, lower for less", () => {
  const points = [...vaeMnistChart(results).matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map((match) => [
    Number(match[1]),
    Number(match[2]),
  ]);
  expect(points).toHaveLength(2);
  expect(points[1]![0]).toBeGreaterThan(points[0]![0]!);
  expect(points[1]![1]).toBeGreaterThan(points[0]![1]!);
});
