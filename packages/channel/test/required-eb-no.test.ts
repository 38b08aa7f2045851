/** Eb/N0 for an error rate: the study's table, to its two decimals. */
import { describe, expect, it } from "vitest";
import {
  bpskBitError,
  ebNoFromDb,
  esNoFromEbNo,
  hammingCode,
  hardDecisionBlockError,
  pskSymbolError,
  qamCodebook,
  qamSymbolError,
  requiredEbNoDb,
  spherePackingBound,
  toDb,
  uncodedBlockError,
  type EbNo,
} from "../src/index.ts";

const uncoded = (k: number) => (ebNo: EbNo) => uncodedBlockError(k, bpskBitError(ebNo));
const hard = (ebNo: EbNo): number => hardDecisionBlockError(hammingCode(), bpskBitError(((4 / 7) * ebNo) as EbNo));
const packing = (k: number, n: number) => (ebNo: EbNo) => spherePackingBound({ k, n }, ebNo);

describe("a required Eb/N0", () => {
  it.each([
    ["uncoded (4,4)", uncoded(4), [2.76, 5.95, 7.82]],
    ["hard decisions of (7,4)", hard, [2.42, 5.45, 7.23]],
    ["sphere packing at (7,4)", packing(4, 7), [0.93, 3.71, 5.31]],
  ])("of %s at 0.1, 0.01 and 0.001 is the table's", (_, rate, expected) => {
    expected.forEach((db, i) => expect(Math.abs(requiredEbNoDb(rate, 10 ** -(i + 1)) - db)).toBeLessThan(0.0051));
  });

  it.each([
    ["uncoded (8,8)", uncoded(8), [6.6, 8.26, 9.49]],
    ["sphere packing at (8,8)", packing(8, 8), [4.72, 6.05, 7.03]],
  ])("of %s at 0.01, 0.001 and 0.0001", (_, rate, expected) => {
    expected.forEach((db, i) => expect(Math.abs(requiredEbNoDb(rate, 10 ** -(i + 2)) - db)).toBeLessThan(0.0051));
  });

  // two decimals, the second cut or rounded
  it("of 16-QAM, and how far 16-PSK is behind, as Es/N0", () => {
    const link = qamCodebook(16);
    const esDb = (db: number): number => toDb(esNoFromEbNo(ebNoFromDb(db), link));
    const qam = (ebNo: EbNo): number => qamSymbolError(16, esNoFromEbNo(ebNo, link));
    const psk = (ebNo: EbNo): number => pskSymbolError(16, esNoFromEbNo(ebNo, link));
    const expected = [12.2, 15.66, 17.63, 19.01, 20.06];
    expected.forEach((db, i) => expect(Math.abs(esDb(requiredEbNoDb(qam, 10 ** -(i + 1))) - db)).toBeLessThan(0.01));
    expect(Math.abs(esDb(requiredEbNoDb(psk, 1e-3)) - 21.53)).toBeLessThan(0.01);
  });

  it("is NaN where a rate is never reached", () => {
    expect(requiredEbNoDb(() => 0.3, 0.1)).toBeNaN();
    expect(requiredEbNoDb(uncoded(4), 1e-3, { to: 5 })).toBeNaN();
    expect(() => requiredEbNoDb(uncoded(4), 0)).toThrow(/"target" expected a number in \(0, 1\), got 0/);
  });
});
