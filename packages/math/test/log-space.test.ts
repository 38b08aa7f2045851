import { describe, expect, it } from "vitest";
import {
  fromNested as a,
  log1mExp,
  logAddExp,
  logExpm1,
  logMeanExp,
  logSumExp,
  ndArrayOps as ops,
  toNested,
  xLogY,
  zerosLike,
} from "../src/index.ts";
import type { NdArray } from "../src/index.ts";
import { expectClose } from "./support/close.ts";

const inf = Infinity;

describe("logSumExp", () => {
  it("is log of the sum of exp, and does not overflow", () => {
    const x = a([
      [0, 1, 2],
      [1000, 1001, 1002],
    ]);
    const expected = Math.log(1 + Math.E + Math.exp(2));
    expectClose(logSumExp(ops, x, { axes: [-1] }).data, [expected, 1000 + expected], [4, 1000], 4);
    expect(logSumExp(ops, x, { axes: [1], keepDims: true }).shape).toEqual([2, 1]);
    expectClose(logSumExp(ops, x).data, [1000 + expected], [1000], 4);
    expectClose(
      logMeanExp(ops, x, { axes: [1] }).data,
      [expected - Math.log(3), 1000 + expected - Math.log(3)],
      [4, 1000],
      4,
    );
  });

  it("knows the logarithms of zero and infinity", () => {
    const x = a([
      [-inf, -inf],
      [-inf, 3],
      [inf, 3],
      [inf, inf],
      [Number.NaN, 3],
    ]);
    expect(toNested(logSumExp(ops, x, { axes: [1] }))).toEqual([-inf, 3, inf, inf, Number.NaN]);
  });
});

describe("logAddExp", () => {
  it("adds probabilities", () => {
    const pairs = [0.3, 0.5].map(Math.log);
    expectClose(logAddExp(ops, a(pairs[0]!), a(pairs[1]!)).data, [Math.log(0.8)], [2], 4);
    expect(toNested(logAddExp(ops, a([5, -1000]), a([-1000, 5])))).toEqual([5, 5]);
  });

  it("knows infinities", () => {
    const added = logAddExp(ops, a([-inf, -inf, 2, inf, inf]), a([-inf, 2, -inf, inf, -inf]));
    expect(toNested(added)).toEqual([-inf, 2, 2, inf, inf]);
  });
});

describe("log1mExp and logExpm1", () => {
  // Taylor: log(1 - e^x) = log(-x) + x / 2 + x^2 / 24 near 0, -e^x - e^2x / 2 far below.
  it("keep their digits on either side of -log 2", () => {
    const x = [-1e-10, -Math.LN2, -40];
    const expected = [Math.log(1e-10) - 5e-11, -Math.LN2, -Math.exp(-40)];
    expectClose(log1mExp(ops, a(x)).data, expected, expected.map(Math.abs), 4);
    expect(toNested(log1mExp(ops, a([0, -inf])))).toEqual([-inf, -0]);
  });

  it("is undone by softplus", () => {
    const x = [1e-9, 0.01, Math.LN2, 1, 30, 700, 1e5];
    expectClose(
      ops.softplus(logExpm1(ops, a(x))).data,
      x,
      x.map((value) => value * (2 + Math.abs(Math.log(value)))),
      4,
    );
    expect(toNested(logExpm1(ops, a([0, inf])))).toEqual([-inf, inf]);
  });
});

it("xLogY is 0 at x = 0", () => {
  expect(toNested(xLogY(ops, a([0, 0, 0, 2]), a([0, inf, Number.NaN, Math.E])))).toEqual([0, 0, 0, 2]);
  expect(toNested(xLogY(ops, a(1), a(0)))).toBe(-inf);
});

it("zerosLike has the common shape and lets nothing through", () => {
  expect(zerosLike(ops, a([[Number.NaN], [inf]]), a([1, 2, 3]))).toEqual({ shape: [2, 3], data: new Float64Array(6) });
});

it("bad arguments are named", () => {
  const one = 1 as unknown as NdArray;
  expect(() => logSumExp(ops, one)).toThrow('"x"');
  expect(() => logAddExp(ops, a(1), one)).toThrow('"b"');
  expect(() => log1mExp(ops, one)).toThrow('"x"');
  expect(() => logExpm1(ops, one)).toThrow('"x"');
  expect(() => xLogY(ops, one, a(1))).toThrow('"x"');
});
