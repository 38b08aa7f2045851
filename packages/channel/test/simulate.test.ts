/** Simulated rates against exact ones, and what a simulation promises of its counts. */
import { describe, expect, it } from "vitest";
import {
  awgn,
  bpskBitError,
  codebook,
  compareSystems,
  dimensions,
  ebNoFromDb,
  ebNoFromEsNo,
  esNoFromDb,
  exactSymbolError,
  extendedHammingCodebook,
  hammingCode,
  hammingCodebook,
  hardDecision,
  hardDecisionBitError,
  hardDecisionBlockError,
  hexagonalCodebook,
  maximumLikelihood,
  overRayleighFading,
  qamCodebook,
  qamSymbolError,
  rayleigh,
  requireAboveSpherePacking,
  simulate,
  spherePackingBound,
  uncodedBlockError,
  uncodedCodebook,
  type Codebook,
  type EbNo,
  type Receiver,
  type SimulatedChannel,
  type SimulatedPoint,
  type SimulateOptions,
} from "../src/index.ts";
import { SEVEN_FOUR } from "./support/published.ts";

const BATCH = 2048;

/** The first point; long enough to resolve a few percent. */
async function one(options: Partial<SimulateOptions> & { codebook: Codebook }): Promise<SimulatedPoint> {
  const { points } = await simulate({ ebNoDb: 4, targetErrors: 1e9, maxBlocks: 3e5, ...options });
  return points[0]!;
}

/** Four standard deviations of the count: some 1 in 16,000 of right programs would fail, and seeds are fixed. */
function expectRate(errors: number, blocks: number, p: number): void {
  expect(Math.abs(errors - blocks * p), `${errors} of ${blocks}, expected ${blocks * p}`).toBeLessThan(
    4 * Math.sqrt(blocks * p * (1 - p)),
  );
}

/** Minimum distances in float64, one by one. */
function nearestPoint(book: Codebook): Receiver {
  const columns = dimensions(book);
  return {
    name: "nearest",
    decide({ signal, gains }, decisions) {
      for (let block = 0; block < decisions.length; block++) {
        let [best, least] = [0, Infinity];
        for (let m = 0; m < book.size; m++) {
          let d = 0;
          for (let c = 0; c < columns; c++) {
            const at = block * columns + c;
            d += (signal[at]! - (gains?.[at] ?? 1) * book.points[m * columns + c]!) ** 2;
          }
          if (d < least) [best, least] = [m, d];
        }
        decisions[block] = best;
      }
    },
  };
}

