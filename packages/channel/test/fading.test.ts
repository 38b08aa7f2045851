/** What fades: known codes received with and without knowledge of the fading, against closed forms, NumPy and the study's tables. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  bpskBitError,
  codebook,
  type Codebook,
  dbpskBitError,
  differentialCodebook,
  differentialDetection,
  differentialHammingCode,
  dimensions,
  distanceSpectrum,
  antipodal,
  type EbNo,
  ebNoFromDb,
  exactSymbolError,
  hammingCode,
  hammingCodebook,
  linearCode,
  maximumLikelihood,
  multiTap,
  nonCoherentMaximumLikelihood,
  overBlockFading,
  pskCodebook,
  qamCodebook,
  qamSymbolError,
  type Receiver,
  repetitionCodebook,
  esNoFromEbNo,
  simulate,
  type SimulatedPoint,
  type SimulateOptions,
  uncodedBits,
  uncodedBlockError,
  uncodedCodebook,
  unionBound,
} from "../src/index.ts";

async function one(options: Partial<SimulateOptions> & { codebook: Codebook }): Promise<SimulatedPoint> {
  const { points } = await simulate({ ebNoDb: 10, targetErrors: 1e9, maxBlocks: 1e5, ...options });
  return points[0]!;
}

/** Four standard deviations of the count, and half a unit of the expected value's last digit where it is a rounded one. */
function expectRate({ blockErrors, blocks }: SimulatedPoint, p: number, rounding = 0): void {
  expect(Math.abs(blockErrors - blocks * p), `${blockErrors / blocks} for ${p}`).toBeLessThan(
    4 * Math.sqrt(blocks * p * (1 - p)) + blocks * rounding,
  );
}

/** sum over j < L of C(L - 1 + j, j) q^j, times p^L: L branches of which each alone errs with p (Proakis 2001, equation 14.4-15). */
function withDiversity(L: number, p: number): number {
  let [sum, binomial] = [0, 1];
  for (let j = 0; j < L; j++) {
    sum += binomial * (1 - p) ** j;
    binomial *= (L + j) / (j + 1);
  }
  return p ** L * sum;
}

describe("two pulses over L taps, which no tap mixes up, have closed forms", () => {
  /** An impulse in the first or in the second half of 2 L uses: all that taps make of one is orthogonal to all of the other. */
  const pulses = (L: number): Codebook =>
    codebook(
      [0, 1].map((m) => Array.from({ length: 4 * L }, (_, at) => (at === 2 * m * L ? Math.sqrt(2 * L) : 0))),
      { complex: true },
    );

  it.each([1, 2, 3])("L = %i", async (L) => {
    const book = pulses(L);
    const each = ebNoFromDb(10) / L;
    const told = await one({ codebook: book, channel: multiTap({ taps: L }) });
    expectRate(told, withDiversity(L, (1 - Math.sqrt(each / (2 + each))) / 2));
    const receiver = nonCoherentMaximumLikelihood(book, { taps: L });
    const untold = await one({ codebook: book, channel: multiTap({ taps: L, known: false }), receiver });
    // Square-law combining is what the best receiver comes to (Proakis 2001, equation 14.4-30).
    expectRate(untold, withDiversity(L, 1 / (2 + each)));
  });
});

interface Case {
  readonly powers: number[];
  readonly noise: number;
  readonly points: number[][];
  readonly received: number[][];
  readonly taps: number[][];
  readonly known: number[];
  readonly unknown: number[];
}

describe("receivers decide as covariance matrices in NumPy do", () => {
  const { cases } = JSON.parse(readFileSync(new URL("fixtures/fading.json", import.meta.url), "utf8")) as {
    cases: Case[];
  };

  it.each(cases)("over taps of powers $powers", async ({ powers, noise, points, received, taps, known, unknown }) => {
    const book = codebook(points, { complex: true });
    const decided = async (receiver: Receiver, told: boolean): Promise<number[]> => {
      const decisions = new Uint32Array(received.length);
      const batch = { blocks: received.length, columns: dimensions(book), complex: true };
      const signal = Float32Array.from(received.flat());
      const state = told ? { taps: Float32Array.from(taps.flat()) } : {};
      await receiver.decide({ ...batch, signal, deviation: Math.sqrt(noise / 2), ...state }, decisions);
      return Array.from(decisions);
    };
    expect(await decided(await maximumLikelihood(book), true)).toEqual(known);
    const blind = nonCoherentMaximumLikelihood(book, { taps: powers.length, powers });
    expect(await decided(blind, false)).toEqual(unknown);
  });
});

