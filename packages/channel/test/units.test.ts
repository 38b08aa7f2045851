/** The conventions, each against a closed form that knows no other. */
import { describe, expect, it } from "vitest";
import {
  bpskBitError,
  codebook,
  ebNoFromDb,
  ebNoFromEsNo,
  ebNoFromSnr,
  esNoFromDb,
  esNoFromEbNo,
  exactSymbolError,
  noiseDeviation,
  qFunction,
  qpskSymbolError,
  rate,
  snrFromDb,
  snrFromEbNo,
  toDb,
  type EbNo,
} from "../src/index.ts";

/** A few roundings, of which Q(x) makes as many as x^2 <= 20. */
const close = (got: number, expected: number): void => expect(Math.abs(got / expected - 1)).toBeLessThan(64 * 2 ** -52);

describe("a real use", () => {
  it("has noise of variance 1 / (2 R Eb/N0): (n, k) antipodal bits have the deviation that Q(1 / sigma) wants", () => {
    for (const [k, n] of [
      [4, 7],
      [1, 1],
      [8, 8],
      [1, 5],
    ] as const) {
      for (const db of [-2, 0, 4, 9.5]) {
        const ebNo = ebNoFromDb(db);
        const sigma = noiseDeviation(ebNo, { k, n });
        close(sigma ** 2, 1 / (2 * (k / n) * 10 ** (db / 10)));
        if (k === n) close(qFunction(1 / sigma), bpskBitError(ebNo));
      }
    }
  });

  it("has SNR 1 / sigma^2", () => {
    const link = { k: 4, n: 7 };
    const ebNo = ebNoFromDb(3);
    close(snrFromEbNo(ebNo, link), noiseDeviation(ebNo, link) ** -2);
    close(ebNoFromSnr(snrFromEbNo(ebNo, link), link), ebNo);
  });
});

describe("a complex use", () => {
  const qpsk = { k: 2, n: 1, complex: true };

  it("has noise of variance N0 / 2 in each real component: QPSK, each of its bits as far away as BPSK's", () => {
    for (const db of [-2, 0, 4, 9.5]) {
      const ebNo = ebNoFromDb(db);
      const sigma = noiseDeviation(ebNo, qpsk);
      close(2 * sigma ** 2, 1 / (2 * 10 ** (db / 10)));
      close(qFunction(Math.SQRT1_2 / sigma), bpskBitError(ebNo));
      const q = bpskBitError(ebNo);
      close(qpskSymbolError(esNoFromEbNo(ebNo, qpsk)), q + (1 - q) * q);
    }
  });

  it("has SNR Es/N0 = 1 / N0", () => {
    const ebNo = ebNoFromDb(5);
    close(snrFromEbNo(ebNo, qpsk), 1 / (2 * noiseDeviation(ebNo, qpsk) ** 2));
    close(snrFromEbNo(ebNo, qpsk), esNoFromEbNo(ebNo, qpsk));
  });
});

describe("Es/N0", () => {
  it("is Eb/N0 and 10 log10 of the bits in a complex use: 6.02 dB at (2, 4)", () => {
    for (const link of [
      { k: 4, n: 2 },
      { k: 4, n: 1, complex: true },
    ]) {
      const es = esNoFromEbNo(ebNoFromDb(7), link);
      expect(toDb(es)).toBeCloseTo(13.0206, 4);
      close(ebNoFromEsNo(es, link), ebNoFromDb(7));
    }
  });

  it("does not depend on whether a plane is called two real uses or a complex one", () => {
    const square = [
      [1, 1],
      [1, -1],
      [-1, 1],
      [-1, -1],
    ];
    const ebNo = ebNoFromDb(3);
    const real = codebook(square, { normalize: "average" });
    const complex = codebook(square, { normalize: "average", complex: true });
    expect([rate(real), rate(complex)]).toEqual([1, 2]);
    close(exactSymbolError(real, ebNo), exactSymbolError(complex, ebNo));
    close(exactSymbolError(real, ebNo), qpskSymbolError(esNoFromEbNo(ebNo, real)));
  });
});

describe("decibels", () => {
  it("go there and back", () => {
    for (const db of [-20, -1.59, 0, 3, 40]) {
      for (const make of [ebNoFromDb, esNoFromDb, snrFromDb]) expect(toDb(make(db))).toBeCloseTo(db, 12);
    }
  });

  it("and the three ratios are not taken for one another", () => {
    const link = { k: 1, n: 1 };
    // @ts-expect-error an Es/N0 is no Eb/N0
    noiseDeviation(esNoFromDb(3), link);
    // @ts-expect-error nor is an SNR
    bpskBitError(snrFromDb(3));
    // @ts-expect-error nor a plain number
    bpskBitError(2);
    const ebNo: EbNo = ebNoFromDb(3);
    expect(ebNo).toBeGreaterThan(1.99);
  });

  it("and links are checked", () => {
    expect(() => ebNoFromDb(Number.NaN)).toThrow(/"decibels" expected a finite number, got NaN/);
    expect(() => ebNoFromDb("3" as never)).toThrow(TypeError);
    expect(() => rate({ k: 0, n: 7 })).toThrow(/"k" expected a positive finite number, got 0/);
    expect(() => rate({ k: 4, n: 7.5 })).toThrow(/"n" expected a whole number from 1 on, got 7.5/);
    expect(() => rate(4 as never)).toThrow(/"link" expected an object, got 4/);
  });
});
