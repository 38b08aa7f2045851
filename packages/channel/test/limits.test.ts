/** Limits against codes that reach them, the study's tables, and one another. */
import { describe, expect, it } from "vitest";
import {
  capacity,
  distanceSpectrum,
  ebNoFromDb,
  esNoFromEbNo,
  exactSymbolError,
  hammingCodebook,
  hexagonalCodebook,
  metaConverse,
  normalApproximation,
  pskCodebook,
  pskSymbolError,
  qpskSymbolError,
  randomSphericalCode,
  shannonLimit,
  snrFromDb,
  spherePackingAngle,
  spherePackingBound,
  toDb,
  unionBound,
  type Link,
} from "../src/index.ts";
import { lastDigit, SEVEN_FOUR } from "./support/published.ts";

const LINK: Link = { k: 4, n: 7 };
const DB = Array.from({ length: 13 }, (_, i) => i - 2);

describe("Shannon's sphere packing", () => {
  it("is reached by QPSK at (2, 2) and by 16-PSK at (2, 4)", () => {
    for (const db of DB) {
      const ebNo = ebNoFromDb(db);
      for (const [k, plane] of [
        [2, pskCodebook(4)],
        [4, pskCodebook(16)],
      ] as const) {
        const psk = pskSymbolError(2 ** k, esNoFromEbNo(ebNo, plane));
        expect(Math.abs(spherePackingBound({ k, n: 2 }, ebNo) / psk - 1)).toBeLessThan(1e-9);
        expect(Math.abs(spherePackingBound(plane, ebNo) / psk - 1)).toBeLessThan(1e-9);
      }
      const qpsk = qpskSymbolError(esNoFromEbNo(ebNo, { k: 2, n: 2 }));
      expect(Math.abs(spherePackingBound({ k: 2, n: 2 }, ebNo) / qpsk - 1)).toBeLessThan(1e-9);
    }
  });

  it.each(SEVEN_FOUR)("at (7,4) and $db dB is the table's", ({ db, spherePacking, maximumLikelihood }) => {
    const bound = spherePackingBound(LINK, ebNoFromDb(db));
    expect(Math.abs(bound - spherePacking)).toBeLessThan(lastDigit(spherePacking, 4));
    expect(bound).toBeLessThan(maximumLikelihood);
  });

  // (8,8): the study's table.
  it.each([
    [-1, 0.4908, 4],
    [0, 3.69e-1, 3],
    [1, 0.2486, 4],
    [3, 6.86e-2, 3],
    [4, 2.52e-2, 3],
    [5, 6.59e-3, 3],
    [6, 1.12e-3, 3],
    [7, 1.09e-4, 3],
    [8, 5.2e-6, 2],
  ])("at (8,8) and %i dB", (db, value, digits) => {
    const bound = spherePackingBound({ k: 8, n: 8 }, ebNoFromDb(db));
    expect(Math.abs(bound - value)).toBeLessThan(lastDigit(value, digits));
  });

  it("has the study's angles, and a right one for a single bit", () => {
    const degrees = (k: number, n: number): number => (spherePackingAngle({ k, n }) * 180) / Math.PI;
    const cases = [
      [4, 7, 53.96],
      [4, 8, 56.63],
      [8, 8, 35.68],
      [2, 2, 45],
      [4, 2, 11.25],
      [1, 9, 90],
    ] as const;
    for (const [k, n, angle] of cases) expect(Math.abs(degrees(k, n) - angle)).toBeLessThan(0.005);
  });

  it("of two points is their exact error: Q of half their distance", () => {
    const ebNo = ebNoFromDb(3);
    const exact = unionBound(
      { ...hammingCodebook(), k: 1, n: 2, size: 2, points: Float64Array.of(1, 1, -1, -1) },
      ebNo,
    );
    expect(Math.abs(spherePackingBound({ k: 1, n: 2 }, ebNo) / exact - 1)).toBeLessThan(1e-12);
  });

  it("for energies up to a greatest is weaker, and holds for what is not on a sphere", () => {
    const hexagons = hexagonalCodebook(16);
    for (const db of DB) {
      const ebNo = ebNoFromDb(db);
      expect(spherePackingBound(LINK, ebNo, "atMost")).toBeLessThan(spherePackingBound(LINK, ebNo));
      const bound = spherePackingBound(hexagons, ebNo, "atMost");
      expect(bound).toBeLessThan(exactSymbolError(hexagons, ebNo));
    }
  });

  it("wants a bit, two dimensions and a positive ratio", () => {
    expect(() => spherePackingBound({ k: 0.5, n: 4 }, ebNoFromDb(0))).toThrow(/"k" expected at least one bit, got 0.5/);
    expect(() => spherePackingBound({ k: 1, n: 1 }, ebNoFromDb(0))).toThrow(/at least two real dimensions, got 1/);
    expect(() => spherePackingBound(LINK, 0 as never)).toThrow(/"ebNo" expected a positive finite number, got 0/);
  });
});

