import { readFileSync } from "node:fs";
import { join } from "node:path";
import { syntheticDigits } from "@isthmus/data";
import { describe, expect, it } from "vitest";
import { fitPca, project } from "../demo/pca.ts";
import { root } from "../lib/paths.mjs";
import { requireMnist } from "../reproduce/harness/data.ts";
import { helpOf, reproduceOptions } from "../reproduce/harness/options.ts";
import { reproductionsPage, resultTable, storedResults } from "../reproduce/harness/page.ts";
import { passed, type Row } from "../reproduce/harness/reproduction.ts";
import { largestPrincipalAngle } from "../reproduce/principal-angles.ts";

it("refuses synthetic digits, with the reason why there are no real ones", () => {
  const digits = syntheticDigits({ items: 1, split: "train" });
  const standIn = { ...digits, provenance: { ...digits.provenance, note: "the network is unreachable" } };
  expect(() => requireMnist(standIn)).toThrow("the network is unreachable");
  expect(() => requireMnist(standIn)).toThrow(expect.objectContaining({ expected: true }));
  expect(() => requireMnist({ ...digits, name: "mnist" })).not.toThrow();
});

it("the default run is published; another only where it is told to", () => {
  expect(reproduceOptions([])).toMatchObject({ seeds: [1, 2, 3], epochs: undefined, out: "docs/results" });
  expect(reproduceOptions(["--seeds", "7", "--epochs", "2"])).toMatchObject({ seeds: [7], epochs: 2, out: undefined });
  expect(reproduceOptions(["--epochs", "2", "--out", "elsewhere"]).out).toBe("elsewhere");
  const kept = ["--checkpoints", "kept", "--threads", "2"];
  expect(reproduceOptions(kept)).toMatchObject({ checkpoints: "kept", threads: 2, out: "docs/results" });
  expect(reproduceOptions([], { seeds: [1, 2] })).toMatchObject({ seeds: [1, 2], out: "docs/results" });
  expect(reproduceOptions(["--seeds", "1,2,3"], { seeds: [1, 2] }).out).toBeUndefined();
});

it("help speaks of data files where some are read, and of none where none are", () => {
  const one = { name: "one", what: "One", minutes: 1, run: async () => ({ rows: [], protocol: {}, pictures: {} }) };
  expect(helpOf(one)).toMatch(/--data-dir DIR[^]*folder of the MNIST files[^]*real data must be there/);
  expect(helpOf({ ...one, data: "made" })).not.toMatch(/MNIST|data-dir|real data/);
  expect(() => reproduceOptions(["--data-dir", "x"], { data: "made" })).toThrow(/--data-dir: no data are read here/);
});

it.each([["--seeds=1,"], ["--seeds=-1"], ["--epochs=0"], ["--epochs=ten"], ["--typo"]])(
  "%s is the user's error",
  (option) => {
    expect(() => reproduceOptions([option])).toThrow(expect.objectContaining({ expected: true }));
  },
);

describe("a row", () => {
  const row: Row = {
    what: "784-400-20, negative ELBO",
    unit: "nats per image",
    convention: "real-valued pixels",
    published: { figures: "105.59", source: "a log" },
    runs: [
      { seed: 1, value: 105.7654, seconds: 42.3 },
      { seed: 2, value: 105.4621, seconds: 43.6 },
    ],
    line: { least: 105.3, most: 106 },
  };

  it("tells every seed, what was published, the line and the convention", () => {
    const text = resultTable({ rows: [row] });
    expect(text).toContain("105.77, 105.46 nats per image (seeds 1, 2)");
    expect(text).toContain("105.59 (a log)");
    expect(text).toContain("105.3 to 106: PASS | real-valued pixels | 42, 44 |");
  });

  it("misses its line when one seed does", () => {
    expect(passed(row)).toBe(true);
    expect(passed({ ...row, runs: [...row.runs, { seed: 3, value: 106.1, seconds: 1 }] })).toBe(false);
    expect(passed({ ...row, line: { most: 105.5 } })).toBe(false);
    expect(passed({ ...row, line: { most: 105.5, share: 0.5 } })).toBe(true);
    expect(passed({ ...row, line: { most: 105.5, share: 0.6 } })).toBe(false);
    const part: Row = { ...row, line: { most: 105.5, share: 0.5 } };
    expect(resultTable({ rows: [part] })).toContain("at most 105.5 for 1 of 2 seeds: PASS");
    const without: Row = { ...row };
    delete (without as { line?: unknown }).line;
    expect(passed(without)).toBeUndefined();
    expect(resultTable({ rows: [without] })).not.toMatch(/PASS|MISS/);
  });
});

it("docs/reproductions.md is the page of the stored results, unedited", async () => {
  const page = readFileSync(join(root, "docs", "reproductions.md"), "utf8");
  expect(page).toBe(reproductionsPage(await storedResults("docs/results")));
});

describe("the largest principal angle", () => {
  const degrees = (angle: number): number => (angle * Math.PI) / 180;

  it("is that by which a plane was turned, whatever its basis", () => {
    for (const angle of [1e-6, 0.5, 30, 90]) {
      const turned = [
        [1, 2, 0, 0],
        [0, Math.cos(degrees(angle)), Math.sin(degrees(angle)), 0],
      ];
      turned[0] = [3, turned[1]![1]!, turned[1]![2]!, 0];
      const found = largestPrincipalAngle(
        [
          [1, 0, 0, 0],
          [5, -2, 0, 0],
        ],
        turned,
      );
      // The arcsine loses half the digits at a right angle.
      expect(Math.abs(found - angle)).toBeLessThan(angle < 80 ? 1e-12 * Math.max(1, angle) : 1e-6);
    }
  });

  it("is 0 between principal components and themselves mixed", () => {
    const digits = syntheticDigits({ items: 50, seed: 1 });
    const { components } = fitPca({ ...digits, shape: [784] }, 3);
    const [a, b, c] = components as [Float64Array, Float64Array, Float64Array];
    const mixed = [a.map((x, i) => x + b[i]!), b.map((x, i) => 2 * x - c[i]!), c.map((x) => -x)];
    expect(largestPrincipalAngle(components, mixed)).toBeLessThan(1e-5);
    expect(project({ mean: new Float64Array(784), components }, digits)).toHaveLength(150);
  });
});