describe("rates are the exact ones", () => {
  const bitError = (db: number, r: number): number => bpskBitError((r * ebNoFromDb(db)) as EbNo);

  it("of uncoded bits, blocks and bits", async () => {
    const { blocks, blockErrors, bitErrors } = await one({ codebook: uncodedCodebook(4) });
    expectRate(blockErrors, blocks, uncodedBlockError(4, bitError(4, 1)));
    expectRate(bitErrors, 4 * blocks, bitError(4, 1));
  });

  it("of hard decisions of Hamming's code, blocks and bits", async () => {
    const { blocks, blockErrors, ber, berInterval } = await one({
      codebook: hammingCodebook(),
      receiver: hardDecision(hammingCode()),
    });
    expectRate(blockErrors, blocks, hardDecisionBlockError(hammingCode(), bitError(4, 4 / 7)));
    const half = (berInterval[1] - berInterval[0]) / 2;
    // 95 % are 1.96 standard deviations
    expect(Math.abs(ber - hardDecisionBitError(hammingCode(), bitError(4, 4 / 7)))).toBeLessThan((4 / 1.96) * half);
  });

  it("of points in the plane, complex uses", async () => {
    for (const book of [qamCodebook(16), hexagonalCodebook(16)]) {
      const { blocks, blockErrors } = await one({ codebook: book, ebNoDb: 8 });
      expectRate(blockErrors, blocks, exactSymbolError(book, ebNoFromDb(8)));
    }
  });

  it.each(SEVEN_FOUR.filter(({ db }) => db <= 4))("of Hamming's code by maximum likelihood at $db dB", async (row) => {
    const { blocks, blockErrors } = await one({ codebook: hammingCodebook(), ebNoDb: row.db, maxBlocks: 1e6 });
    // The table's own 95 % interval is 0.3 %, and its values are rounded.
    const off = blocks * row.maximumLikelihood * 0.003;
    const spread = Math.sqrt(blocks * row.maximumLikelihood);
    expect(Math.abs(blockErrors - blocks * row.maximumLikelihood)).toBeLessThan(Math.hypot(4 * spread, 2 * off));
  });

  it("of the extended code at 2 dB: 5.42e-2", async () => {
    const { blocks, blockErrors } = await one({ codebook: extendedHammingCodebook(), ebNoDb: 2 });
    expectRate(blockErrors, blocks, 5.42e-2);
  });

  it("in Rayleigh fading, of each use and of the block", async () => {
    const ebNo = ebNoFromDb(10);
    const each = await one({ codebook: uncodedCodebook(4), ebNoDb: 10, channel: rayleigh() });
    expectRate(each.blockErrors, each.blocks, uncodedBlockError(4, bpskBitError(ebNo, "rayleigh")));
    const together = await one({ codebook: uncodedCodebook(4), ebNoDb: 10, channel: rayleigh({ per: "block" }) });
    const exact = overRayleighFading((gain) =>
      uncodedBlockError(4, bpskBitError(Math.max(ebNo * gain, 1e-290) as EbNo)),
    );
    expectRate(together.blockErrors, together.blocks, exact);
    const plane = qamCodebook(16);
    const es = esNoFromDb(15);
    const fading = await simulate({
      codebook: plane,
      ebNoDb: 10 * Math.log10(ebNoFromEsNo(es, plane)),
      channel: rayleigh(),
      maxBlocks: 1e5,
      targetErrors: 1e9,
    });
    expectRate(fading.points[0]!.blockErrors, fading.points[0]!.blocks, qamSymbolError(16, es, "rayleigh"));
  });

  // Hamming's code by maximum likelihood: the study's table, three digits.
  it.each([
    ["use", 5, 5.73e-2],
    ["use", 10, 4.07e-3],
    ["block", 5, 0.148],
    ["block", 15, 1.74e-2],
  ] as const)("of Hamming's code in fading of each %s at %i dB", async (per, db, rate) => {
    const { blocks, blockErrors } = await one({ codebook: hammingCodebook(), ebNoDb: db, channel: rayleigh({ per }) });
    const rounding = blocks * rate * 0.005;
    expect(Math.abs(blockErrors - blocks * rate)).toBeLessThan(4 * Math.sqrt(blocks * rate) + rounding);
  });
});

describe("maximum likelihood by matrix products", () => {
  it.each([
    [hammingCodebook(), awgn()],
    [qamCodebook(64), awgn()],
    [uncodedCodebook(8), awgn()],
    [hammingCodebook(), rayleigh()],
    [hexagonalCodebook(19), rayleigh({ per: "block" })],
  ])("decides as minimum distances do (%#)", async (book, channel) => {
    const options = { ebNoDb: 1, blocks: 10 * BATCH };
    const receivers = [await maximumLikelihood(book), nearestPoint(book)] as const;
    const [a, b] = receivers.map((receiver) => ({ codebook: book, channel, receiver }));
    const { onlyA, onlyB, a: counts } = await compareSystems(a!, b!, options);
    expect(counts.blockErrors).toBeGreaterThan(100);
    // scores are off by some 1e-6 of the distances that chance leaves between points
    expect(onlyA + onlyB).toBeLessThanOrEqual(1);
  });
});

