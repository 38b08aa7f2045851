/** Closed forms against one another, integrals over the fading, and published rows. */
import { describe, expect, it } from "vitest";
import {
  bpskBitError,
  dbpskBitError,
  ebNoFromDb,
  ebNoFromEsNo,
  esNoFromDb,
  exactSymbolError,
  extendedHammingCode,
  hammingCode,
  hardDecisionBitError,
  hardDecisionBlockError,
  linearCode,
  logQFunction,
  overRayleighFading,
  pskCodebook,
  pskSymbolError,
  qamCodebook,
  qamSymbolError,
  qFunction,
  qFunctionInverse,
  qpskSymbolError,
  repetitionCode,
  uncodedBits,
  uncodedBlockError,
  type EbNo,
  type EsNo,
} from "../src/index.ts";
import { lastDigit, SEVEN_FOUR } from "./support/published.ts";

/** Quadratures stop at 1e-15 of a sum of a few hundred terms. */
const EXACT = 1e-12;
const close = (got: number, expected: number, relative = EXACT): void =>
  expect(Math.abs(got - expected), `${got} for ${expected}`).toBeLessThanOrEqual(relative * Math.abs(expected));

describe("the Q function", () => {
  it("and its inverse are exact far out", () => {
    expect(qFunction(0)).toBe(0.5);
    close(qFunction(6), 9.865876450376981e-10); // mpmath
    close(qFunction(30), 4.906713927148187e-198); // mpmath
    close(logQFunction(100), -5005.524208694205); // mpmath
    for (const p of [0.4, 1e-3, 1e-30, 1e-200]) close(qFunction(qFunctionInverse(p)), p, 1e-11);
  });
});

describe("without fading", () => {
  it("2-PSK is BPSK, 4-PSK is QPSK is 4-QAM", () => {
    for (const db of [-5, 0, 7, 12, 18]) {
      const es = esNoFromDb(db);
      close(pskSymbolError(2, es), bpskBitError(ebNoFromDb(db)));
      close(pskSymbolError(4, es), qpskSymbolError(es));
      close(qamSymbolError(4, es), qpskSymbolError(es));
    }
  });

  it("integrals over the cells of PSK and QAM are their closed forms to 1e-10", () => {
    for (const m of [4, 16, 64]) {
      for (const db of [0, 10, 16, 22]) {
        const es = esNoFromDb(db);
        const ebNo = ebNoFromEsNo(es, pskCodebook(m));
        close(exactSymbolError(pskCodebook(m), ebNo), pskSymbolError(m, es), 1e-10);
        close(exactSymbolError(qamCodebook(m), ebNo), qamSymbolError(m, es), 1e-10);
      }
    }
  });

  it("far out they end at what is left: the other points, or nothing that a number can hold", () => {
    const far = (db: number) => [ebNoFromEsNo(esNoFromDb(db), qamCodebook(16)), esNoFromDb(db)] as const;
    for (const db of [-30, 26, 30, 33]) {
      const [ebNo, es] = far(db);
      close(exactSymbolError(qamCodebook(16), ebNo), qamSymbolError(16, es), 1e-10);
      close(exactSymbolError(pskCodebook(16), ebNo), pskSymbolError(16, es), 1e-10);
    }
    expect(exactSymbolError(qamCodebook(16), far(60)[0])).toBe(0);
    expect(pskSymbolError(16, far(60)[1])).toBe(0);
  });

  // Es/N0 in dB, 16-PSK, 16-QAM: the study's table, four digits.
  it.each([
    [10, 3.83e-1, 2.22e-1],
    [12, 2.72e-1, 1.094e-1],
    [14, 1.667e-1, 3.715e-2],
    [16, 8.172e-2, 7.152e-3],
    [18, 2.841e-2, 5.726e-4],
    [20, 5.798e-3, 1.162e-5],
  ])("16 points at %i dB", (db, psk, qam) => {
    expect(Math.abs(pskSymbolError(16, esNoFromDb(db)) - psk)).toBeLessThan(lastDigit(psk, 4));
    expect(Math.abs(qamSymbolError(16, esNoFromDb(db)) - qam)).toBeLessThan(lastDigit(qam, 4));
  });
});