describe("the meta-converse", () => {
  it.each(SEVEN_FOUR)("at (7,4) and $db dB is the table's, below sphere packing", ({ db, metaConverse: value }) => {
    const bound = metaConverse(LINK, ebNoFromDb(db));
    const digits = value < 1e-5 ? 2 : value < 1e-3 ? 2 : 3;
    expect(Math.abs(bound - value)).toBeLessThan(lastDigit(value, digits));
    expect(bound).toBeLessThan(spherePackingBound(LINK, ebNoFromDb(db)));
  });

  it("at (2, 4) and 6 dB is 5.6e-2, which ignores the circle", () => {
    expect(Math.abs(metaConverse({ k: 4, n: 2 }, ebNoFromDb(6)) - 5.6e-2)).toBeLessThan(lastDigit(5.6e-2, 2));
  });

  it("comes near sphere packing for long codes", () => {
    const link = { k: 100, n: 200 };
    const ratio = metaConverse(link, ebNoFromDb(2)) / spherePackingBound(link, ebNoFromDb(2));
    expect(ratio).toBeGreaterThan(0.8);
    expect(ratio).toBeLessThan(1);
  });
});

describe("the normal approximation", () => {
  it("is 1/2 where n C + log2(n) / 2 = k", () => {
    const n = 500;
    const snr = snrFromDb(1);
    const k = n * capacity(snr, {}) + 0.5 * Math.log2(n);
    expect(Math.abs(normalApproximation({ k, n }, ((snr * n) / (2 * k)) as never) - 0.5)).toBeLessThan(1e-12);
  });

  it("is near random codes for long ones, and above the converse", () => {
    for (const db of [0.8, 1.2, 1.6]) {
      const [link, ebNo] = [{ k: 50, n: 100 }, ebNoFromDb(db)];
      const value = normalApproximation(link, ebNo);
      expect(value).toBeGreaterThan(spherePackingBound(link, ebNo));
      expect(Math.abs(value / randomSphericalCode(link, ebNo) - 1)).toBeLessThan(0.25);
    }
  });

  it("is refused where it is no guide", () => {
    expect(() => normalApproximation(LINK, ebNoFromDb(4))).toThrow(/"n" expected at least 50 real dimensions.*got 7/);
    expect(() => normalApproximation({ k: 10, n: 25, complex: true }, ebNoFromDb(4))).not.toThrow();
  });
});

describe("Shannon's limit", () => {
  it.each([
    [1 / 3, -0.55],
    [1 / 2, 0],
    [4 / 7, 0.24],
    [1, 1.76],
    [2, 5.74],
  ])("at R = %f per real use is %f dB", (r, db) => {
    expect(Math.abs(toDb(shannonLimit({ k: 42 * r, n: 42 })) - db)).toBeLessThan(0.005);
    expect(toDb(shannonLimit({ k: 42 * r, n: 21, complex: true }))).toBeCloseTo(
      toDb(shannonLimit({ k: 42 * r, n: 42 })),
      12,
    );
  });

  it("is where capacity is the rate, and ends at ln 2 = -1.59 dB", () => {
    const link = { k: 3, n: 5 };
    expect(capacity((2 * (3 / 5) * shannonLimit(link)) as never, {})).toBeCloseTo(3 / 5, 12);
    expect(shannonLimit({ k: 1e-9, n: 1 })).toBeCloseTo(Math.LN2, 8);
  });
});

describe("random spherical codes", () => {
  it("at (7,4) and 4 dB fail with probability 6.6e-2", () => {
    expect(Math.abs(randomSphericalCode(LINK, ebNoFromDb(4)) - 6.6e-2)).toBeLessThan(lastDigit(6.6e-2, 2));
  });

  // Two random points: their angle a is uniform on the circle, and they are told apart but for Q(sin(a / 2) length).
  it("of two points on the circle is the mean over their angle", () => {
    const ebNo = ebNoFromDb(1);
    let sum = 0;
    for (let i = 0; i < 4000; i++) {
      const angle = (Math.PI * (i + 0.5)) / 4000;
      sum +=
        unionBound({ ...pskCodebook(2), points: Float64Array.of(1, 0, Math.cos(angle), Math.sin(angle)) }, ebNo) / 4000;
    }
    // the midpoint rule leaves h^2 / 24 times the slope at 0, which is below 1, at h = 1 / 4000
    expect(Math.abs(randomSphericalCode(pskCodebook(2), ebNo) / sum - 1)).toBeLessThan(1e-7);
  });

  it("are above every bound from below", () => {
    for (const db of DB)
      expect(randomSphericalCode(LINK, ebNoFromDb(db))).toBeGreaterThan(spherePackingBound(LINK, ebNoFromDb(db)));
  });
});

describe("the union bound", () => {
  it.each(SEVEN_FOUR)("of Hamming's code at $db dB is the table's", ({ db, union }) => {
    const digits = db <= 1 ? 2 : db <= 3 ? 3 : 4;
    expect(Math.abs(unionBound(hammingCodebook(), ebNoFromDb(db)) - union)).toBeLessThan(lastDigit(union, digits));
  });

  it("counts 7 words at 3, 7 at 4 and 1 at 7 wrong bits, each 4 away", () => {
    expect(distanceSpectrum(hammingCodebook())).toEqual({
      minimum: 12,
      distances: [
        { squared: 12, neighbours: 7 },
        { squared: 16, neighbours: 7 },
        { squared: 28, neighbours: 1 },
      ],
    });
  });
});