describe("a simulation", () => {
  const hamming = { codebook: hammingCodebook(), ebNoDb: [3, 5], targetErrors: 200, maxBlocks: 4e4, seed: 7 };
  const counts = (points: readonly SimulatedPoint[]) =>
    points.map(({ blocks, blockErrors, bitErrors }) => [blocks, blockErrors, bitErrors]);

  it("gives the same counts for the same seed, others for another, and each point on its own", async () => {
    const first = counts((await simulate(hamming)).points);
    expect(counts((await simulate(hamming)).points)).toEqual(first);
    expect(counts((await simulate({ ...hamming, seed: 8 })).points)).not.toEqual(first);
    expect(counts((await simulate({ ...hamming, ebNoDb: 5 })).points)).toEqual(first.slice(1));
  });

  it("stops at enough errors, or at enough blocks", async () => {
    const { points } = await simulate(hamming);
    expect(points.map(({ stopped }) => stopped)).toEqual(["targetErrors", "maxBlocks"]);
    expect(points[0]!.blockErrors).toBeGreaterThanOrEqual(200);
    expect(points[0]!.blocks).toBeLessThan(4e4);
    expect(points[1]!.blocks).toBe(Math.ceil(4e4 / BATCH) * BATCH);
    const { bler, blerInterval, blocksPerSecond, seconds, blocks } = points[1]!;
    expect(blerInterval[0]).toBeLessThan(bler);
    expect(blerInterval[1]).toBeGreaterThan(bler);
    expect(blocksPerSecond).toBeCloseTo(blocks / seconds, 6);
  });

  it("goes on where it was interrupted, with the counts of one that was not, also through JSON", async () => {
    const abort = new AbortController();
    const half = await simulate({ ...hamming, maxBlocks: 5 * BATCH });
    abort.abort();
    const stopped = await simulate({ ...hamming, resume: half.state, signal: abort.signal });
    expect(stopped.points.map((point) => point.stopped)).toEqual(["aborted"]);
    const kept = JSON.parse(JSON.stringify(stopped.state)) as typeof half.state;
    const resumed = await simulate({ ...hamming, resume: kept });
    expect(counts(resumed.points)).toEqual(counts((await simulate(hamming)).points));
  });

  it("does not go on from counts of something else", async () => {
    const { state } = await simulate({ ...hamming, ebNoDb: 0 });
    await expect(simulate({ ...hamming, seed: 8, resume: state })).rejects.toMatchObject({ code: "CHANNEL_RESUME" });
    const other = codebook(
      [...Array(16).keys()].map((m) => [m, 1]),
      { normalize: "average" },
    );
    await expect(simulate({ ...hamming, codebook: other, resume: state })).rejects.toThrow(
      /"resume" expected counts of codebook/,
    );
  });

  it("can be aborted while it runs, and says how far it is", async () => {
    const abort = new AbortController();
    const seen: SimulatedPoint[] = [];
    const { points, state } = await simulate({
      ...{ ...hamming, ebNoDb: 9, targetErrors: 1e9, maxBlocks: 1e12, signal: abort.signal },
      progress: (point) => {
        seen.push(point);
        if (point.stopped === "running") abort.abort();
      },
    });
    expect(seen.map((point) => point.stopped)).toEqual(["running", "aborted"]);
    expect(points[0]!.blocks).toBeGreaterThan(0);
    expect(state.points[0]!.blocks).toBe(points[0]!.blocks);
  });

  it("leaves out points below a rate, and bounds what shows no error", async () => {
    const low = await simulate({ ...hamming, ebNoDb: [4, 11, 12], maxBlocks: 20_000, stopBelow: 1e-3 });
    expect(low.points.map(({ ebNoDb }) => ebNoDb)).toEqual([4, 11]);
    expect(low.points[1]!.blockErrors).toBe(0);
    expect(low.points[1]!.blerInterval[0]).toBe(0);
    expect(low.points[1]!.blerInterval[1] * low.points[1]!.blocks).toBeCloseTo(3, 1);
  });

  it("takes receivers that answer later, and refuses decisions for no message", async () => {
    const inner = await maximumLikelihood(hammingCodebook());
    const late: Receiver = {
      name: "late",
      async decide(received, decisions) {
        await Promise.resolve();
        await inner.decide(received, decisions);
      },
    };
    const [a, b] = [
      await one({ codebook: hammingCodebook(), receiver: late }),
      await one({ codebook: hammingCodebook() }),
    ];
    expect(a.blockErrors).toBe(b.blockErrors);
    const wild: Receiver = { name: "wild", decide: (_, decisions) => void decisions.fill(16) };
    await expect(one({ codebook: hammingCodebook(), receiver: wild })).rejects.toMatchObject({
      code: "CHANNEL_DECISION",
    });
  });

  it("does not count signals that are no numbers as anything", async () => {
    const broken: SimulatedChannel = {
      name: "broken",
      pass(batch) {
        batch.signal.fill(Number.NaN, 7 * 40, 7 * 41);
        return batch;
      },
    };
    await expect(one({ codebook: hammingCodebook(), channel: broken })).rejects.toThrow(/decided for message 16 of 16/);
  });

  it.each([
    [{ targetErrors: 0 }, /"targetErrors" expected a whole number from 1 on, got 0/],
    [{ maxBlocks: -1 }, /"maxBlocks" expected a positive finite number, got -1/],
    [{ confidence: 95 }, /"confidence" expected a number in \(0, 1\), got 95/],
    [{ ebNoDb: [] }, /"ebNoDb" expected at least one point, got none/],
    [{ ebNoDb: [Number.NaN] }, /"ebNoDb" expected finite numbers, got NaN/],
    [{ ebNoDb: "4" as never }, /"ebNoDb" expected numbers of dB, got string/],
    [{ interval: "normal" as never }, /"interval" expected wilson or clopperPearson, got normal/],
    [{ seed: 1.5 }, /"seed" expected a whole number from 0 on, got 1.5/],
  ])("refuses %o", async (wrong, message) => {
    await expect(simulate({ ...hamming, ...wrong })).rejects.toThrow(message);
  });
});