describe("in Rayleigh fading", () => {
  const average = (f: (es: number) => number, es: number): number =>
    overRayleighFading((gain) => f(Math.max(es * gain, 1e-290)));

  it("they are the means over the power of the channel", () => {
    for (const db of [-3, 5, 15, 40]) {
      const es = esNoFromDb(db);
      const ebNo = ebNoFromDb(db);
      close(
        bpskBitError(ebNo, "rayleigh"),
        average((g) => bpskBitError(g as EbNo), ebNo),
        1e-11,
      );
      close(
        dbpskBitError(ebNo, "rayleigh"),
        average((g) => dbpskBitError(g as EbNo), ebNo),
        1e-11,
      );
      for (const m of [4, 16, 64])
        close(
          qamSymbolError(m, es, "rayleigh"),
          average((g) => qamSymbolError(m, g as EsNo), es),
          1e-11,
        );
    }
    const es = esNoFromDb(12);
    for (const m of [2, 3, 8])
      close(
        pskSymbolError(m, es, "rayleigh"),
        average((g) => pskSymbolError(m, g as EsNo), es),
        1e-10,
      );
  });

  // Eb/N0, BPSK, (4,4) fading of each bit, of the block, DBPSK, Hamming (7,4) hard decision, each bit fading: the study's table.
  it.each([
    [0, 0.1464, 0.469, 0.414, 0.25, 0.419],
    [5, 6.42e-2, 0.233, 0.191, 0.12, 0.147],
    [10, 2.33e-2, 8.99e-2, 7.1e-2, 4.55e-2, 2.77e-2],
    [15, 7.72e-3, 3.05e-2, 2.38e-2, 1.53e-2, 3.55e-3],
    [20, 2.48e-3, 9.89e-3, 7.65e-3, 4.95e-3, 3.86e-4],
  ])("the table's row at %i dB", (db, bpsk, each, block, dbpsk, hard) => {
    const ebNo = ebNoFromDb(db);
    const p = bpskBitError(ebNo, "rayleigh");
    const within = (got: number, expected: number): void =>
      expect(Math.abs(got - expected), `${got} for ${expected}`).toBeLessThan(lastDigit(expected, 3));
    within(p, bpsk);
    within(uncodedBlockError(4, p), each);
    within(
      average((g) => uncodedBlockError(4, bpskBitError(g as EbNo)), ebNo),
      block,
    );
    within(dbpskBitError(ebNo, "rayleigh"), dbpsk);
    within(hardDecisionBlockError(hammingCode(), bpskBitError(((4 / 7) * ebNo) as EbNo, "rayleigh")), hard);
  });
});

describe("hard decisions", () => {
  const bitError = (db: number, r: number): number => bpskBitError((r * ebNoFromDb(db)) as number as EbNo);

  it.each(SEVEN_FOUR)("(7,4) and (4,4) at $db dB are the table's", ({ db, uncoded, hard }) => {
    expect(Math.abs(uncodedBlockError(4, bitError(db, 1)) - uncoded)).toBeLessThan(lastDigit(uncoded, 4));
    expect(Math.abs(hardDecisionBlockError(hammingCode(), bitError(db, 4 / 7)) - hard)).toBeLessThan(
      lastDigit(hard, 4),
    );
  });

  it("of Hamming's code fail at two wrong bits, whichever: 1 - q^7 - 7 p q^6", () => {
    for (const p of [0.3, 0.1, 1e-3]) {
      const q = 1 - p;
      expect(Math.abs(hardDecisionBlockError(hammingCode(), p) - (1 - q ** 7 - 7 * p * q ** 6))).toBeLessThan(1e-15);
    }
    // a nearest word is the only one: 21 pairs all go wrong, and deep down that is all
    close(hardDecisionBlockError(hammingCode(), 1e-9), 21e-18, 1e-7);
  });

  it("of the extended code right one pair of wrong bits in four", () => {
    close(hardDecisionBlockError(extendedHammingCode(), 1e-9), 21e-18, 1e-7); // 28 pairs in 7 cosets, a leader each
  });

  it("of a repeated bit fail when most are wrong, of uncoded bits when any is", () => {
    const p = 0.07;
    const q = 1 - p;
    const most = 10 * p ** 3 * q ** 2 + 5 * p ** 4 * q + p ** 5;
    close(hardDecisionBlockError(repetitionCode(5), p), most);
    close(hardDecisionBitError(repetitionCode(5), p), most);
    close(hardDecisionBlockError(uncodedBits(4), p), uncodedBlockError(4, p));
    close(hardDecisionBitError(uncodedBits(4), p), p);
  });

  it("codes are checked", () => {
    expect(() => linearCode("twice", 4, [3, 3])).toThrow(/"generators" expected independent words/);
    expect(() => linearCode("long", 4, [16])).toThrow(/"generators" expected a whole number from 1 to 15, got 16/);
    expect(() => uncodedBits(13)).toThrow(/expected n \+ k <= 24, got 13 \+ 13/);
    expect(() => hardDecisionBlockError(hammingCode(), 1.5)).toThrow(
      /"bitError" expected a number in \[0, 1\], got 1.5/,
    );
  });
});

describe("arguments", () => {
  it("are checked by name", () => {
    expect(() => pskSymbolError(1, esNoFromDb(3))).toThrow(/"m" expected a whole number from 2 on, got 1/);
    expect(() => qamSymbolError(32, esNoFromDb(3))).toThrow(
      /"m" expected the square of a whole number from 2 on, got 32/,
    );
    expect(() => bpskBitError(-1 as EbNo)).toThrow(/"ebNo" expected a positive finite number, got -1/);
    expect(() => uncodedBlockError(0, 0.1)).toThrow(RangeError);
  });
});
