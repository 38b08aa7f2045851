import { expect, it } from "vitest";
import { blasOf, openblasCore, requireCore } from "../bench/blas.ts";
import { lossObjection, valueObjection } from "../bench/checks.ts";
import { Contestant, type ContestantSpec } from "../bench/contestant.ts";
import { pattern } from "../bench/pattern.ts";
import { parseReply } from "../bench/protocol.ts";
import { FLOPS_PER_TURN, registerLoop } from "../bench/register-loop.ts";
import { batchStart } from "../bench/serve.ts";
import { cutOff, pairedRatios, quantile, summarise } from "../bench/statistics.ts";

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
  expect(parseReply(`{"msPerStep": 9.5, "value": 187.2}`)).toEqual({ msPerStep: 9.5, value: 187.2 });
  const counts = { flops: 6, bytes: 4, neededFlops: 5 };
  expect(parseReply(JSON.stringify({ msPerStep: 1, value: 2, counts }))).toEqual({ msPerStep: 1, value: 2, counts });
  expect(parseReply(`{"unable": "no such kernel"}`)).toEqual({ unable: "no such kernel" });
  expect(parseReply("Core: Haswell")).toBeUndefined();
  expect(() => parseReply(`{"msPerStep": 0, "value": 1}`)).toThrow("a contestant said");
  expect(() => parseReply(`{"msPerStep": 1, "value": null}`)).toThrow("a contestant said");
  expect(() => parseReply(`{"msPerStep": 1, "value": NaN}`)).toThrow("a contestant said");
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

it("refuses kernels of processors of long ago, and says what to set", () => {
  for (const core of [undefined, "Haswell", "Zen", "SkylakeX"]) expect(() => requireCore(core)).not.toThrow();
  expect(() => requireCore("Prescott")).toThrow("OPENBLAS_CORETYPE=Haswell npm run bench");
});

it("objects to a loss that does not fall, is not a number, or comes out unlike the others'", () => {
  const bounds = { fall: 0.6, apart: 0.1 };
  const usual = [
    { first: 547, last: 182 },
    { first: 551, last: 179 },
  ];
  expect(lossObjection(usual[0]!, usual, bounds)).toBeUndefined();
  expect(lossObjection({ first: 547, last: 500 }, usual, bounds)).toContain("went from 547 to 500");
  expect(lossObjection({ first: 547, last: NaN }, usual, bounds)).toContain("NaN");
  const low = { first: 547, last: 90 };
  expect(lossObjection(low, [...usual, low], bounds)).toContain("came to 90");
});

it("objects to a result unlike the others'", () => {
  expect(valueObjection(100.01, [100, 100.01, 100], 1e-3)).toBeUndefined();
  expect(valueObjection(-100, [100, -100, 100], 1e-3)).toContain("came to -100");
  expect(valueObjection(NaN, [100, NaN, 100], 1e-3)).toContain("NaN");
});

it("everyone's numbers lie in their range, none is zero, and another shift gives other ones", () => {
  const values = pattern(5000, -3, 3);
  expect(Math.min(...values)).toBeGreaterThanOrEqual(-3);
  expect(Math.max(...values)).toBeLessThan(3);
  expect(values).not.toContain(0);
  expect([...pattern(3, 0, 1009)]).toEqual([0.25, 37.25, 74.25]);
  expect(pattern(3, 0, 1009, 500)[0]).toBe(500.25);
});

it("the loop in registers does its twelve chains as often as it is told", async () => {
  const { instance } = await WebAssembly.instantiate(registerLoop("simd128"));
  const spin = instance.exports["spin"] as (turns: number) => number;
  const factorAndTerm = [13, 14].map((ulps) => 0.5 + ulps * 2 ** -24);
  expect(FLOPS_PER_TURN).toBe(96);
  for (const turns of [1, 3]) {
    let sum = 0;
    for (let chain = 1; chain <= 12; chain++) {
      let x = 0.5 + chain * 2 ** -24;
      for (let i = 0; i < turns; i++) x = x * factorAndTerm[0]! + factorAndTerm[1]!;
      sum += x;
    }
    // Twelve values near 1, each rounded a few times, and their sum in float32.
    expect(spin(turns)).toBeCloseTo(sum, 5);
  }
});

it("full batches go round and round", () => {
  expect([0, 1, 2, 3].map((index) => batchStart(index, 32, 100))).toEqual([0, 32, 64, 0]);
  expect(batchStart(5, 512, 512)).toBe(0);
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
        const { work, steps, batch } = JSON.parse(line);
        if (steps === 0) throw new TypeError("no steps");
        if (work !== "vae") return console.log(JSON.stringify({ unable: "no " + work }));
        console.log("warning: slow");
        console.log(JSON.stringify({ msPerStep: steps, value: batch }));
      });`),
    "items",
  );
  try {
    expect(contestant.facts).toEqual({ version: 1, blas: "none" });
    expect(await contestant.measure({ work: "vae", steps: 3, batch: 128 })).toEqual({ msPerStep: 3, value: 128 });
    expect(await contestant.measure({ work: "vae", steps: 4, batch: 1 })).toEqual({ msPerStep: 4, value: 1 });
    expect(await contestant.measure({ work: "exp", steps: 4 })).toEqual({ unable: "no exp" });
    expect(openblasCore(contestant.chatter)).toBe("Fake");
    await expect(contestant.measure({ work: "vae", steps: 0, batch: 1 })).rejects.toThrow(
      /Fake ended \(1\): TypeError: no steps/,
    );
  } finally {
    contestant.stop();
  }
});

it("one that cannot start, or is not there, is an error", async () => {
  await expect(Contestant.start(fake(`process.exit(3)`), "items")).rejects.toThrow("Fake ended (3): it said nothing");
  await expect(Contestant.start({ ...fake(""), command: "no-such-program" }, "items")).rejects.toThrow("ENOENT");
});
