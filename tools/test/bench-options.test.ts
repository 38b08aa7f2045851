import { expect, it } from "vitest";
import { benchOptions, HELP } from "../bench/options.ts";
import { SUITE_NAMES } from "../bench/suite.ts";

it("the default run is published; a smaller one only where it is told to", () => {
  const usual = benchOptions([]);
  expect(usual).toMatchObject({ pairs: 15, peers: ["tfjs", "torch"], builds: ["simd128", "relaxed"], only: [] });
  expect(usual).toMatchObject({ suite: { name: "train" }, out: "docs/results", command: "npm run bench" });
  expect(benchOptions(["--pairs", "31"]).out).toBe("docs/results");
  for (const less of [["--pairs=5"], ["--ms=10"], ["--only=batch 128"], ["--builds=relaxed"], ["--peers=torch"]]) {
    expect(benchOptions(less).out).toBeUndefined();
  }
  expect(benchOptions(["--pairs", "5", "--out", "elsewhere"]).out).toBe("elsewhere");
});

it("each suite has its peers", () => {
  const peers = (name: string) => benchOptions(["--suite", name]).peers;
  expect(peers("gemm")).toEqual(["tfjs", "jax-js", "torch"]);
  expect(peers("ops")).toEqual(["tfjs", "torch"]);
  expect(peers("infer")).toEqual(["ort", "tfjs", "torch"]);
  expect(peers("edge")).toEqual(["ort", "tfjs"]);
  expect(benchOptions(["--peers", "none"]).peers).toEqual([]);
  expect(benchOptions(["--peers", "ort,tfjs-cpu"]).peers).toEqual(["ort", "tfjs-cpu"]);
});

it("a run that waits for a quiet machine is published, too", () => {
  expect(benchOptions([]).quiet).toBe(0);
  expect(benchOptions(["--quiet", "20"])).toMatchObject({ quiet: 20, out: "docs/results" });
});

it("cases are chosen by words in their names, commas and all", () => {
  expect(benchOptions(["--only", "VAE, batch 1", "--only=channel"]).only).toEqual(["VAE, batch 1", "channel"]);
});

it("the command can be typed again", () => {
  expect(benchOptions(["--suite=ops", "--only", "sum of rows", "--only=exp"]).command).toBe(
    `npm run bench -- --suite=ops --only "sum of rows" --only=exp`,
  );
});

it.each([
  ["--suite=conv"],
  ["--peers=jax"],
  ["--builds=avx"],
  ["--only=nothing like it"],
  ["--pairs=0"],
  ["--pairs=1.5"],
  ["--quiet=soon"],
  ["--ms=x"],
  ["--typo"],
  ["word"],
])("%s is the user's error, in one line", (option) => {
  expect(() => benchOptions([option])).toThrow(
    expect.objectContaining({ expected: true, message: expect.not.stringContaining("\n") }),
  );
});

it("help names every suite and every option", () => {
  for (const word of [
    ...SUITE_NAMES,
    "--suite",
    "--peers",
    "--only",
    "--builds",
    "--pairs",
    "--quiet",
    "--ms",
    "--out",
    "--json",
  ]) {
    expect(HELP).toContain(word);
  }
});