describe("a comparison on the same noise", () => {
  const hard = { codebook: hammingCodebook(), receiver: hardDecision(hammingCode()) };
  const soft = { codebook: hammingCodebook() };

  it("finds the better receiver, and nothing between equals", async () => {
    const found = await compareSystems(soft, hard, { ebNoDb: 4, blocks: 20_000 });
    expect(found.pAIsBetter).toBeLessThan(1e-20);
    expect(found.pValue).toBeLessThan(1e-20);
    expect(found.difference).toBeCloseTo((found.a.blockErrors - found.b.blockErrors) / found.blocks, 14);
    expect(found.interval[1]).toBeLessThan(0);
    expect(found.onlyA - found.onlyB).toBe(found.a.blockErrors - found.b.blockErrors);
    const same = await compareSystems(soft, soft, { ebNoDb: 4, blocks: 20_000 });
    expect([same.onlyA, same.onlyB, same.pValue]).toEqual([0, 0, 1]);
  });

  // A codebook turned in its space is as good: of many such comparisons a twentieth have p < 0.05, and never all a small one.
  it("has p-values as they should be where nothing is to be found", async () => {
    const turned = codebook(
      rows(hammingCodebook()).map(([a, b, ...rest]) => [0.6 * a! + 0.8 * b!, 0.8 * a! - 0.6 * b!, ...rest]),
    );
    const ps: number[] = [];
    for (let seed = 1; seed <= 40; seed++) {
      ps.push((await compareSystems(soft, { codebook: turned }, { ebNoDb: 3, blocks: 4 * BATCH, seed })).pValue);
    }
    // Binomial (40, 0.05): more than 8 is less likely than 1e-3; McNemar's exact test is a little shy, too.
    expect(ps.filter((p) => p < 0.05).length).toBeLessThanOrEqual(8);
    expect(ps.filter((p) => p < 0.5).length).toBeGreaterThan(5);
  });

  it("wants the same link and a fixed number of blocks", async () => {
    await expect(compareSystems(soft, { codebook: uncodedCodebook(4) }, { ebNoDb: 4, blocks: 10 })).rejects.toThrow(
      /"b" expected 16 messages in 7 real uses, as "a" has, got 16 messages in 4 real uses/,
    );
    await expect(compareSystems(soft, hard, { ebNoDb: 4, blocks: 0 })).rejects.toThrow(/"blocks"/);
    await expect(compareSystems(soft, hard, { ebNoDb: 4, blocks: 10, signal: AbortSignal.abort() })).rejects.toThrow(
      /abort/,
    );
  });
});