describe("differential BPSK", () => {
  it.each([1, 7])("of %i bits a block errs in each as its closed form says", async (bits) => {
    const book = differentialCodebook(uncodedBits(bits));
    const receiver = differentialDetection(uncodedBits(bits));
    const channel = multiTap({ taps: 1, known: false });
    const { ber, berInterval, blocks } = await one({ codebook: book, receiver, channel });
    expect(blocks).toBeGreaterThanOrEqual(1e5);
    const use = ((bits / (bits + 1)) * ebNoFromDb(10)) as EbNo; // Es/N0: the first use carries no bit
    // 95 % are 1.96 standard deviations
    expect(Math.abs(ber - dbpskBitError(use, "rayleigh"))).toBeLessThan((4 / 1.96) * (berInterval[1] - ber));
    const still = await one({ codebook: book, receiver, ebNoDb: 6 });
    const quiet = dbpskBitError(((bits / (bits + 1)) * ebNoFromDb(6)) as EbNo);
    expect(Math.abs(still.ber - quiet)).toBeLessThan((4 / 1.96) * (still.berInterval[1] - still.ber));
  });

  it("of one bit is received best by differential detection", async () => {
    const book = differentialCodebook(uncodedBits(1));
    const receiver = nonCoherentMaximumLikelihood(book, { taps: 1 });
    const blind = await one({ codebook: book, receiver, channel: multiTap({ taps: 1, known: false }) });
    expectRate(blind, dbpskBitError((ebNoFromDb(10) / 2) as EbNo, "rayleigh"));
  });

  // The study's table, Hamming's code in the order of positions that it took: differential detection, the same words by the best receiver
  // that is not told the taps, and by the best that is; two or three digits.
  const study = linearCode("Hamming (7,4)", 7, [0b011_0001, 0b101_0010, 0b110_0100, 0b111_1000]);
  it.each([
    [1, 10, 0.14, 9.7e-2, 7.0e-2],
    [1, 15, 4.8e-2, 3.3e-2, 2.3e-2],
    [3, 10, 0.62, 0.135, 1.4e-2],
    [3, 15, 0.57, 2.8e-2, 8.6e-4],
  ])("with Hamming's code over %i taps at %i dB has the table's rates", async (taps, ebNoDb, soft, blind, told) => {
    const book = differentialCodebook(study);
    const unknown = { codebook: book, ebNoDb, channel: multiTap({ taps, known: false }) };
    const rounding = (rate: number): number => 0.5 * 10 ** (Math.floor(Math.log10(rate)) - 1);
    const differential = await one({ ...unknown, receiver: differentialDetection(study) });
    expectRate(differential, soft, rounding(soft));
    expectRate(
      await one({ ...unknown, receiver: nonCoherentMaximumLikelihood(book, { taps }) }),
      blind,
      rounding(blind),
    );
    expectRate(await one({ codebook: book, ebNoDb, channel: multiTap({ taps }) }), told, rounding(told));
  });

  it("has words that are told apart better in another order of the code's positions", async () => {
    expect(distanceSpectrum(antipodal(differentialHammingCode()))).toEqual(distanceSpectrum(hammingCodebook()));
    const errors = async (code: typeof study): Promise<number> => {
      const book = differentialCodebook(code);
      const receiver = nonCoherentMaximumLikelihood(book, { taps: 3 });
      return (await one({ codebook: book, receiver, channel: multiTap({ taps: 3, known: false }) })).blockErrors;
    };
    // 0.100 against 0.131 of 100,000 blocks: some twenty standard deviations
    expect(await errors(differentialHammingCode())).toBeLessThan(await errors(hammingCode()));
  });
});

describe("formulas in Rayleigh fading", () => {
  it("the pairwise error of a repeated bit is that of diversity", () => {
    for (const n of [1, 3, 5]) {
      const each = ebNoFromDb(8) / n;
      const p = (1 - Math.sqrt(each / (1 + each))) / 2;
      const bound = unionBound(repetitionCodebook(n), ebNoFromDb(8), "rayleigh");
      // of integrals to 1e-14, and of p, which loses two digits
      expect(Math.abs(bound / withDiversity(n, p) - 1)).toBeLessThan(1e-12);
    }
  });

  it("the union bound of Hamming's code is above the table, and near it where errors are rare", () => {
    // Maximum likelihood, each use fading: the study's table.
    for (const [db, rate, most] of [
      [5, 5.73e-2, 3],
      [10, 4.07e-3, 1.5],
      [15, 1.61e-4, 1.2],
      [20, 5.4e-6, 1.1],
    ] as const) {
      const bound = unionBound(hammingCodebook(), ebNoFromDb(db), "rayleigh");
      expect(bound).toBeGreaterThan(0.98 * rate);
      expect(bound).toBeLessThan(most * rate);
    }
  });

  it("of whole blocks are means over the fading: of one use those of each use, of bits the table's", () => {
    const [book, ebNo] = [qamCodebook(16), ebNoFromDb(12)];
    const each = qamSymbolError(16, esNoFromEbNo(ebNo, book), "rayleigh");
    expect(Math.abs(overBlockFading((at) => exactSymbolError(book, at), ebNo) / each - 1)).toBeLessThan(1e-9);
    const four = overBlockFading((at) => uncodedBlockError(4, bpskBitError(at)), ebNoFromDb(15));
    expect(four).toBeCloseTo(2.38e-2, 4);
  });
});

describe("taps are checked", () => {
  it("by name", async () => {
    expect(() => multiTap({ taps: 0 })).toThrow(/"taps" expected a whole number from 1/);
    expect(() => multiTap({ taps: 2, powers: [1] })).toThrow(/"powers" expected 2/);
    expect(() => nonCoherentMaximumLikelihood(uncodedCodebook(4), { taps: 1 })).toThrow(/"book" expected complex/);
    await expect(one({ codebook: uncodedCodebook(4), channel: multiTap({ taps: 1 }) })).rejects.toThrow(/complex uses/);
    const receiver = differentialDetection(hammingCode());
    await expect(one({ codebook: pskCodebook(4), receiver })).rejects.toThrow(/expected 8 complex uses/);
  });
});
