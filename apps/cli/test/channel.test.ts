import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { complaint, isthmus, report, start } from "./support/cli.ts";
import { temporaryFolder } from "./support/folder.ts";

/** 16 messages on two columns of CSV: 16-QAM as another program would write it, without labels. */
const GRID = `x1,x2\n${[-3, -1, 1, 3].flatMap((x) => [-3, -1, 1, 3].map((y) => `${x / 5 ** 0.5},${y / 5 ** 0.5}`)).join("\n")}\n`;

interface Curve {
  readonly name: string;
  readonly standing: string;
  readonly rates: readonly number[];
}

interface Simulated {
  readonly name: string;
  readonly points: readonly {
    readonly bler: number;
    readonly blerInterval: readonly [number, number];
    readonly blocks: number;
    readonly blockErrors: number;
  }[];
}

describe("channel baseline", () => {
  it("gives the published rates of uncoded bits and of the Hamming code", async () => {
    const { curves } = await report("channel", "baseline", "--ebno", "0,4,8");
    // Three digits of exact formulas and of the union bound.
    expect((curves as Curve[]).map(({ rates }) => rates.map((rate) => Number(rate.toPrecision(3))))).toEqual([
      [0.279, 0.0491, 0.000763],
      [0.263, 0.0367, 0.000272],
      [0.34, 0.0141, 0.0000118],
    ]);
    expect((curves as Curve[]).map(({ standing }) => standing)).toEqual(["exact", "exact", "upper bound"]);
  });

  it("knows codes in fading of each use and of whole blocks", async () => {
    const rates = async (fading: string, ...systems: string[]): Promise<number[]> => {
      const args = ["channel", "baseline", ...systems, "--fading", fading, "--ebno", "15"];
      const { curves } = await report(...args);
      return (curves as Curve[]).map(({ rates: [rate] }) => Number(rate!.toPrecision(3)));
    };
    // The study's table; of one complex use both are one.
    expect(await rates("rayleigh", "uncoded-4", "hamming-hard")).toEqual([0.0305, 0.00355]);
    expect(await rates("rayleigh-block", "uncoded-4")).toEqual([0.0238]);
    expect(await rates("rayleigh", "qam-16", "hexagonal-16")).toEqual(
      await rates("rayleigh-block", "qam-16", "hexagonal-16"),
    );
    const [each, block] = [await rates("rayleigh", "hamming"), await rates("rayleigh-block", "hamming")];
    // Maximum likelihood is 1.61e-4 and 1.74e-2; these are bounds.
    expect(each[0]! / 1.61e-4).toBeLessThan(1.1);
    expect(each[0]).toBeGreaterThan(1.6e-4);
    expect(block[0]).toBeGreaterThan(1.74e-2);
  });

  it("takes points from a file: 16-QAM is exact by formula and by its cells alike", async () => {
    const here = await temporaryFolder();
    const path = join(here, "grid.csv");
    await writeFile(path, GRID);
    const { curves } = await report("channel", "baseline", path, "qam-16", "--ebno", "3,9");
    const [file, formula] = curves as [Curve, Curve];
    // Two real uses are one complex use of twice the noise: the same rates, by integrals to 1e-10.
    file.rates.forEach((rate, at) => expect(Math.abs(rate / formula.rates[at]! - 1)).toBeLessThan(1e-9));
  });

  it("writes tables and charts", async () => {
    const here = await temporaryFolder();
    const [csv, svg] = [join(here, "b.csv"), join(here, "b.svg")];
    await report("channel", "baseline", "bpsk", "dbpsk", "--fading", "rayleigh", "--ebno", "0:20:5", "-o", csv);
    const [head, ...rows] = (await readFile(csv, "utf8")).trim().split("\n");
    expect(head).toBe('ebno_db,"BPSK (exact)","DBPSK (exact)"');
    expect(rows).toHaveLength(5);
    // 1 / (2 (1 + Eb/N0)) at 10 dB.
    expect(Number(rows[2]!.split(",")[2])).toBeCloseTo(1 / 22, 12);
    await report("channel", "baseline", "-o", svg);
    expect(await readFile(svg, "utf8")).toMatch(/^<svg [^]*Hamming \(7,4\), hard decision[^]*<\/svg>\n$/);
  });

  it.each([
    [["baseline", "none"], /^none is neither a system's name .* nor a file$/],
    [["baseline", "psk-1"], /^psk-1: "m" expected/],
    [
      ["baseline", "dbpsk-hamming", "--fading", "rayleigh"],
      /^dbpsk-hamming: there is no formula; isthmus channel simulate dbpsk-hamming --channel rayleigh measures it$/,
    ],
    [["baseline", "--ebno", "8:0"], /expected decibels such as 0:8:1/],
    [["baseline", "--ebno", "a"], /expected decibels such as 0:8:1/],
    [["baseline", "-o", "b.txt"], /^--out expected a name ending in .svg, .png, .csv, .json, got b.txt$/],
    [["bound"], /^expected --k and --n, or a system$/],
    [["bound", "--k", "4", "--n", "1"], /expected at least two real dimensions/],
    [["bound", "hamming", "--k", "4"], /^hamming says --k, --n and --complex itself$/],
    [["bound", "dbpsk"], /^dbpsk has no codebook/],
    [["simulate", "package.json"], /package.json/],
    [["simulate", "hamming", "--receiver", "network"], /^--receiver goes with a model only$/],
    [["plot"], /^expected one of constellation, projection, spectrum \(isthmus channel plot --help shows how\)$/],
    [["simulate", "hamming", "--baselines", "none"], /^none is neither/],
  ])("%j is refused", async (words, message) => {
    expect(await complaint("channel", ...words)).toMatch(message);
  });
});

describe("channel bound", () => {
  it("is met by QPSK, and lies below every code", async () => {
    const ebNo = ["--ebno", "0:8:2"];
    const { curves, shannonLimitDb } = await report("channel", "bound", "--k", "2", "--n", "2", ...ebNo);
    const qpsk = await report("channel", "baseline", "qpsk", ...ebNo);
    const names = (curves as Curve[]).map(({ name }) => name);
    expect(names[0]).toBe("sphere packing (2,2)");
    expect(names).not.toContain("normal approximation");
    (curves as Curve[])[0]!.rates.forEach((rate, at) =>
      expect(Math.abs(rate / qpsk.curves[0].rates[at] - 1)).toBeLessThan(1e-9),
    );
    // (2^2 - 1) / 2 at one bit a use.
    expect(shannonLimitDb).toBeCloseTo(10 * Math.log10(1.5), 12);
    const long = await report("channel", "bound", "--k", "32", "--n", "64", "--ebno", "2");
    expect((long.curves as Curve[]).map(({ name }) => name)).toContain("normal approximation");
  });

  it("takes its size from a system", async () => {
    const { link } = await report("channel", "bound", "qam-16", "--ebno", "6");
    expect(link).toEqual({ k: 4, n: 1, complex: true });
  });
});

describe("channel simulate", () => {
  const few = ["--target-errors", "200", "--max-blocks", "40000"];

  it("covers what is known exactly, and simulates baselines that are not", async () => {
    const json = await report(
      "channel",
      "simulate",
      "qam-16",
      "--ebno",
      "4,8",
      "--baselines",
      "qam-16,hexagonal-16",
      ...few,
    );
    const [simulated] = json.simulated as Simulated[];
    expect((json.known as Curve[]).map(({ name }) => name)).toEqual(["16-QAM", "16-hexagonal"]);
    // 95 % intervals, of a fixed seed: each of two holds the truth.
    simulated!.points.forEach(({ blerInterval: [low, high] }, at) => {
      const exact = (json.known as Curve[])[0]!.rates[at]!;
      expect(exact).toBeGreaterThan(low);
      expect(exact).toBeLessThan(high);
    });
    const hamming = await report(
      "channel",
      "simulate",
      "hamming-hard",
      "--baselines",
      "hamming,uncoded",
      "--ebno",
      "4",
      ...few,
    );
    expect((hamming.simulated as Simulated[]).map(({ name }) => name)).toEqual([
      "Hamming (7,4), hard decision",
      "Hamming (7,4), maximum likelihood",
    ]);
    expect((hamming.known as Curve[]).map(({ name }) => name)).toEqual(["uncoded (4,4)", "sphere packing (7,4)"]);
  });

  it("receives over fading taps that are told, or not", async () => {
    const systems = ["dbpsk-hamming", "--baselines", "dbpsk-hamming-ml", "--ebno", "10", "--max-blocks", "40000"];
    const args = ["channel", "simulate", ...systems, "--channel", "multi-tap:taps=3", "--target-errors", "1e9"];
    const rates = ({ simulated }: any): number[] =>
      (simulated as Simulated[]).map(({ points: [point] }) => point!.bler);
    const told = await report(...args);
    const untold = await report(...args, "--unknown");
    expect(told.channel).toBe("3 fading taps per block, known to the receiver");
    expect(untold.channel).toBe("3 fading taps per block, not known to the receiver");
    // Differential detection needs neither: the same counts.
    expect(rates(told)[0]).toBe(rates(untold)[0]);
    // 1.2 % and 10 % of 40,000: their intervals are 0.1 % and 0.3 % wide.
    expect(rates(told)[1]).toBeLessThan(0.02);
    expect(rates(untold)[1]).toBeGreaterThan(0.08);
    expect(rates(untold)[1]).toBeLessThan(0.12);
  });

  it.each([
    [["hamming", "--channel", "rayleigh-block", "--unknown"], /^--unknown expected a system of complex uses/],
    [["qpsk", "--channel", "rayleigh", "--unknown"], /^--unknown expected rayleigh-block or multi-tap/],
    [["hamming", "--unknown"], /^--unknown goes with a --channel that fades only/],
    [["qpsk", "--channel", "awgn", "--unknown"], /^--unknown goes with a --channel that fades only/],
    [["hamming", "--gap-at", "1e-3"], /^--gap-at goes with a chart, --out of .svg or .png, only$/],
    [["hamming", "--gap-at", "1e-3", "-o", "counts.csv"], /^--gap-at goes with a chart/],
    [["hamming", "--channel", "multi-tap:taps=2"], /expected a system of complex uses$/],
    [["qpsk", "--channel", "burst:probability=1,length=1,ratio=1"], /expected awgn, rayleigh \(each use\)/],
  ])("%j is refused", async (words, message) => {
    expect(await complaint("channel", "simulate", ...words, "--ebno", "5")).toMatch(message);
  });

  it("draws a waterfall, and writes counts", async () => {
    const here = await temporaryFolder();
    const [svg, csv] = [join(here, "w.svg"), join(here, "w.csv")];
    const words = ["simulate", "hamming", "--baselines", "uncoded,hamming-hard", "--ebno", "0:6:2", ...few];
    await report("channel", ...words, "-o", svg);
    const drawing = await readFile(svg, "utf8");
    for (const text of ["10⁻³", "Shannon limit 0.24 dB", "sphere packing (7,4)", " dB<"])
      expect(drawing).toContain(text);
    await report("channel", ...words, "-o", csv);
    const rows = (await readFile(csv, "utf8")).trim().split("\n");
    expect(rows[0]).toMatch(/^curve,ebno_db,bler,/);
    // Four points of one that is simulated, two that are known, and the bound.
    expect(rows).toHaveLength(1 + 4 * 4);
  });

  it("goes on from its counts: the same as at once", async () => {
    const here = await temporaryFolder();
    const counts = join(here, "counts.json");
    const words = ["simulate", "extended-hamming", "--ebno", "2", "--target-errors", "100000", "--seed", "3"];
    const once = await report("channel", ...words, "--max-blocks", "60000");
    const first = await report("channel", ...words, "--max-blocks", "20000", "--resume", counts);
    const then = await report("channel", ...words, "--max-blocks", "60000", "--resume", counts);
    const of = ({ simulated }: { readonly simulated: Simulated[] }) => {
      const { blocks, blockErrors } = simulated[0]!.points[0]!;
      return { blocks, blockErrors };
    };
    expect(of(first).blocks).toBeLessThan(of(once).blocks);
    expect(of(then)).toEqual(of(once));
    expect(await complaint("channel", ...words.slice(0, -1), "4", "--resume", counts)).toMatch(/CHANNEL_RESUME/);
    await writeFile(counts, "{}");
    expect(await complaint("channel", ...words, "--resume", counts)).toMatch(
      /^--resume .*: expected counts of isthmus channel simulate/,
    );
  });

  it("counts the same on two processes as on one", { timeout: 120_000 }, async () => {
    const words = [
      "channel",
      "simulate",
      "hamming-hard",
      "--ebno",
      "4",
      "--max-blocks",
      "60000",
      "--target-errors",
      "1000000",
    ];
    const one = await report(...words);
    // In a process of its own: those of the simulation run the same sources by the same flags.
    const { code, stdout, stderr } = await start([...words, "--workers", "2", "--json"]).ended;
    expect(code, stderr).toBe(0);
    const counts = ({ simulated }: { readonly simulated: Simulated[] }) => {
      const { blocks, blockErrors } = simulated[0]!.points[0]!;
      return { blocks, blockErrors };
    };
    expect(counts(JSON.parse(stdout))).toEqual(counts(one));
  });

  it("refuses a codebook of more power than Eb/N0 counts", async () => {
    const here = await temporaryFolder();
    const path = join(here, "strong.json");
    await writeFile(
      path,
      JSON.stringify({
        points: [
          [2, 0],
          [-2, 0],
        ],
      }),
    );
    expect(await complaint("channel", "simulate", path, "--ebno", "0", ...few)).toMatch(
      /has a mean power of 2 a use, and may have 1/,
    );
  });

  it("stops when it is told to, and says what is kept", async () => {
    const signal = AbortSignal.abort();
    const { code, stderr } = await isthmus(["channel", "simulate", "hamming", "--ebno", "4"], { signal });
    expect({ code, stderr }).toEqual({
      code: 130,
      stderr: "isthmus: stopped; nothing was kept (--resume keeps counts)\n",
    });
  });
});