describe("the guard", () => {
  it("lets every honest curve pass", async () => {
    for (const book of [hammingCodebook(), extendedHammingCodebook(), uncodedCodebook(8)]) {
      const { points } = await simulate({ codebook: book, ebNoDb: [-2, 0, 2, 4], maxBlocks: 5e4, targetErrors: 1e9 });
      expect(() => requireAboveSpherePacking(book, points)).not.toThrow();
    }
  });

  it("lets 3 sigma of chance pass for all points of a curve together", () => {
    // The bound of (2,2) is QPSK's rate: counts so many deviations below what is expected of it, a million blocks each.
    const [blocks, link] = [1e6, { k: 2, n: 2 }];
    const below = (sigmas: number, ebNoDb = 4) => {
      const p = spherePackingBound(link, ebNoFromDb(ebNoDb));
      return { ebNoDb, blocks, blockErrors: Math.round(blocks * p - sigmas * Math.sqrt(blocks * p * (1 - p))) };
    };
    const others = [0, 1, 2, 3, 5, 6, 7, 8].map((db) => below(0, db));
    expect(() => requireAboveSpherePacking(link, [below(2.9)])).not.toThrow();
    expect(() => requireAboveSpherePacking(link, [below(3.1)])).toThrow(/of 1000000 blocks at Eb\/N0 4 dB are fewer/);
    // A ninth of Q(3) is Q(3.62).
    expect(() => requireAboveSpherePacking(link, [...others, below(3.5)])).not.toThrow();
    expect(() => requireAboveSpherePacking(link, [...others, below(3.75)])).toThrow(/at Eb\/N0 4 dB are fewer/);
  });

  it("catches a transmitter that sends more power than it says", async () => {
    const honest = hammingCodebook();
    // the bound is 0.4 dB away at 4 dB: 0.6 dB more are too good to be true
    const planted = { ...honest, points: honest.points.map((x) => x * 10 ** (0.6 / 20)) };
    const { points } = await simulate({ codebook: planted, ebNoDb: [2, 4], maxBlocks: 2e5, targetErrors: 1e9 });
    expect(() => requireAboveSpherePacking(honest, points)).toThrow(
      expect.objectContaining({ code: "CHANNEL_BELOW_BOUND" }),
    );
  });

  it("catches a channel that takes the variance for the deviation", async () => {
    const wrong = {
      name: "wrong",
      pass: (
        batch: Parameters<ReturnType<typeof awgn>["pass"]>[0],
        draw: Parameters<ReturnType<typeof awgn>["pass"]>[1],
      ) => awgn().pass({ ...batch, deviation: batch.deviation ** 2 }, draw),
    };
    const { points } = await simulate({ codebook: hammingCodebook(), channel: wrong, ebNoDb: 4, maxBlocks: 1e5 });
    expect(() => requireAboveSpherePacking(hammingCodebook(), points)).toThrow(/fewer than any code of this energy/);
  });
});

function rows(book: Codebook): number[][] {
  const columns = dimensions(book);
  return Array.from({ length: book.size }, (_, m) => Array.from(book.points.subarray(m * columns, (m + 1) * columns)));
}
